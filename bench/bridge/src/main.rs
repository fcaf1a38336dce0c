//! Measures the bridge beside one made of Node.js, serialport and ws. Both read the same sensor on a
//! pseudo-terminal, check its lines and send readings to a page. Run by `cargo xtask bench bridge`.
#![expect(clippy::print_stdout, reason = "a bench prints its progress")]
#![expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "counts of a minute")]
#![expect(clippy::cast_sign_loss, reason = "cadences are positive")]

mod bridge;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use alleycat_bench_report::{Goal, Report, quantile};
use alleycat_tests::LineBike;
use anyhow::{Context, ensure};
use bridge::{Bridge, Program};
use clap::Parser;
use futures_util::StreamExt;
use tokio::time::{interval, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;

#[derive(Parser)]
struct Cli {
    /// The bridge's program.
    #[arg(long)]
    bridge: PathBuf,
    /// The peer's script.
    #[arg(long)]
    peer: PathBuf,
    /// The folder of npm's packages.
    #[arg(long)]
    node: PathBuf,
    /// How often everything is measured; medians are told.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long each measurement lasts.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// Readings a second; those of the first have goals.
    #[arg(long, value_delimiter = ',', default_value = "10,100")]
    rates: Vec<u32>,
    /// Where the figures go as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// What one measurement gives.
#[derive(Default)]
struct Run {
    /// From the last byte of a line to the page, in ms, sorted.
    late: Vec<f64>,
    lost: usize,
    /// Per cent of a core.
    cpu: f64,
    memory: f64,
    start: f64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    // Before anything is measured, not in the midst of it.
    for rate in &cli.rates {
        ensure!(
            u64::from(*rate) * u64::from(cli.seconds) < NUMBERS as u64,
            "{rate} readings a second for {} s are too many: fewer than {NUMBERS} can be told apart, so less --seconds \
             or --rates",
            cli.seconds
        );
    }
    let mut report = Report::new("bridge", "Node.js, serialport and ws");
    for (at, rate) in cli.rates.iter().copied().enumerate() {
        let (mut ours, mut peers) = (Vec::new(), Vec::new());
        for round in 1..=cli.rounds {
            println!("{rate} readings a second, round {round}");
            ours.push(measure(&Program::Ours(&cli.bridge), rate, cli.seconds).await.context("ours")?);
            peers.push(
                measure(&Program::Peer(&cli.peer, &cli.node), rate, cli.seconds).await.context("peer")?,
            );
        }
        let judged = |goal| (at == 0).then_some(goal);
        let mut tell = |what: &str, unit, figure: fn(&Run) -> f64, goal| {
            let [ours, peers] = [&ours, &peers].map(|runs| runs.iter().map(figure).collect::<Vec<_>>());
            report.add(format!("{what}, {rate} readings/s"), unit, &ours, &peers, goal);
        };
        tell("byte to page, p50", "ms", |run| quantile(&run.late, 0.50), None);
        tell("byte to page, p99", "ms", |run| quantile(&run.late, 0.99), judged(Goal::Under(5.0)));
        tell("readings that did not arrive", "", |run| run.lost as f64, judged(Goal::Exactly(0.0)));
        tell("of a core", "%", |run| run.cpu, judged(Goal::Under(0.5)));
        tell("memory (RSS)", "MB", |run| run.memory, judged(Goal::Under(10.0)));
        if at == 0 {
            tell("start until it listens", "ms", |run| run.start, None);
        }
    }
    let size = |path: &Path| anyhow::Ok(std::fs::metadata(path)?.len() as f64 / 1e6);
    let node = which("node")?;
    let peer = size(&node)? + folder(&cli.node)?;
    report.add("program on the disk", "MB", &[size(&cli.bridge)?], &[peer], Some(Goal::Under(5.0)));
    report.print();
    if let Some(file) = cli.json {
        report.write(&file).with_context(|| format!("{} can't be written", file.display()))?;
    }
    Ok(())
}

async fn measure(program: &Program<'_>, rate: u32, seconds: u32) -> anyhow::Result<Run> {
    let mut sensor = LineBike::new()?;
    let bridge = Bridge::start(program, sensor.path()).await?;
    let (mut page, _) = tokio_tungstenite::connect_async(&bridge.url).await?;
    // Until the port is open, and the first half line is over.
    let warm = async {
        let mut tick = interval(Duration::from_millis(100));
        loop {
            tokio::select! {
                _ = tick.tick() => sensor.say(cadence(0), RESISTANCE)?,
                message = page.next() => if reading(message)?.is_some() { return anyhow::Ok(()) },
            }
        }
    };
    timeout(LIMIT, warm).await.context("no reading arrives")??;
    sleep(Duration::from_secs(1)).await;
    while let Ok(message) = timeout(Duration::from_millis(100), page.next()).await {
        reading(message)?;
    }
    let count = usize::try_from(rate * seconds)?;
    let (busy, begun) = (bridge.busy()?, Instant::now());
    let mut said = vec![None; NUMBERS];
    let mut late = Vec::with_capacity(count);
    let mut tick = interval(Duration::from_secs(1) / rate);
    let mut next = 1;
    while late.len() < count && begun.elapsed() < Duration::from_secs(seconds.into()) + LIMIT {
        tokio::select! {
            _ = tick.tick(), if next <= count => {
                sensor.say(cadence(next), RESISTANCE)?;
                said[next % NUMBERS] = Some(Instant::now());
                next += 1;
            }
            message = timeout(LIMIT, page.next()) => {
                let Ok(message) = message else { break };
                let since = reading(message)?.and_then(|number| said.get_mut(number)?.take());
                late.extend(since.map(|since: Instant| since.elapsed().as_secs_f64() * 1e3));
            }
        }
    }
    let cpu = 100.0 * (bridge.busy()? - busy).as_secs_f64() / begun.elapsed().as_secs_f64();
    late.sort_by(f64::total_cmp);
    let (lost, memory) = (count - late.len(), bridge.memory()?);
    Ok(Run { late, lost, cpu, memory, start: bridge.started_in.as_secs_f64() * 1e3 })
}

/// The number of a reading; `None` for what is none.
fn reading(
    message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
) -> anyhow::Result<Option<usize>> {
    let message = message.context("the bridge hangs up")??;
    let Message::Text(text) = message else { return Ok(None) };
    let value: serde_json::Value = serde_json::from_str(&text)?;
    Ok((value["type"] == "reading").then(|| value["cadence"].as_f64().map(number)).flatten())
}

/// The cadence that stands for a number: all differ for long enough.
fn cadence(number: usize) -> f64 {
    (number % NUMBERS) as f64 / 10.0
}

/// The number that a cadence stands for.
fn number(cadence: f64) -> usize {
    (cadence * 10.0).round() as usize
}

fn which(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.with_context(|| format!("there is no {name}"))
}

/// The packages that the peer needs, with what they need, in MB.
fn folder(modules: &Path) -> anyhow::Result<f64> {
    let mut bytes = 0;
    let mut waiting = vec![modules.join("serialport"), modules.join("@serialport"), modules.join("ws")];
    while let Some(path) = waiting.pop() {
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                waiting.push(entry.path());
            } else {
                bytes += entry.metadata()?.len();
            }
        }
    }
    Ok(bytes as f64 / 1e6)
}

/// How many numbers there are.
const NUMBERS: usize = 2_000;
/// In per cent: it does not matter here.
const RESISTANCE: u8 = 40;
/// Everything is waited for at most this long.
const LIMIT: Duration = Duration::from_secs(5);
