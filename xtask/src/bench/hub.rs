//! Builds the hub and `bench/hub`, finds Mosquitto and the peers' packages, and has it measure.

use std::path::Path;

use super::measurer;
use crate::shell;
use crate::{node, programs, setup};

/// `which` of its benches: `hub` or `scale`.
pub(super) fn run(which: &str, options: &[String], json: &Path) -> anyhow::Result<()> {
    let modules = node::packages(&shell::root().join("bench"))?;
    let hub = programs::build(true)?.join("alleycat-hub");
    let mut bench = measurer("alleycat-bench-hub")?;
    bench.arg("--hub").arg(hub).arg("--mosquitto").arg(setup::mosquitto()?).arg("--node").arg(modules);
    bench.arg("--json").arg(json).arg(which).args(options);
    shell::run("measure", &mut bench)
}
