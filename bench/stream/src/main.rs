//! Measures sink and source of streams: records a second and a core, batches beside single puts, and at the pace
//! of a race beside the AWS sample's way of putting. Run by `cargo xtask bench stream`.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::cast_possible_truncation, reason = "counts of a bench of a minute")]

mod jobs;
mod process;
mod stub;

use std::path::PathBuf;

use alleycat_bench_report::{Goal, Report};
use anyhow::Context;
use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures.
    Run(Options),
    /// The server that says yes, for the measurement.
    Stub,
}

#[derive(clap::Args)]
struct Options {
    /// The script that starts kinesalite, and its packages.
    #[arg(long)]
    kinesalite: PathBuf,
    #[arg(long)]
    kinesalite_modules: PathBuf,
    /// The script of the AWS sample's way, and its packages.
    #[arg(long)]
    sample: PathBuf,
    #[arg(long)]
    sample_modules: PathBuf,
    /// How often each thing is measured; medians are told.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Records of each measurement at full speed.
    #[arg(long, default_value_t = 200_000)]
    records: u64,
    /// Riders of the race, each with a record a second. The sample sends the rest of a hundred a second late: with
    /// 1,050 riders, fifty a second.
    #[arg(long, default_value_t = 1_050)]
    riders: u64,
    /// How long the race lasts.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Where the figures go as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Stub => stub::serve().await,
        Command::Run(options) => run(&options).await,
    }
}

async fn run(options: &Options) -> anyhow::Result<()> {
    let mut report = Report::new("stream", "the AWS sample's way");
    let per_core = |done: &jobs::Done| 1e6 / done.cpu_us;
    let (mut batch_rate, mut batch_core, mut single_rate, mut single_core) = (vec![], vec![], vec![], vec![]);
    let (mut read_rate, mut read_core, mut emulated, mut emulated_single) = (vec![], vec![], vec![], vec![]);
    let (mut p50, mut p99, mut cpu) = (vec![], vec![], vec![]);
    let (mut peer_p50, mut peer_p99, mut peer_cpu, mut peer_failed) = (vec![], vec![], vec![], 0.0);
    for round in 1..=options.rounds {
        println!("round {round}: against a server that says yes");
        let (_stub, url) = process::stub().await?;
        let batches = jobs::put(&url, options.records, jobs::batches(), None).await.context("batches")?;
        let single =
            jobs::put(&url, options.records / 10, jobs::single(), None).await.context("single puts")?;
        let read = jobs::read(&url, options.records * 5).await.context("reads")?;
        batch_rate.push(batches.rate);
        batch_core.push(per_core(&batches));
        single_rate.push(single.rate);
        single_core.push(per_core(&single));
        read_rate.push(read.rate);
        read_core.push(per_core(&read));

        println!("round {round}: against kinesalite, full speed");
        let start = || process::emulator(&options.kinesalite, &options.kinesalite_modules, 8);
        let (_emulator, url) = start().await?;
        emulated.push(jobs::put(&url, options.records / 10, jobs::batches(), None).await?.rate);
        emulated_single.push(jobs::put(&url, options.records / 100, jobs::single(), None).await?.rate);
        drop(_emulator);

        println!("round {round}: against kinesalite, {} riders for {} s", options.riders, options.seconds);
        let (_emulator, url) = start().await?;
        let count = options.riders * options.seconds;
        let ours = jobs::put(&url, count, jobs::batches(), Some(options.riders)).await.context("the race")?;
        p50.push(ours.p50);
        p99.push(ours.p99);
        cpu.push(ours.cpu_us);
        drop(_emulator);
        let (_emulator, url) = start().await?;
        let told =
            process::sample(&options.sample, &options.sample_modules, &url, options.riders, options.seconds)
                .await?;
        let figure = |name: &str| told[name].as_f64().with_context(|| format!("the peer tells no {name}"));
        peer_p50.push(figure("p50")?);
        peer_p99.push(figure("p99")?);
        peer_cpu.push(figure("cpuUs")?);
        peer_failed += figure("failed")?;
    }
    report.add("put in batches of 500", "1/s", &batch_rate, &[], None);
    report.add("– by a core of ours", "1/s", &batch_core, &[], ALL_RIDERS);
    report.add("put one by one, 32 at once", "1/s", &single_rate, &[], None);
    report.add("– by a core of ours", "1/s", &single_core, &[], None);
    let batch_to_single: Vec<_> =
        batch_core.iter().zip(&single_core).map(|(batch, one)| batch / one).collect();
    report.add(
        "batches beside single puts, by a core",
        "times",
        &batch_to_single,
        &[],
        Some(Goal::Over(5.0)),
    );
    report.add("read, 10,000 at a time", "1/s", &read_rate, &[], None);
    report.add("– by a core of ours", "1/s", &read_core, &[], ALL_RIDERS);
    report.add("put in batches, kinesalite", "1/s", &emulated, &[], None);
    report.add("put one by one, kinesalite", "1/s", &emulated_single, &[], None);
    report.add("a race: until placed, p50", "ms", &p50, &peer_p50, Some(Goal::Under(200.0)));
    report.add("a race: until placed, p99", "ms", &p99, &peer_p99, Some(Goal::Under(500.0)));
    report.add("a race: CPU a record", "us", &cpu, &peer_cpu, None);
    report.print();
    println!("\nrecords that the sample's way has lost: {peer_failed}");
    if let Some(file) = &options.json {
        report.write(file).with_context(|| format!("{} can't be written", file.display()))?;
    }
    Ok(())
}

/// A record a second of each of 40,000 riders.
const ALL_RIDERS: Option<Goal> = Some(Goal::Over(40_000.0));
