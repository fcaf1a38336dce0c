//! What building and testing takes beyond cargo: installed once, into a cache folder outside the checkout.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::shell::{self, apt_install, cargo, output, which};
use crate::wasm;

/// Trunk builds the page.
const TRUNK: &str = "0.21.14";
/// wasm-split-cli takes the page's module apart.
const WASM_SPLIT: &str = "0.2.4";
/// wasm-pack runs the page's tests in a browser.
const WASM_PACK: &str = "0.15.1";
/// cargo-deny checks licences and sources of dependencies.
const CARGO_DENY: &str = "0.20.2";

/// Where the tools are.
pub(crate) struct Tools {
    /// Folders of programs that go in front of the PATH.
    bins: Vec<PathBuf>,
    /// The rustup toolchain that can build for wasm32; `None` is the default one.
    pub(crate) wasm_toolchain: Option<String>,
}

/// What the whole-system and browser tests need on top.
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) chromedriver: PathBuf,
}

/// Everything: for building, running and testing.
pub(crate) fn everything() -> anyhow::Result<(Tools, Browser)> {
    let mut tools = for_page()?;
    tools.bins.push(installed("wasm-pack", WASM_PACK)?);
    tools.bins.push(installed("cargo-deny", CARGO_DENY)?);
    Ok((tools, browser()?))
}

/// What building the page takes.
pub(crate) fn for_page() -> anyhow::Result<Tools> {
    let wasm_toolchain = wasm::toolchain()?;
    let bindgen = locked_version("wasm-bindgen")?;
    // The lock file of wasm-bindgen-cli 0.2.130 names a package that is no longer to be had.
    let bins = vec![
        installed("trunk", TRUNK)?,
        installed_from("wasm-bindgen-cli", "wasm-bindgen", &bindgen, &[])?,
        installed_from(
            "wasm_split_cli_support",
            "wasm-split-cli",
            WASM_SPLIT,
            &["--locked", "--features", "build-binary"],
        )?,
    ];
    Ok(Tools { bins, wasm_toolchain })
}

impl Tools {
    /// The PATH with our tools in front.
    pub(crate) fn path(&self) -> std::ffi::OsString {
        let old = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.bins.iter().cloned().chain(std::env::split_paths(&old));
        std::env::join_paths(folders).expect("cache folders have no colon in their names")
    }

    /// Lets a command find our tools and build for wasm32.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command.env("PATH", self.path()).env("CARGO_TARGET_DIR", wasm::target_dir());
        if let Some(toolchain) = &self.wasm_toolchain {
            command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
    }

    /// The same as shell text.
    pub(crate) fn exports(&self) -> String {
        let toolchain = match &self.wasm_toolchain {
            Some(name) => format!("export RUSTUP_TOOLCHAIN='{name}'\n"),
            None => String::new(),
        };
        let bins = self.bins.iter().map(|bin| format!("{}:", bin.display())).collect::<String>();
        format!(
            "export PATH='{bins}'\"$PATH\"\nexport CARGO_TARGET_DIR='{}'\n{toolchain}",
            wasm::target_dir().display()
        )
    }
}

/// The broker that our MQTT client is tested with.
pub(crate) fn mosquitto() -> anyhow::Result<PathBuf> {
    // Debian keeps it where only root's PATH leads.
    let found = || {
        which("mosquitto")
            .or_else(|| Some("/usr/sbin/mosquitto".into()).filter(|file: &PathBuf| file.is_file()))
    };
    if found().is_none() {
        apt_install(&["mosquitto"], "the broker Mosquitto, for the tests")?;
    }
    found().context("mosquitto is not on the PATH though it was installed")
}

/// The folder of tools: outlives one checkout, so that a fresh clone does not pay again.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    let base = match (std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME")) {
        (Some(cache), _) if !cache.is_empty() => PathBuf::from(cache),
        (_, Some(home)) => Path::new(&home).join(".cache"),
        _ => bail!("no place for tools: set XDG_CACHE_HOME or HOME"),
    };
    Ok(base.join("alleycat/tools"))
}

/// The version of a package in Cargo.lock.
fn locked_version(name: &str) -> anyhow::Result<String> {
    let lock =
        std::fs::read_to_string(shell::root().join("Cargo.lock")).context("Cargo.lock can't be read")?;
    let entry = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.split_once(&entry).with_context(|| format!("{name} is not in Cargo.lock"))?;
    Ok(rest.chars().take_while(|c| *c != '"').collect())
}

/// The folder of a tool of this name and version: found, or built now.
pub(crate) fn installed(package: &str, version: &str) -> anyhow::Result<PathBuf> {
    installed_from(package, package, version, &["--locked"])
}

/// The folder that holds a program in exactly this version: found, or built now with these options of cargo's.
fn installed_from(package: &str, program: &str, version: &str, options: &[&str]) -> anyhow::Result<PathBuf> {
    let folder = cache()?.join(format!("{program}-{version}"));
    let bin = folder.join("bin");
    if bin.join(program).is_file() {
        return Ok(bin);
    }
    if let Some(found) = which(program)
        && output(Command::new(&found).arg("--version"))
            .is_some_and(|text| text.ends_with(&format!(" {version}")))
    {
        return Ok(found.parent().expect("a file is in a folder").to_owned());
    }
    let mut install = cargo();
    install.args(["install", package, "--version", version]).args(options).arg("--root").arg(&folder);
    // Its own scratch folder: nothing of it belongs to the checkout. These tools run for seconds; what
    // counts is how long they take to build.
    install.env_remove("CARGO_TARGET_DIR").env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
    install.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    shell::run(&format!("install {program} {version} (once, some minutes)"), &mut install).with_context(
        || format!("{program} is missing: run `cargo install {package} --version {version}`"),
    )?;
    Ok(bin)
}

/// Chromium and its driver, installed from Debian if need be.
fn browser() -> anyhow::Result<Browser> {
    let chromium = || ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(which);
    if chromium().is_none() || which("chromedriver").is_none() {
        apt_install(&["chromium", "chromium-driver"], "a browser for the tests")?;
    }
    match (chromium(), which("chromedriver")) {
        (Some(chromium), Some(chromedriver)) => Ok(Browser { chromium, chromedriver }),
        _ => bail!(
            "Chromium or chromedriver is not on the PATH though it was installed: look at `apt-get install chromium chromium-driver`"
        ),
    }
}
