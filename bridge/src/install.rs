//! `install` and `uninstall`: the program, its unit, its settings and the udev rules, put in their places.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use thiserror::Error;

/// Where and how to install.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// Only say what would be done.
    #[arg(long)]
    pub dry_run: bool,
    /// The root of the system; below any other than / files are placed and no program is called.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub root: PathBuf,
}

/// Why the bridge is not installed.
#[derive(Debug, Error)]
pub enum InstallError {
    /// A file can't be put in its place.
    #[error("{} can't be written or removed: start it with sudo", .0.display())]
    File(PathBuf, #[source] io::Error),
    /// What happens can't be told.
    #[error("nothing can be told")]
    Told(#[from] io::Error),
    /// Not a name that Linux gives users.
    #[error("`{0}` is no user's name: small letters, digits, `_` and `-`")]
    NoName(String),
    /// A user who is not there.
    #[error("there is no user {0}: `sudo adduser --system --group {0}` makes one")]
    NoUser(String),
}

/// Puts everything in its place and starts the service, telling each step.
///
/// # Errors
/// [`InstallError`] at the first step that fails; those before stay done, and may be done again.
pub fn install(user: &str, place: &Place, told: &mut impl Write) -> Result<(), InstallError> {
    check_user(user, &place.root)?;
    let program =
        std::env::current_exe().and_then(fs::read).map_err(|error| at(Path::new("this program"), error))?;
    let mut steps = Steps { place, told };
    steps.write(PROGRAM, &program, 0o755)?;
    steps.write(UNIT, unit(user).as_bytes(), 0o644)?;
    steps.write(RULES, include_bytes!("../../deploy/udev/60-alleycat.rules"), 0o644)?;
    if steps.path(SETTINGS).exists() {
        writeln!(steps.told, "keep   {}", steps.path(SETTINGS).display())?;
    } else {
        steps.write(SETTINGS, include_bytes!("../../deploy/systemd/bridge.env"), 0o644)?;
    }
    // brltty takes common serial adapters for Braille displays, and the port vanishes after a second.
    for name in brltty_rules(&place.root) {
        steps.mask(&Path::new(RULES_FOLDER).join(name))?;
    }
    steps.call("udevadm", &["control", "--reload"])?;
    steps.call("udevadm", &["trigger", "--subsystem-match=tty", "--subsystem-match=usb"])?;
    steps.call("systemctl", &["daemon-reload"])?;
    steps.call("systemctl", &["enable", "--now", SERVICE])?;
    Ok(writeln!(
        steps.told,
        "Set the port, the driver and the hub in {SETTINGS}, then: sudo systemctl restart {SERVICE}"
    )?)
}

/// Takes away what [`install`] placed, but not the settings.
///
/// # Errors
/// [`InstallError`] at the first step that fails.
pub fn uninstall(place: &Place, told: &mut impl Write) -> Result<(), InstallError> {
    let mut steps = Steps { place, told };
    steps.call("systemctl", &["disable", "--now", SERVICE])?;
    for path in [UNIT, RULES, PROGRAM] {
        steps.remove(Path::new(path))?;
    }
    for name in brltty_rules(&place.root) {
        let mask = Path::new(RULES_FOLDER).join(name);
        if fs::read_link(steps.path(&mask)).is_ok_and(|target| target == Path::new(NOTHING)) {
            steps.remove(&mask)?;
        }
    }
    steps.call("systemctl", &["daemon-reload"])?;
    steps.call("udevadm", &["control", "--reload"])?;
    Ok(writeln!(steps.told, "keep   {}", steps.path(SETTINGS).display())?)
}

/// What is done, told and done one by one.
struct Steps<'a, W> {
    place: &'a Place,
    told: &'a mut W,
}

impl<W: Write> Steps<'_, W> {
    fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.place.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    fn write(&mut self, path: &str, bytes: &[u8], mode: u32) -> Result<(), InstallError> {
        let path = self.path(path);
        writeln!(self.told, "write  {} ({} bytes)", path.display(), bytes.len())?;
        if self.place.dry_run {
            return Ok(());
        }
        // Beside it and then renamed: a running program's file can't be written to.
        let new = path.with_extension("new");
        make_folder(&path)
            .and_then(|()| fs::write(&new, bytes))
            .and_then(|()| fs::set_permissions(&new, Permissions::from_mode(mode)))
            .and_then(|()| fs::rename(&new, &path))
            .map_err(|error| at(&path, error))
    }

    /// A link to nothing in /etc hides the file of the same name in /usr/lib.
    fn mask(&mut self, path: &Path) -> Result<(), InstallError> {
        let path = self.path(path);
        if path.symlink_metadata().is_ok() {
            return Ok(());
        }
        writeln!(self.told, "mask   {}", path.display())?;
        if self.place.dry_run {
            return Ok(());
        }
        make_folder(&path).and_then(|()| symlink(NOTHING, &path)).map_err(|error| at(&path, error))
    }

    fn remove(&mut self, path: &Path) -> Result<(), InstallError> {
        let path = self.path(path);
        if path.symlink_metadata().is_err() {
            return Ok(());
        }
        writeln!(self.told, "remove {}", path.display())?;
        if self.place.dry_run { Ok(()) } else { fs::remove_file(&path).map_err(|error| at(&path, error)) }
    }

    /// Calls a program of the system, without a shell. That it fails is told and is not the end: a
    /// container has no udev, and the files are in their places.
    fn call(&mut self, program: &str, args: &[&str]) -> Result<(), InstallError> {
        writeln!(self.told, "call   {program} {}", args.join(" "))?;
        if self.place.dry_run || self.place.root != Path::new("/") {
            return Ok(());
        }
        match Command::new(program).args(args).status() {
            Ok(status) if status.success() => {}
            Ok(status) => writeln!(self.told, "       it failed with {status}")?,
            Err(error) => writeln!(self.told, "       it can't be called: {error}")?,
        }
        Ok(())
    }
}

fn unit(user: &str) -> String {
    include_str!("../../deploy/systemd/alleycat-bridge.service")
        .replace("User=alleycat\n", &format!("User={user}\n"))
}

/// The name goes into a unit file: nothing but a name may.
fn check_user(user: &str, root: &Path) -> Result<(), InstallError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let begins = user.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if !begins || user.len() > 32 || !user.bytes().all(plain) {
        return Err(InstallError::NoName(user.to_owned()));
    }
    let Ok(users) = fs::read_to_string(root.join("etc/passwd")) else { return Ok(()) };
    let known = users.lines().any(|line| line.split(':').next() == Some(user));
    if known { Ok(()) } else { Err(InstallError::NoUser(user.to_owned())) }
}

fn brltty_rules(root: &Path) -> Vec<String> {
    let entries = fs::read_dir(root.join("usr/lib/udev/rules.d")).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.contains("brltty")).collect()
}

fn make_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn at(path: &Path, error: io::Error) -> InstallError {
    InstallError::File(path.to_owned(), error)
}

const SERVICE: &str = "alleycat-bridge";
const PROGRAM: &str = "/usr/local/bin/alleycat-bridge";
const UNIT: &str = "/etc/systemd/system/alleycat-bridge.service";
const RULES_FOLDER: &str = "/etc/udev/rules.d";
const RULES: &str = "/etc/udev/rules.d/60-alleycat.rules";
const SETTINGS: &str = "/etc/alleycat/bridge.env";
const NOTHING: &str = "/dev/null";

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                found.extend(files(&entry.path()));
            } else {
                found.push(entry.path().display().to_string());
            }
        }
        found.sort();
        found
    }

    fn system() -> (tempfile::TempDir, Place) {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("etc")).unwrap();
        fs::create_dir_all(root.path().join("usr/lib/udev/rules.d")).unwrap();
        fs::write(root.path().join("etc/passwd"), "root:x:0:0::/:/bin/sh\nrider:x:7:7::/:/bin/false\n")
            .unwrap();
        fs::write(root.path().join("usr/lib/udev/rules.d/90-brltty-usb-generic.rules"), "").unwrap();
        let place = Place { dry_run: false, root: root.path().to_owned() };
        (root, place)
    }

    #[test]
    fn what_is_installed_is_uninstalled_except_the_settings() {
        let (root, place) = system();
        let before = files(root.path());
        let mut told = Vec::new();
        let dry = Place { dry_run: true, ..place.clone() };
        install("rider", &dry, &mut told).unwrap();
        assert_eq!(files(root.path()), before, "a dry run does nothing");
        let mut really = Vec::new();
        install("rider", &place, &mut really).unwrap();
        assert_eq!(String::from_utf8(told).unwrap(), String::from_utf8(really).unwrap(), "and says the same");
        let unit =
            fs::read_to_string(root.path().join("etc/systemd/system/alleycat-bridge.service")).unwrap();
        assert!(unit.contains("\nUser=rider\n") && !unit.contains("User=alleycat"), "{unit}");
        let mask = root.path().join("etc/udev/rules.d/90-brltty-usb-generic.rules");
        assert_eq!(fs::read_link(&mask).unwrap(), Path::new("/dev/null"));
        let settings = root.path().join("etc/alleycat/bridge.env");
        fs::write(&settings, "ALLEYCAT_BRIDGE_PORT=/dev/mine\n").unwrap();
        install("rider", &place, &mut Vec::new()).unwrap();
        assert!(fs::read_to_string(&settings).unwrap().contains("mine"), "settings are never written over");
        uninstall(&place, &mut Vec::new()).unwrap();
        uninstall(&place, &mut Vec::new()).unwrap();
        let left: Vec<_> = files(root.path()).into_iter().filter(|file| !before.contains(file)).collect();
        assert_eq!(left, [settings.display().to_string()]);
    }

    #[test]
    fn only_a_users_name_goes_into_the_unit() {
        let (_root, place) = system();
        for (user, word) in [
            ("nobody-here", "adduser"),
            ("", "no user's name"),
            ("a\nExecStart=/bin/sh", "no user's name"),
            ("-x", "no user's name"),
        ] {
            let error = install(user, &place, &mut Vec::new()).unwrap_err().to_string();
            assert!(error.contains(word), "{user:?}: {error}");
        }
    }
}
