//! How late a record is read, from the second that it tells of.

use serde::Serialize;

use super::load::{Ingest, Load, Reading};
use super::place::Placement;
use crate::quota::{RECORDS_PER_PUT, SHARD_READS_PER_SECOND};

/// How late a record is read.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// In the order of the way.
    pub parts: Vec<Part>,
    /// Of all parts.
    pub mean_ms: f64,
    /// If all are at their worst at once.
    pub worst_ms: f64,
}

/// A piece of the way.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// What it is.
    pub name: &'static str,
    /// On average.
    pub mean_ms: f64,
    /// At worst.
    pub worst_ms: f64,
}

/// What a record that is pushed by enhanced fan-out takes; polling has its own.
///
/// Source: Amazon Kinesis Data Streams Developer Guide, "Enhanced fan-out consumers": 70 ms on average.
const FAN_OUT_MS: f64 = 70.0;
/// What an answer to `GetRecords` takes once it is asked for; the same page tells of 200 ms on average in all with one
/// consumer that polls as often as it may, of which half an interval is waiting.
const GET_MS: f64 = 100.0;

impl Latency {
    /// Of a load on shards that it falls on as `placement` says.
    pub fn of(load: &Load, placement: &Placement) -> Self {
        let held = f64::from(load.buffer_seconds - 1) * 1_000.0;
        let linger = linger_ms(load);
        let put = f64::from(load.put_ms);
        let waited = if placement.keeps_up {
            placement.wait_ms_max
        } else {
            placement.behind_after_race_seconds * 1_000.0
        };
        let waits = if placement.keeps_up { placement.wait_ms_mean } else { waited / 2.0 };
        let (read, read_worst) = match load.reading {
            Reading::FanOut => (FAN_OUT_MS, FAN_OUT_MS),
            Reading::Shared => {
                let interval = poll_ms(load.consumers);
                (interval / 2.0 + GET_MS, interval + GET_MS)
            }
        };
        let parts = vec![
            Part { name: "held back by the sender", mean_ms: held / 2.0, worst_ms: held },
            Part { name: "linger of the sink", mean_ms: linger / 2.0, worst_ms: linger },
            Part { name: "into the stream", mean_ms: put, worst_ms: put },
            Part { name: "waiting for a full shard", mean_ms: waits, worst_ms: waited },
            Part { name: "until it is read", mean_ms: read, worst_ms: read_worst },
        ];
        Self {
            mean_ms: parts.iter().map(|part| part.mean_ms).sum(),
            worst_ms: parts.iter().map(|part| part.worst_ms).sum(),
            parts,
        }
    }
}

/// How long the first record of a put waits for the others: a full one goes at once.
fn linger_ms(load: &Load) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "500")]
    let full = RECORDS_PER_PUT as f64 / load.records_per_second() * 1_000.0;
    if load.ingest == Ingest::Put { full.min(f64::from(load.linger_ms)) } else { 0.0 }
}

/// How often each of some consumers may ask a shard, which answers so many questions in all.
pub(super) fn poll_ms(consumers: u32) -> f64 {
    1_000.0 / f64::from(SHARD_READS_PER_SECOND) * f64::from(consumers)
}
