//! Measures the page in a real Chromium, with a real hub and 1,000 riders: what a board costs the main thread,
//! nodes and memory, the first load on slow lines, and whether memory stays flat over many short races. Beside
//! it, in the same run, a board of 1,000 rows in Vue 2 and Vuetify.
//!
//! Run by `cargo xtask bench page`, which builds the programs and the page.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod chromium;
mod load;
mod peer;
mod race;

use std::path::PathBuf;

use alleycat_bench_report::{Goal, Report};
use alleycat_tests::{Browser, Programs};
use chromium::{SPENT, Tab};
use clap::Parser;

#[derive(Parser)]
struct Cli {
    /// The folder of npm's packages.
    #[arg(long)]
    node: PathBuf,
    /// The folder of the peer's page.
    #[arg(long)]
    peer: PathBuf,
    /// How many riders race.
    #[arg(long, default_value_t = 1_000)]
    riders: u32,
    /// How many seconds of a race are measured at each speed of the processor.
    #[arg(long, default_value_t = 40)]
    seconds: u32,
    /// How often each first load is done; medians are told. 0 leaves it out.
    #[arg(long, default_value_t = 5)]
    loads: usize,
    /// How many short races are ridden for the memory's sake. 0 leaves it out.
    #[arg(long, default_value_t = 12)]
    races: usize,
    /// Where the figures go as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// How much slower the processor is made: a cheap tablet.
const SLOWER: [u32; 2] = [1, 4];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let programs = Programs::from_env()?;
    let browser = Browser::start().await?;
    let (server, address) = peer::serve(&cli.node, &cli.peer, cli.riders).await?;
    let peer_url = format!("http://{address}/");
    let mut report = Report::new("page", "Vue 2 + Vuetify");

    boards(&cli, &programs, &browser, &peer_url, &mut report).await?;
    if cli.loads > 0 {
        load::measure(&cli, &programs, &browser, &peer_url, &mut report).await?;
    }
    if cli.races > 0 {
        let grown = race::grown(&programs, &browser, cli.races).await?;
        let what = format!("memory grown over {} short races", cli.races);
        report.add(what, "MB", &[grown], &[], Some(Goal::Under(5.0)));
    }
    report.print();
    if let Some(file) = &cli.json {
        report.write(file)?;
    }
    server.abort();
    Ok(())
}

/// What a second of a race costs, with a board each second.
async fn boards(
    cli: &Cli,
    programs: &Programs,
    browser: &Browser,
    peer_url: &str,
    report: &mut Report,
) -> anyhow::Result<()> {
    let bench = race::Bench::start(programs, 3_600, cli.riders).await?;
    let ours = bench.ride(browser, "ours").await?;
    let peer = Tab::open(browser, "peer").await?;
    let empty = Tab::open(browser, "empty").await?;
    peer.go(peer_url, "document.querySelectorAll('tbody tr').length >= 100").await?;
    for slower in SLOWER {
        println!("main thread, {slower}x slower");
        let asking = empty.watch(slower, cli.seconds / 4).await?;
        let own = ours.watch(slower, cli.seconds).await?;
        let others = peer.watch(slower, cli.seconds).await?;
        println!("{} boards here, {} there", own.updates.len(), others.updates.len());
        let (board, other_board) = (quantiles(&own.updates), quantiles(&others.updates));
        for (index, name) in ["median", "p95"].into_iter().enumerate() {
            let goal = (slower == 4 && name == "p95").then_some(Goal::Under(8.0));
            let what = format!("a board, {slower}x slower, {name}");
            report.add(what, "ms", &[board[index]], &[other_board[index]], goal);
        }
        for (index, (_, of)) in SPENT.into_iter().enumerate() {
            let what = format!("a second of racing, {slower}x slower, {of}");
            let medians = [&own, &others].map(|watched| quantiles(&watched.spent[index])[0]);
            report.add(what, "ms", &[medians[0]], &[medians[1]], None);
        }
        let what = format!("a second of an empty page, {slower}x slower: being asked");
        report.add(what, "ms", &[quantiles(&asking.spent[0])[0]], &[], None);
    }
    let (own, others) = (ours.held().await?, peer.held().await?);
    report.add("DOM nodes", "", &[own.nodes], &[others.nodes], Some(Goal::Under(1_500.0)));
    report.add("JS heap", "MB", &[own.heap], &[others.heap], None);
    report.add(
        "JS heap and wasm memory",
        "MB",
        &[own.heap + own.wasm],
        &[others.heap],
        Some(Goal::Under(20.0)),
    );
    ours.close().await?;
    peer.close().await?;
    empty.close().await
}

/// The median and the 95th percentile.
fn quantiles(seconds: &[f64]) -> [f64; 2] {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    [0.5, 0.95].map(|part| alleycat_bench_report::quantile(&sorted, part))
}
