//! Building the page for release into `target/page`, apart from the `dist` of a `trunk serve`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::setup::Tools;
use crate::shell::{self, command, which};

/// Builds the page for release. Returns the folder.
pub(crate) fn build(tools: &Tools) -> anyhow::Result<PathBuf> {
    let mut trunk = command("trunk");
    let dist = shell::root().join("target/page");
    trunk.args(["build", "--release", "--offline", "--dist"]).arg(&dist);
    tools.prepare(&mut trunk);
    // Trunk reads NO_COLOR as a boolean and stops on other values.
    trunk.env_remove("NO_COLOR");
    shell::run("build the page", &mut trunk)?;
    shrink(&dist)?;
    Ok(dist)
}

/// Runs wasm-opt over what Trunk left, where there is one.
fn shrink(dist: &Path) -> anyhow::Result<()> {
    let Some(wasm_opt) = which("wasm-opt") else { return Ok(()) };
    for file in fs::read_dir(dist).context("Trunk left no dist folder")?.flatten().map(|file| file.path()) {
        if file.extension().is_some_and(|extension| extension == "wasm") {
            let mut opt = command(&wasm_opt);
            opt.args(["-Oz", "--strip-debug", "--strip-producers"]).args(FEATURES);
            opt.arg(&file).arg("-o").arg(&file);
            shell::run("make the page smaller", &mut opt)?;
        }
    }
    Ok(())
}

/// What rustc's wasm32 target uses. Naming these and no more matters: with all features on, Debian's
/// binaryen 108 writes types in a draft encoding that no browser reads.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];
