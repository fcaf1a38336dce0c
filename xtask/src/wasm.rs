//! A standard library for wasm32: by rustup, or built once from Debian's matched compiler and source.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::shell::{self, apt_install, command, output, which};

/// The target of the page.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// The rustup name under which Debian's compiler is linked.
const DEBIAN: &str = "debian";
/// Debian's compiler, its source and its tools, in one version.
const PACKAGES: [&str; 6] =
    ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "rustfmt-web", "lld-22"];

/// A build folder apart from the native one: when the standard library changes under cargo's feet, this
/// one can go.
pub(crate) fn target_dir() -> PathBuf {
    shell::root().join("target/wasm")
}

/// The toolchain that can build for wasm32, mended if need be; `None` is the default one.
pub(crate) fn toolchain() -> anyhow::Result<Option<String>> {
    if has_std(None) {
        return Ok(None);
    }
    if has_std(Some(DEBIAN)) {
        return Ok(Some(DEBIAN.to_owned()));
    }
    println!("the wasm32 standard library is missing: asking rustup for it");
    let added = command("rustup").args(["target", "add", TARGET]).status();
    if added.is_ok_and(|status| status.success()) && has_std(None) {
        forget_old_build()?;
        return Ok(None);
    }
    from_debian().context(
        "there is no wasm32 standard library here: run `rustup target add wasm32-unknown-unknown` with a network",
    )?;
    if !has_std(Some(DEBIAN)) {
        bail!(
            "the standard library was built and rustc does not find it: run `rustup toolchain link {DEBIAN} /usr`"
        );
    }
    forget_old_build()?;
    Ok(Some(DEBIAN.to_owned()))
}

fn has_std(toolchain: Option<&str>) -> bool {
    let mut rustc = command("rustc");
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    match toolchain {
        Some(name) => rustc.env("RUSTUP_TOOLCHAIN", name),
        None => rustc.env_remove("RUSTUP_TOOLCHAIN"),
    };
    output(&mut rustc).is_some_and(|folder| has_core(Path::new(&folder)))
}

fn has_core(folder: &Path) -> bool {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| file.file_name()).any(|name| name.to_string_lossy().starts_with("libcore-"))
}

/// Debian's archive carries a compiler and the library source of one version: builds the one with the
/// other, once, and from then on it is as if rustup had brought it.
fn from_debian() -> anyhow::Result<()> {
    let sysroot = Path::new("/usr");
    let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    if !sysroot.join("bin/rustc").is_file() || which("lld-22").is_none() {
        apt_install(&PACKAGES, "a compiler for wasm32")?;
    }
    if !has_core(&libraries) {
        build_std(sysroot, &libraries)?;
    }
    let linker = Path::new("/usr/local/bin/rust-lld");
    if !linker.exists() {
        std::os::unix::fs::symlink("/usr/bin/lld-22", linker)
            .context("rust-lld can't be linked to lld-22")?;
    }
    shell::run(
        "link Debian's compiler into rustup",
        command("rustup").args(["toolchain", "link", DEBIAN, "/usr"]),
    )
}

fn build_std(sysroot: &Path, libraries: &Path) -> anyhow::Result<()> {
    let scratch = std::env::temp_dir().join(format!("alleycat-wasm-std-{}", std::process::id()));
    fs::create_dir_all(scratch.join("src"))?;
    fs::write(scratch.join("src/lib.rs"), "")?;
    fs::write(
        scratch.join("Cargo.toml"),
        "[package]\nname = \"throwaway\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\
         [profile.release]\npanic = \"abort\"\n",
    )?;
    let mut build = Command::new(sysroot.join("bin/cargo"));
    build.current_dir(&scratch).args([
        "build",
        "--release",
        "-Zbuild-std=std,panic_abort,test",
        "--target",
        TARGET,
    ]);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_") {
            build.env_remove(name);
        }
    }
    // Without the bitcode a release build of the page with link-time optimisation stops.
    build.env("RUSTC", sysroot.join("bin/rustc")).env("RUSTC_BOOTSTRAP", "1");
    build.env("RUSTFLAGS", "-Cembed-bitcode=yes").env_remove("RUSTUP_TOOLCHAIN");
    shell::run("build the wasm32 standard library (once, two minutes)", &mut build)?;
    fs::create_dir_all(libraries)?;
    let built = scratch.join("target").join(TARGET).join("release/deps");
    for file in fs::read_dir(built)?.flatten().map(|file| file.path()) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".rlib") && !name.starts_with("libthrowaway") {
            fs::copy(&file, libraries.join(name))?;
        }
    }
    fs::remove_dir_all(&scratch).context("the scratch folder can't be removed")
}

/// Output of an older standard library can't be mixed with the new one.
fn forget_old_build() -> anyhow::Result<()> {
    match fs::remove_dir_all(target_dir()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context("target/wasm can't be removed")
        }
        _ => Ok(()),
    }
}
