//! The bench `page`: what a board costs the main thread, nodes and memory, the first load, and whether memory stays
//! flat, beside a board of Vue 2 and Vuetify.

use std::path::PathBuf;

use alleycat_bench_report::{Goal, Report, quantile};
use alleycat_tests::{Browser, Programs};

use crate::chromium::{SPENT, Tab};
use crate::{load, peer, race};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The folder of npm's packages.
    #[arg(long)]
    node: PathBuf,
    /// The folder of the peer's page.
    #[arg(long)]
    peer: PathBuf,
    /// How many riders race.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) riders: u32,
    /// How many seconds of a race are measured at each speed of the processor.
    #[arg(long, default_value_t = 40)]
    seconds: u32,
    /// How often each first load is done; medians are told. 0 leaves it out.
    #[arg(long, default_value_t = 5)]
    pub(crate) loads: usize,
    /// How many short races are ridden for the memory's sake. 0 leaves it out.
    #[arg(long, default_value_t = 12)]
    races: usize,
}

/// How much slower the processor is made: a cheap tablet.
const SLOWER: [u32; 2] = [1, 4];

/// Measures everything.
pub(crate) async fn measure(cli: &Options, programs: &Programs, browser: &Browser) -> anyhow::Result<Report> {
    let (server, address) = peer::serve(&cli.node, &cli.peer, cli.riders).await?;
    let peer_url = format!("http://{address}/");
    let mut report = Report::new("page", "Vue 2 + Vuetify");
    boards(cli, programs, browser, &peer_url, &mut report).await?;
    if cli.loads > 0 {
        load::measure(cli, programs, browser, &peer_url, &mut report).await?;
    }
    if cli.races > 0 {
        let grown = race::grown(programs, browser, cli.races).await?;
        let what = format!("memory grown over {} short races", cli.races);
        report.add(what, "MB", &[grown], &[], Some(Goal::Under(5.0)));
    }
    server.abort();
    Ok(report)
}

/// What a second of a race costs, with a board each second.
async fn boards(
    cli: &Options,
    programs: &Programs,
    browser: &Browser,
    peer_url: &str,
    report: &mut Report,
) -> anyhow::Result<()> {
    let bench = race::Bench::start(&programs.aside(), 3_600, cli.riders).await?;
    let ours = bench.ride(browser, "ours").await?;
    let peer = Tab::open(browser, "peer").await?;
    let empty = Tab::open(browser, "empty").await?;
    peer.go(peer_url, "document.querySelectorAll('tbody tr').length >= 100").await?;
    for slower in SLOWER {
        println!("main thread, {slower}x slower");
        let asking = empty.watch(slower, cli.seconds / 4).await?;
        let loops = empty.loops(slower, cli.seconds).await?;
        let own = ours.watch(slower, cli.seconds).await?;
        let others = peer.watch(slower, cli.seconds).await?;
        println!("{} boards here, {} there", own.updates.len(), others.updates.len());
        let (board, other_board) = (quantiles(&own.updates), quantiles(&others.updates));
        let loops = quantiles(&loops);
        for (index, name) in ["median", "p95"].into_iter().enumerate() {
            let goal = (slower == 4 && name == "p95").then_some(Goal::Under(8.0));
            let what = format!("a board, {slower}x slower, {name}");
            report.add(what, "ms", &[board[index]], &[other_board[index]], goal);
            let what = format!("a loop that is always the same, {slower}x slower, {name}");
            report.add(what, "ms", &[loops[index]], &[], None);
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
    [0.5, 0.95].map(|part| quantile(&sorted, part))
}
