//! Builds the programs, the page and `bench/page`, finds the peer's packages, and has it measure.

use std::path::Path;

use crate::shell::{self, cargo};
use crate::{node, page, programs, setup};

pub(super) fn run(options: &[String], json: &Path) -> anyhow::Result<()> {
    let (tools, browser) = setup::everything()?;
    let root = shell::root();
    let modules = node::packages(&root.join("bench"))?;
    let bin = programs::build(true)?;
    let dist = page::build(&tools)?;
    let mut bench = cargo();
    bench.args(["run", "--release", "--package", "alleycat-bench-page", "--", "--node"]).arg(modules);
    bench.arg("--peer").arg(root.join("bench/page/peer")).args(options);
    bench.arg("--json").arg(json);
    bench.env("ALLEYCAT_BIN", bin).env("ALLEYCAT_PAGE", dist);
    bench.env("CHROMIUM", &browser.chromium).env("CHROMEDRIVER", &browser.chromedriver);
    shell::run("measure", &mut bench)
}
