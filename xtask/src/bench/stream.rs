//! Builds `bench/stream`, finds the emulator and the peer's packages, and has it measure.

use std::path::Path;

use super::measurer;
use crate::shell;
use crate::{kinesis, node};

pub(super) fn run(options: &[String], json: &Path) -> anyhow::Result<()> {
    let root = shell::root();
    let mut bench = measurer("alleycat-bench-stream")?;
    bench.arg("run").envs(kinesis::ENVIRONMENT);
    bench.arg("--kinesalite").arg(root.join("tests/node/kinesalite.mjs"));
    bench.arg("--kinesalite-modules").arg(node::packages(&root.join("tests/node"))?);
    bench.arg("--sample").arg(root.join("bench/stream/sample.mjs"));
    bench.arg("--sample-modules").arg(node::packages(&root.join("bench"))?).args(options);
    bench.arg("--json").arg(json);
    shell::run("measure", &mut bench)
}
