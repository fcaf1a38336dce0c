//! Builds the programs, the page and `bench/page`, finds the peer's packages, and has it measure.

use std::path::Path;

use super::measurer;
use crate::shell;
use crate::{node, page, programs, setup};

/// `which` of its benches: `page` or `latency`.
pub(super) fn run(which: &str, options: &[String], json: &Path) -> anyhow::Result<()> {
    let (tools, browser) = setup::everything()?;
    let bin = programs::build(true)?;
    let dist = page::build(&tools)?;
    let mut bench = measurer("alleycat-bench-page")?;
    bench.arg("--json").arg(json).arg(which);
    if which == "page" {
        let root = shell::root();
        bench.arg("--node").arg(node::packages(&root.join("bench"))?);
        bench.arg("--peer").arg(root.join("bench/page/peer"));
    }
    bench.args(options);
    bench.env("ALLEYCAT_BIN", bin).env("ALLEYCAT_PAGE", dist);
    bench.env("CHROMIUM", &browser.chromium).env("CHROMEDRIVER", &browser.chromedriver);
    shell::run("measure", &mut bench)
}
