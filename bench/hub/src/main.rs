//! Measures the hub beside Mosquitto and a consumer in Node.js that makes the same boards, and how far it goes: the
//! same load, one run, real processes. Run by `cargo xtask bench hub` and `cargo xtask bench scale`, which build and
//! find the programs.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::cast_possible_truncation, reason = "counts of a bench of a minute")]

mod bench;
mod cost;
mod curve;
mod deflate;
mod ingest;
mod places;
mod riders;
mod scale;
mod servers;
mod wire;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, Subcommand};
use servers::Programs;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    programs: Programs,
    /// Where the figures go as JSON.
    #[arg(long)]
    json: PathBuf,
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// Ingest, what riders cost, how late boards are.
    Hub(bench::Options),
    /// What more and more riders cost one hub, and hubs that share a broker.
    Scale(scale::Options),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let files = rlimit::increase_nofile_limit(u64::MAX)?;
    let report = match &cli.bench {
        Bench::Hub(options) => bench::run(options, &cli.programs, files).await?,
        Bench::Scale(options) => scale::run(options, &cli.programs, files).await?,
    };
    report.write(&cli.json).with_context(|| format!("{} can't be written", cli.json.display()))
}
