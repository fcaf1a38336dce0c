//! Measures our MQTT client in a browser beside its peers: the same Chromium, the same broker, one run.
//!
//! Run by `cargo xtask bench mqtt-browser`, which builds the page and finds the packages.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod report;
mod source;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use alleycat_mqtt::client::Client;
use alleycat_mqtt::{Event, Options, Qos};
use alleycat_tests::{Browser, Page, until};
use anyhow::{Context, bail};
use axum::Router;
use axum::routing::get;
use clap::Parser;
use report::{Measured, Runs};
use serde_json::Value;
use tokio::net::TcpListener;
use tower_http::services::ServeDir;

#[derive(Parser)]
struct Cli {
    /// The folder of the page.
    #[arg(long)]
    page: PathBuf,
    /// The folder of npm's packages.
    #[arg(long)]
    node: PathBuf,
    /// How often each job is done; medians are told.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Where the figures go as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// What is done, by whom, and how often: enough for about a second each.
struct Job {
    what: &'static str,
    count: u32,
    per_message: u32,
    who: &'static [&'static str],
}

const RECEIVERS: &[&str] =
    &[OURS, "bare loop in wasm", "bare WebSocket", "bare WebSocket + JSON.parse", "mqtt5-wasm", MQTT_JS];
const CLIENTS: &[&str] = &[OURS, "mqtt5-wasm", MQTT_JS];
const OURS: &str = "ours";
const MQTT_JS: &str = "MQTT.js";

const COALESCED: &str = "receive, 64 packets a message";
const SINGLE: &str = "receive, 1 packet a message";
const QOS_0: &str = "publish QoS 0";
const QOS_1: &str = "publish QoS 1 to acknowledgement";

const JOBS: [Job; 4] = [
    Job { what: COALESCED, count: 256_000, per_message: 64, who: RECEIVERS },
    Job { what: SINGLE, count: 40_000, per_message: 1, who: RECEIVERS },
    Job { what: QOS_0, count: 40_000, per_message: 0, who: CLIENTS },
    Job { what: QOS_1, count: 40_000, per_message: 1, who: CLIENTS },
];
const LIMIT: Duration = Duration::from_secs(120);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/mqtt", get(source::upgrade))
        .nest_service("/node", ServeDir::new(&cli.node))
        .fallback_service(ServeDir::new(&cli.page));
    let server = tokio::spawn(axum::serve(listener, router).into_future());

    let native = native(&format!("ws://{address}/mqtt")).await?;
    println!("a native client takes {:.0} k/s from this broker: it is not what bounds a page", native / 1e3);
    let browser = Browser::start().await?;
    let page = browser.open("bench", (800, 600), &format!("http://{address}/index.html")).await?;
    until("the page is ready", LIMIT, async || {
        Ok((page.evaluate("return window.ready === true").await? == Value::Bool(true)).then_some(()))
    })
    .await?;
    page.devtools("Performance.enable", &serde_json::json!({})).await?;
    let mut runs = Runs::default();
    // The first round is not counted: in it Chromium compiles what runs often.
    for round in 0..=cli.rounds {
        println!("round {round} of {}", cli.rounds);
        for job in &JOBS {
            for who in job.who {
                let measured = measure(&page, job, who).await?;
                if round > 0 {
                    runs.add(job.what, who, measured);
                }
            }
        }
    }
    let report = runs.report();
    report.print();
    if let Some(file) = cli.json {
        report.write(&file).with_context(|| format!("{} can't be written", file.display()))?;
    }
    page.close().await?;
    server.abort();
    Ok(())
}

async fn measure(page: &Page, job: &Job, who: &str) -> anyhow::Result<Measured> {
    // It would take half a minute for what the others do in one second.
    let count = if who == MQTT_JS && job.per_message > 1 { job.count / 8 } else { job.count };
    let arguments = match job.what {
        QOS_0 => format!("'publish', {:?}, 0, {count}", source::PAYLOAD),
        QOS_1 => format!("'publish', {:?}, 1, {count}", source::PAYLOAD),
        _ => format!("'receive', 'flood/{}/{count}', {count}", job.per_message),
    };
    let before = busy(page).await?;
    page.evaluate(&format!("window.run('{who}', {arguments})")).await?;
    let outcome = until(job.what, LIMIT, async || {
        // Asking costs the page something too.
        tokio::time::sleep(Duration::from_millis(150)).await;
        let outcome = page.evaluate("return window.outcome").await?;
        Ok((!outcome.is_null()).then_some(outcome))
    })
    .await?;
    let spent = busy(page).await? - before;
    let Some(ms) = outcome["ms"].as_f64() else { bail!("{who}: {}: {outcome}", job.what) };
    let count = f64::from(count);
    Ok(Measured { per_second: count / ms.max(1.0) * 1e3, cpu_us: spent * 1e6 / count })
}

/// Seconds that the page's main thread has spent in tasks.
async fn busy(page: &Page) -> anyhow::Result<f64> {
    let answer = page.devtools("Performance.getMetrics", &serde_json::json!({})).await?;
    let metrics = answer["metrics"].as_array().context("Chromium's metrics")?;
    let task = metrics.iter().find(|metric| metric["name"] == "TaskDuration");
    task.and_then(|metric| metric["value"].as_f64()).context("the metric TaskDuration")
}

/// How many messages a second our native client takes from the source.
async fn native(url: &str) -> anyhow::Result<f64> {
    const COUNT: u32 = 200_000;
    let mut client = Client::new(url, Options::new("native"), 1)?;
    client.subscribe(&format!("flood/64/{COUNT}"), Qos::AtMostOnce)?;
    let (mut left, mut began) = (COUNT, Instant::now());
    while left > 0 {
        if let Event::Message { .. } = tokio::time::timeout(LIMIT, client.event()).await? {
            if left == COUNT {
                began = Instant::now();
            }
            left -= 1;
        }
    }
    Ok(f64::from(COUNT) / began.elapsed().as_secs_f64())
}
