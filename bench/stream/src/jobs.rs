//! What is measured: our sink and our source, as fast as they can and at the pace of a race.

use std::time::{Duration, Instant};

use alleycat_bench_report::cpu_time;
use alleycat_stream::Record;
use alleycat_stream::kinesis::{Client, Reader, Writer};
use alleycat_stream::quota::RECORD_BYTES;
use alleycat_stream::sink::{Order, Settings};
use alleycat_stream::source;
use anyhow::{Context, ensure};
use tokio::sync::mpsc;

/// A race message as a page sends it.
pub(crate) const PAYLOAD: &str = r#"{"uuid":"6c4e2a37-32f0-4b14-a2c1-3e2e6f7c1b5d","event":"update","deviceTimestamp":1620824038331,"second":141,"raceId":5402746,"name":"Harun A.","racerId":1042,"classId":1,"cadence":79.8,"resistance":59.8}"#;

/// What one job came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    /// Records a second.
    pub(crate) rate: f64,
    /// CPU of this process, µs a record.
    pub(crate) cpu_us: f64,
    /// From handing over to being placed, ms: half of the records, and all but one in a hundred.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Puts records as fast as they are taken, or so many a second.
pub(crate) async fn put(
    endpoint: &str,
    count: u64,
    settings: Settings,
    pace: Option<u64>,
) -> anyhow::Result<Done> {
    let client = Client::new(Some(endpoint)).await;
    let (send, mut outcomes) = mpsc::channel(8_192);
    let writer = Writer::start(client, STREAM.to_owned(), settings, 1, send);
    let (start, cpu) = (Instant::now(), cpu_time(std::process::id())?);
    let feed = async {
        for n in 0..count {
            if let Some(pace) = pace
                && n.is_multiple_of(pace / 100)
            {
                // A hundredth of a second's records at a time.
                let due = start + Duration::from_secs_f64(n as f64 / pace as f64);
                tokio::time::sleep_until(due.into()).await;
            }
            let record = Record::new((n % 1_000).to_string(), PAYLOAD.into(), RECORD_BYTES)?;
            writer.send(record, n).await?;
        }
        anyhow::Ok(())
    };
    let gather = async {
        let mut took = Vec::with_capacity(count as usize);
        while (took.len() as u64) < count {
            let done = outcomes.recv().await.context("the writer has ended")?;
            ensure!(done.outcome.is_ok(), "{:?}", done.outcome);
            took.push(done.took_ms);
        }
        anyhow::Ok(took)
    };
    let (fed, took) = tokio::join!(feed, gather);
    fed?;
    let mut took = took?;
    let (elapsed, busy) = (start.elapsed(), cpu_time(std::process::id())? - cpu);
    took.sort_unstable();
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize] as f64;
    Ok(Done {
        rate: count as f64 / elapsed.as_secs_f64(),
        cpu_us: busy.as_secs_f64() * 1e6 / count as f64,
        p50: at(0.5),
        p99: at(0.99),
    })
}

/// Reads records as fast as they come.
pub(crate) async fn read(endpoint: &str, count: u64) -> anyhow::Result<Done> {
    let client = Client::new(Some(endpoint)).await;
    // Without the service's pace, which is what bounds a reader in life.
    let settings =
        source::Settings { read_every_ms: 0, read_bytes_per_second: u64::MAX, ..Default::default() };
    let (start, cpu) = (Instant::now(), cpu_time(std::process::id())?);
    let (_reader, mut batches) =
        Reader::start(client, STREAM.to_owned(), settings, source::Checkpoints::new(), 1);
    let mut seen = 0;
    while seen < count {
        seen += batches.recv().await.context("the reader has ended")?.records.len() as u64;
    }
    let (elapsed, busy) = (start.elapsed(), cpu_time(std::process::id())? - cpu);
    let rate = seen as f64 / elapsed.as_secs_f64();
    Ok(Done { rate, cpu_us: busy.as_secs_f64() * 1e6 / seen as f64, p50: 0.0, p99: 0.0 })
}

/// As a sink puts by default, in no order, for the original has none.
pub(crate) fn batches() -> Settings {
    Settings { order: Order::None, ..Settings::default() }
}

/// One record a call, and as many calls at once as a careful program would make.
pub(crate) fn single() -> Settings {
    Settings { records_per_put: 1, linger_ms: 0, puts_at_once: 32, ..batches() }
}

pub(crate) const STREAM: &str = "alleycat";
