//! Running other programs: with progress on the terminal, and a clear word when they fail.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail};

use crate::page::PAGE;

/// The checkout's top folder.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("xtask is a folder of the workspace").to_owned()
}

/// A command in the top folder.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Cargo, as it was called for this program, without this program's own settings.
pub(crate) fn cargo() -> Command {
    // `cargo` of the PATH goes through rustup, so that a toolchain can be chosen by environment.
    let mut cargo = command("cargo");
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_")
            || name_text.starts_with("CARGO_MANIFEST")
            || name_text == "RUSTUP_TOOLCHAIN"
        {
            cargo.env_remove(&name);
        }
    }
    cargo
}

/// Has cargo do something for the whole workspace but the page. Which features a dependency has depends on all
/// packages that a command names: lints, tests and programs that name the same ones share what was compiled.
pub(crate) fn workspace(cargo: &mut Command) -> &mut Command {
    cargo.args(["--workspace", "--exclude", PAGE, "--all-features"])
}

/// Runs a command to its end with its output on the terminal.
pub(crate) fn run(what: &str, command: &mut Command) -> anyhow::Result<()> {
    let start = Instant::now();
    println!("\n▶ {what}");
    let status = command.status().with_context(|| format!("{} can't be started", shown(command)))?;
    let took = start.elapsed().as_secs_f64();
    if !status.success() {
        bail!("{what}: `{}` ended with {status} after {took:.1} s", shown(command));
    }
    println!("✓ {what}, {took:.1} s");
    Ok(())
}

/// Runs a command quietly. `None` if it can't be started or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Finds a program on the PATH.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// Installs Debian packages, if this machine has them and we may.
///
/// # Errors
/// One sentence with the command that a person with the right to it can run.
pub(crate) fn apt_install(packages: &[&str], purpose: &str) -> anyhow::Result<()> {
    let by_hand = format!("sudo apt-get install --no-install-recommends {}", packages.join(" "));
    if which("apt-get").is_none() {
        bail!("{purpose} is missing and this is no Debian: install what `{by_hand}` would");
    }
    if !nix::unistd::geteuid().is_root() {
        bail!("{purpose} is missing: run `{by_hand}`");
    }
    let install = || {
        let mut install = command("apt-get");
        install.args(["install", "-y", "--no-install-recommends"]).args(packages);
        install.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()).stdout(Stdio::null());
        install
    };
    // The lists of a fresh machine are empty or old.
    if !install().stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        run("read Debian's package lists", command("apt-get").args(["update", "-q"]).stdout(Stdio::null()))?;
        run(&format!("install {}", packages.join(", ")), &mut install())
            .with_context(|| format!("{purpose} is missing: run `{by_hand}`"))?;
    }
    Ok(())
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
