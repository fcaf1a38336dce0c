//! `cargo xtask dist`: what is handed out. Release builds with the page within the hub, a tarball, Debian packages, a bill
//! of materials, checksums.

mod deb;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

use crate::programs::{self, PROGRAMS};
use crate::shell::{self, cargo, command, output};
use crate::{page, setup};

/// What to make.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// With programs that are built already: the folder of `alleycat-hub` and so on. The hub has its page only if
    /// `ALLEYCAT_PAGE_EMBEDDED` named the folder of one when it was compiled.
    #[arg(long, value_name = "BIN")]
    built: Option<PathBuf>,
    /// Programs that need nothing of the machine but its kernel (musl): for other distributions, and older ones.
    #[arg(long = "static", conflicts_with = "built")]
    fixed: bool,
    /// Leave out the bill of materials, whose tool takes some minutes to build.
    #[arg(long)]
    no_sbom: bool,
}

/// What goes into all that is made.
#[derive(Debug)]
pub(crate) struct Parts {
    bin: PathBuf,
    version: String,
    libc: &'static Libc,
    /// Debian's name of this machine's architecture.
    architecture: String,
    /// The last commit's time: the same sources make the same files.
    epoch: String,
}

/// A C library that programs are for.
#[derive(Debug)]
struct Libc {
    /// In the tarball's name.
    name: &'static str,
    /// What they want of the machine, as Debian says it; more comes after it.
    depends: &'static str,
}

/// Debian's own, and the oldest one that these programs were built and tried with.
const GNU: Libc = Libc { name: "gnu", depends: "libc6 (>= 2.36), libgcc-s1, " };
/// Within the programs themselves.
const MUSL: Libc = Libc { name: "musl", depends: "" };

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let bin = match &options.built {
        Some(bin) => std::path::absolute(bin)?,
        None => {
            let page = page::build(&setup::for_page()?)?;
            if options.fixed { programs::to_hand_out_static(&page)? } else { programs::to_hand_out(&page)? }
        }
    };
    let dist = shell::root().join("target/dist");
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    fs::create_dir_all(&dist)?;
    let parts = Parts::new(bin, if options.fixed { &MUSL } else { &GNU })?;
    tarball(&parts, &dist)?;
    for package in deb::PACKAGES {
        deb::build(package, &parts, &dist)?;
    }
    if !options.no_sbom {
        bill_of_materials(&parts, &dist)?;
    }
    checksums(&dist)?;
    println!("\n{}", dist.display());
    for file in files(&dist)? {
        let size = fs::metadata(dist.join(&file))?.len();
        println!("  {size:>11}  {file}");
    }
    Ok(())
}

impl Parts {
    fn new(bin: PathBuf, libc: &'static Libc) -> anyhow::Result<Self> {
        for file in PROGRAMS.map(|name| bin.join(name)) {
            ensure!(file.is_file(), "{} is missing", file.display());
        }
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        let epoch =
            output(command("git").args(["log", "-1", "--format=%ct"])).unwrap_or_else(|| "0".to_owned());
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Self { bin, version, libc, architecture: architecture.to_owned(), epoch })
    }

    /// Packs a folder so that the same content makes the same file.
    fn pack(&self, folder: &Path, name: &str, file: &Path) -> anyhow::Result<()> {
        let mut tar = Command::new("tar");
        tar.current_dir(folder).args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner"]);
        tar.arg(format!("--mtime=@{}", self.epoch)).args(["--use-compress-program=gzip -n -9", "-cf"]);
        shell::run(&format!("pack {name}"), tar.arg(file).arg(name))
    }
}

fn tarball(parts: &Parts, dist: &Path) -> anyhow::Result<()> {
    let name = format!("alleycat-{}-{}-linux-{}", parts.version, std::env::consts::ARCH, parts.libc.name);
    let stage = shell::root().join("target/dist-stage");
    let top = stage.join(&name);
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    for program in PROGRAMS {
        place(&parts.bin.join(program), &top.join("bin").join(program), 0o755)?;
    }
    for folder in ["deploy", "docs"] {
        place_all(&shell::root().join(folder), &top.join(folder))?;
    }
    for file in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        place(&shell::root().join(file), &top.join(file), 0o644)?;
    }
    parts.pack(&stage, &name, &dist.join(format!("{name}.tar.gz")))?;
    Ok(fs::remove_dir_all(&stage)?)
}

fn bill_of_materials(parts: &Parts, dist: &Path) -> anyhow::Result<()> {
    let bin = setup::installed("cargo-sbom", CARGO_SBOM)?;
    let path = std::env::join_paths(
        std::iter::once(bin).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    let mut sbom = cargo();
    sbom.env("PATH", path).args(["sbom", "--output-format", "cyclone_dx_json_1_4"]);
    println!("\n▶ bill of materials");
    let text = output(&mut sbom).context("cargo sbom says nothing")?;
    let bill: serde_json::Value = serde_json::from_str(&text).context("cargo sbom's bill is no JSON")?;
    let crates = bill["components"].as_array().map_or(0, Vec::len);
    ensure!(crates > 100, "the bill names {crates} crates only");
    println!("✓ bill of materials, {crates} crates");
    Ok(fs::write(dist.join(format!("alleycat-{}.cdx.json", parts.version)), text)?)
}

fn checksums(dist: &Path) -> anyhow::Result<()> {
    let mut sums = Command::new("sha256sum");
    let sums = output(sums.current_dir(dist).args(files(dist)?)).context("sha256sum does not work")?;
    Ok(fs::write(dist.join("SHA256SUMS"), sums + "\n")?)
}

fn files(dist: &Path) -> anyhow::Result<Vec<String>> {
    let files = fs::read_dir(dist)?.flatten().map(|file| file.file_name().to_string_lossy().into_owned());
    let mut files: Vec<_> = files.collect();
    files.sort();
    Ok(files)
}

/// Copies a file with this mode, and makes the folders on the way.
fn place(from: &Path, to: &Path, mode: u32) -> anyhow::Result<()> {
    write(to, &fs::read(from).with_context(|| format!("{} can't be read", from.display()))?, mode)
}

fn write(to: &Path, bytes: &[u8], mode: u32) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = to.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    fs::write(to, bytes).with_context(|| format!("{} can't be written", to.display()))?;
    Ok(fs::set_permissions(to, fs::Permissions::from_mode(mode))?)
}

fn place_all(from: &Path, to: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("{} can't be read", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            place_all(&entry.path(), &target)?
        } else {
            place(&entry.path(), &target, 0o644)?
        }
    }
    Ok(())
}

/// cargo-sbom writes the bill of materials.
const CARGO_SBOM: &str = "0.10.0";
