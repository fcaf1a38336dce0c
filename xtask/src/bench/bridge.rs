//! Builds the bridge as it goes onto a tablet and `bench/bridge`, gets the peer's packages, and has it
//! measure.

use std::path::Path;

use super::measurer;
use crate::node;
use crate::shell::{self, cargo};

pub(super) fn run(options: &[String], json: &Path) -> anyhow::Result<()> {
    let folder = shell::root().join("bench/bridge");
    let modules = node::packages(&folder)?;
    let mut build = cargo();
    let target = shell::root().join("target");
    build
        .args(["build", "--profile", "tablet", "--package", "alleycat-bridge"])
        .env("CARGO_TARGET_DIR", &target);
    shell::run("bridge", &mut build)?;
    let bridge = target.join("tablet/alleycat-bridge");
    let mut bench = measurer("alleycat-bench-bridge")?;
    bench.arg("--bridge").arg(bridge).arg("--peer").arg(folder.join("peer.mjs"));
    bench.arg("--node").arg(modules).args(options).arg("--json").arg(json);
    shell::run("measure", &mut bench)
}
