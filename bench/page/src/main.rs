//! Measures the page in a real Chromium, with a real hub and 1,000 riders: what a board costs the main thread,
//! nodes and memory, the first load on slow lines, and whether memory stays flat over many short races. Beside
//! it, in the same run, a board of 1,000 rows in Vue 2 and Vuetify.
//!
//! With `latency`: how long it takes from the pedal to a screen.
//!
//! Run by `cargo xtask bench page` and `latency`, which build the programs and the page.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod boards;
mod chromium;
mod latency;
mod load;
mod peer;
mod race;

use std::path::PathBuf;

use alleycat_tests::{Browser, Programs};
use anyhow::Context;
use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Cli {
    /// Where the figures go as JSON.
    #[arg(long)]
    json: PathBuf,
    #[command(subcommand)]
    bench: Bench,
}

#[derive(Subcommand)]
enum Bench {
    /// What a board costs, memory, the first load.
    Page(boards::Options),
    /// From the pedal to the rider's own screen and to another rider's board.
    Latency(latency::Options),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let programs = Programs::from_env()?;
    let browser = Browser::start().await?;
    let report = match &cli.bench {
        Bench::Page(options) => boards::measure(options, &programs, &browser).await?,
        Bench::Latency(options) => latency::measure(options, &programs, &browser).await?,
    };
    report.print();
    report.write(&cli.json).with_context(|| format!("{} can't be written", cli.json.display()))
}
