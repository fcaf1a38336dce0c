//! Debian packages: a tree as it will be on the machine, `deploy/debian`'s control files, `dpkg-deb`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;

use super::{Parts, place, write};
use crate::shell::{self, apt_install, which};

/// A package.
pub(super) struct Package {
    name: &'static str,
    /// From the programs' folder to `/usr/bin`.
    programs: &'static [&'static str],
    /// From the top folder to a place below `/`; units name programs where this package puts them.
    files: &'static [(&'static str, &'static str)],
}

pub(super) const PACKAGES: &[Package] = &[
    Package {
        name: "alleycat-hub",
        programs: &["alleycat-hub", "alleycat-sim"],
        files: &[
            ("deploy/systemd/alleycat-hub.service", "usr/lib/systemd/system/alleycat-hub.service"),
            ("deploy/systemd/hub.env", "etc/alleycat/hub.env"),
        ],
    },
    Package {
        name: "alleycat-bridge",
        programs: &["alleycat-bridge"],
        files: &[
            ("deploy/systemd/alleycat-bridge.service", "usr/lib/systemd/system/alleycat-bridge.service"),
            ("deploy/systemd/alleycat-kiosk.service", "usr/lib/systemd/user/alleycat-kiosk.service"),
            ("deploy/systemd/bridge.env", "etc/alleycat/bridge.env"),
            ("deploy/udev/60-alleycat.rules", "usr/lib/udev/rules.d/60-alleycat.rules"),
        ],
    },
];

/// Builds `NAME_VERSION_ARCHITECTURE.deb` in `dist`.
pub(super) fn build(package: &Package, parts: &Parts, dist: &Path) -> anyhow::Result<()> {
    if which("dpkg-deb").is_none() {
        apt_install(&["dpkg"], "dpkg-deb")?;
    }
    let tree = dist.join(format!("{}.tree", package.name));
    stage(package, parts, &tree)?;
    let file = dist.join(format!("{}_{}_{}.deb", package.name, parts.version, parts.architecture));
    let mut dpkg = Command::new("dpkg-deb");
    dpkg.args(["--root-owner-group", "-Zxz", "--build"])
        .arg(&tree)
        .arg(&file)
        .env("SOURCE_DATE_EPOCH", &parts.epoch);
    shell::run(&format!("package {}", package.name), &mut dpkg)?;
    Ok(fs::remove_dir_all(&tree)?)
}

fn stage(package: &Package, parts: &Parts, tree: &Path) -> anyhow::Result<()> {
    let Package { name, programs, files } = package;
    let root = shell::root();
    for program in *programs {
        place(&parts.bin.join(program), &tree.join("usr/bin").join(program), 0o755)?;
    }
    for (from, to) in *files {
        let text = fs::read_to_string(root.join(from)).with_context(|| format!("{from} can't be read"))?;
        write(&tree.join(to), text.replace("/usr/local/bin/", "/usr/bin/").as_bytes(), 0o644)?;
    }
    let docs = tree.join("usr/share/doc").join(name);
    place(&root.join("deploy/debian/copyright"), &docs.join("copyright"), 0o644)?;
    place(&root.join("CHANGELOG.md"), &docs.join("CHANGELOG.md"), 0o644)?;

    let control = |end: &str| root.join("deploy/debian").join(format!("{name}.{end}"));
    for script in ["postinst", "prerm", "postrm"] {
        place(&control(script), &tree.join("DEBIAN").join(script), 0o755)?;
    }
    place(&control("conffiles"), &tree.join("DEBIAN/conffiles"), 0o644)?;
    let text = fs::read_to_string(control("control"))?;
    let text = text
        .replace("@VERSION@", &parts.version)
        .replace("@ARCHITECTURE@", &parts.architecture)
        .replace("@SIZE@", &kib(tree)?.to_string())
        .replace("@DEPENDS@", parts.libc.depends);
    write(&tree.join("DEBIAN/control"), text.as_bytes(), 0o644)
}

fn kib(folder: &Path) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        sum += if entry.file_type()?.is_dir() {
            kib(&entry.path())?
        } else {
            entry.metadata()?.len().div_ceil(1_024)
        };
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_hold_what_their_units_and_scripts_name() {
        let folder = std::env::temp_dir().join(format!("alleycat-deb-{}", std::process::id()));
        let bin = folder.join("bin");
        for program in crate::programs::PROGRAMS {
            write(&bin.join(program), b"#!/bin/sh\n", 0o755).unwrap();
        }
        let parts = Parts::new(bin, &super::super::GNU).unwrap();
        for package in PACKAGES {
            let tree = folder.join(package.name);
            stage(package, &parts, &tree).unwrap();
            let read = |path: &str| fs::read_to_string(tree.join(path)).unwrap();
            for (_, unit) in package.files.iter().filter(|(_, to)| to.ends_with(".service")) {
                let unit = read(unit);
                let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/")).unwrap();
                assert!(tree.join(start.split(' ').next().unwrap()).is_file(), "{start}");
            }
            for conffile in read("DEBIAN/conffiles").lines() {
                assert!(tree.join(&conffile[1..]).is_file(), "{conffile}");
            }
            for script in ["postinst", "prerm", "postrm"] {
                let checked = Command::new("sh").arg("-n").arg(tree.join("DEBIAN").join(script)).status();
                assert!(checked.unwrap().success(), "{}.{script}", package.name);
            }
            let control = read("DEBIAN/control");
            let blank =
                ["@VERSION@", "@ARCHITECTURE@", "@SIZE@", "@DEPENDS@"].map(|blank| control.contains(blank));
            assert_eq!(blank, [false; 4], "{control}");
            if which("dpkg-deb").is_some() {
                build(package, &parts, &folder).unwrap();
                let file =
                    folder.join(format!("{}_{}_{}.deb", package.name, parts.version, parts.architecture));
                let name = shell::output(Command::new("dpkg-deb").arg("-f").arg(file).arg("Package"));
                assert_eq!(name.as_deref(), Some(package.name));
            }
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
