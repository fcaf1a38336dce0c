//! Builds our page of the bench, finds the peers' packages, and has `bench/browser` measure.

use std::fs;
use std::path::Path;

use anyhow::Context;

use super::measurer;
use crate::shell::{self, cargo, command};
use crate::{node, setup, wasm};

pub(super) fn run(rounds: usize, profile: &str, json: &Path) -> anyhow::Result<()> {
    let (tools, browser) = setup::everything()?;
    let root = shell::root();
    let modules = node::packages(&root.join("bench"))?;
    let mut build = cargo();
    build.args(["build", "--package", "alleycat-bench-browser-page", "--profile", profile]);
    build.args(["--target", wasm::TARGET]);
    tools.prepare(&mut build);
    shell::run("build our page of the bench", &mut build)?;
    let mut peer = cargo();
    peer.args(["build", "--release", "--locked", "--target", wasm::TARGET, "--manifest-path"]);
    tools.prepare(peer.arg(root.join("bench/browser/peer/Cargo.toml")));
    shell::run("build mqtt5-wasm", &mut peer)?;
    let folder = root.join("target/bench/browser");
    let builds = wasm::target_dir().join(wasm::TARGET);
    for (name, file) in [
        ("page", builds.join(profile).join("alleycat_bench_browser_page.wasm")),
        ("peer", builds.join("release/alleycat_bench_browser_peer.wasm")),
    ] {
        let mut bindgen = command("wasm-bindgen");
        tools.prepare(&mut bindgen);
        bindgen.args(["--target", "web", "--no-typescript", "--out-name", name, "--out-dir"]);
        shell::run("wasm-bindgen", bindgen.arg(&folder).arg(file))?;
    }
    for file in ["index.html", "bench.mjs"] {
        let from = root.join("bench/browser/page").join(file);
        fs::copy(&from, folder.join(file)).with_context(|| format!("{} can't be copied", from.display()))?;
    }
    let mut bench = measurer("alleycat-bench-browser")?;
    bench.arg("--page").arg(&folder);
    bench.arg("--node").arg(modules).args(["--rounds", &rounds.to_string()]);
    bench.arg("--json").arg(json);
    bench.env("CHROMIUM", &browser.chromium).env("CHROMEDRIVER", &browser.chromedriver);
    shell::run("measure", &mut bench)
}
