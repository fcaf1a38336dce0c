//! What the tests are about, and boto3 as a witness.

use std::collections::BTreeMap;
use std::time::Duration;

use alleycat_kinesis_limits::Settings;
use alleycat_shared::message::RaceMessage;
use alleycat_tests::{Kinesis, python};
use anyhow::{Context, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use tokio::process::Command;

use crate::rides::{Rides, Row};

/// The stream of all tests.
pub(crate) const STREAM: &str = "alleycat";
/// Longer than any test, in seconds: a race that is over stays in its grace.
pub(crate) const GRACE: u16 = 3_600;

/// Whether the tests are to be as large as the real thing: 1,000 riders, 300 s, minutes of it.
pub(crate) fn whole() -> bool {
    std::env::var_os("ALLEYCAT_STREAM_WHOLE").is_some()
}

/// A race that is over, all of whose seconds count at once.
pub(crate) fn race() -> anyhow::Result<Rides> {
    if whole() { Rides::of_last_race(300, 1_000) } else { Rides::of_last_race(60, 100) }
}

/// How many shards a stream has at first.
pub(crate) fn shards() -> u32 {
    if whole() { 4 } else { 2 }
}

/// How long a stream is away.
pub(crate) fn away_for() -> Duration {
    Duration::from_secs(if whole() { 60 } else { 3 })
}

/// For what takes longest.
pub(crate) fn limit() -> Duration {
    Duration::from_secs(if whole() { 1_200 } else { 120 })
}

/// One record in a hundred fails on purpose, and one in two hundred is in the stream and said not to be.
pub(crate) fn troubled() -> Settings {
    Settings { fail: 0.01, doubt: 0.005, ..Settings::default() }
}

/// Puts messages straight into the stream, as a simple producer does: in batches, and again what failed.
pub(crate) async fn put(kinesis: &Kinesis, messages: &[RaceMessage]) -> anyhow::Result<()> {
    let record = |message: &RaceMessage| {
        let data = BASE64_STANDARD.encode(serde_json::to_vec(message)?);
        anyhow::Ok(json!({ "PartitionKey": message.racer_id.to_string(), "Data": data }))
    };
    let mut waiting =
        messages.iter().map(record).collect::<anyhow::Result<std::collections::VecDeque<_>>>()?;
    while !waiting.is_empty() {
        let batch: Vec<_> = waiting.drain(..waiting.len().min(500)).collect();
        let ask = json!({ "StreamName": STREAM, "Records": batch });
        let (status, answer) = kinesis.through_limits("PutRecords", &ask).await?;
        ensure!(status == 200, "{status}: {answer}");
        let results = answer["Records"].as_array().context("no records")?;
        let failed = batch.into_iter().zip(results).filter(|(_, result)| result["ErrorCode"].is_string());
        let before = waiting.len();
        waiting.extend(failed.map(|(record, _)| record));
        if waiting.len() > before {
            // A shard has room again in a moment.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

/// What boto3 reads of the stream: each message's bytes, how often, and its partition key.
pub(crate) async fn witness(kinesis: &Kinesis) -> anyhow::Result<BTreeMap<Vec<u8>, (u32, String)>> {
    let mut boto3 = Command::new(python()?);
    boto3.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/stream.py"));
    boto3.args([kinesis.emulator(), STREAM]);
    let output = tokio::time::timeout(limit(), boto3.kill_on_drop(true).output()).await??;
    ensure!(output.status.success(), "boto3: {}", String::from_utf8_lossy(&output.stderr));
    let mut read = BTreeMap::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let mut fields = line.split('\t').skip(1);
        let (key, data) = (fields.next().context("no key")?, fields.next().context("no data")?);
        let (count, _) = read.entry(BASE64_STANDARD.decode(data)?).or_insert_with(|| (0, key.to_owned()));
        *count += 1;
    }
    Ok(read)
}

/// Checks that boto3 reads these messages, byte for byte and each under its racer's key, and nothing else.
/// Returns how many records are there more than once.
pub(crate) async fn witnessed(kinesis: &Kinesis, messages: &[RaceMessage]) -> anyhow::Result<u32> {
    let mut read = witness(kinesis).await?;
    let mut twice = 0;
    for message in messages {
        let (count, key) = read
            .remove(&serde_json::to_vec(message)?)
            .with_context(|| format!("second {} of {} is lost", message.second, message.racer_id))?;
        ensure!(key == message.racer_id.to_string(), "racer {} under the key {key}", message.racer_id);
        twice += count - 1;
    }
    ensure!(read.is_empty(), "{} records are no message that was sent", read.len());
    Ok(twice)
}

/// Checks a result, and says which line is the first that differs.
pub(crate) fn same(rows: &[Row], expected: &[Row]) -> anyhow::Result<()> {
    for (row, expected) in rows.iter().zip(expected) {
        ensure!(row == expected, "a line is {row:?} instead of {expected:?}");
    }
    ensure!(rows.len() == expected.len(), "{} riders instead of {}", rows.len(), expected.len());
    Ok(())
}
