//! What the planner says of partition keys, against what the limits do with records of such keys.

use std::time::{Duration, Instant};

use alleycat_kinesis_limits::Settings;
use alleycat_rules::{Message, PartitionKey};
use alleycat_stream::plan::{Arrival, Boards, Ingest, Load, Payload, Placement, Reading, Sample, Ticks};
use alleycat_tests::Kinesis;
use anyhow::ensure;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::try_join_all;
use serde_json::json;
use tokio::time::{interval, sleep};
use uuid::Uuid;

use crate::rides::now;

const RIDERS: u32 = 1_500;
const SHARDS: u32 = 2;
const SECONDS: u64 = 5;
/// These bring a shard's bucket from full to what it is in the long run.
const WARM_UP: u64 = 2;
const BYTES: u32 = 250;

/// A strategy, and in how many classes the riders are.
const CASES: [(&str, u32); 4] = [("random", 1), ("time", 1), ("class", 1), ("class", 6)];

fn payload(rider: u32, classes: u32) -> String {
    let class = rider % classes + 1;
    let body = format!(r#"{{"racerId":{rider},"classId":{class},"raceId":1,"fill":""#);
    let fill = usize::try_from(BYTES).unwrap_or_default().saturating_sub(body.len() + 2);
    format!("{body}{}\"}}", "x".repeat(fill))
}

fn key(strategy: &PartitionKey, arrival: &Arrival, classes: u32) -> String {
    let payload = payload(arrival.producer, classes);
    let message = Message {
        topic: "alleycat-publish",
        payload: payload.as_bytes(),
        client_id: None,
        trace_id: Uuid::nil(),
        at: arrival.at_ms,
    };
    strategy.render(message, &mut Uuid::new_v4).unwrap_or_default()
}

/// Riders who all send at the same tick, as simulators do.
fn load() -> anyhow::Result<Load> {
    Ok(Load {
        producers: RIDERS,
        payloads: vec![Payload { bytes: BYTES, share: 1.0 }],
        buffer_seconds: 1,
        ticks: Ticks::Together,
        jitter_ms: 0,
        ingest: Ingest::Put,
        linger_ms: 0,
        put_ms: 0,
        shards: Some(SHARDS),
        headroom: 0.0,
        record_limit_bytes: 1024 * 1024,
        consumers: 1,
        reading: Reading::Shared,
        retention_hours: 24,
        window_seconds: 300,
        boards: Boards { published_per_second: 0.0, delivered_per_producer_second: 0.0 },
        hours_per_month: 730.0,
        from_ms: now()?,
        seed: 1,
    })
}

/// Sends as many records a second as there are riders, each once, all of a second at its beginning. Returns
/// the part that was refused after the warm-up, and how long a second
/// was at most.
async fn measured(
    kinesis: &Kinesis,
    stream: &str,
    strategy: &PartitionKey,
    classes: u32,
) -> anyhow::Result<(f64, Duration)> {
    let sent = || kinesis.limits.counts().total(stream);
    let mut ticks = interval(Duration::from_secs(1));
    let (mut warm, mut longest, mut last) = (sent(), Duration::ZERO, Instant::now());
    for second in 0..SECONDS + WARM_UP {
        // All that takes time is done before the tick: a shard has room for more while it is sent to.
        let at_ms = now()? + second;
        let record = |producer| {
            let key = key(strategy, &Arrival { producer, at_ms }, classes);
            json!({ "PartitionKey": key, "Data": BASE64_STANDARD.encode(payload(producer, classes)) })
        };
        let records: Vec<_> = (0..RIDERS).map(record).collect();
        let asks = records.chunks(500).map(|records| json!({ "StreamName": stream, "Records": records }));
        let asks: Vec<_> = asks.collect();
        ticks.tick().await;
        if second > 0 {
            longest = longest.max(last.elapsed());
        }
        last = Instant::now();
        if second == WARM_UP {
            warm = sent();
        }
        let puts = asks.iter().map(|ask| kinesis.through_limits("PutRecords", ask));
        for (status, answer) in try_join_all(puts).await? {
            ensure!(status == 200, "{status}: {answer}");
        }
    }
    let end = sent();
    let refused = end.throttled_records - warm.throttled_records;
    let all = refused + end.taken_records - warm.taken_records;
    Ok((part(refused)? / part(all)?, longest))
}

fn part(count: u64) -> anyhow::Result<f64> {
    Ok(f64::from(u32::try_from(count)?))
}

#[tokio::test]
async fn what_the_planner_says_is_refused_is_refused() -> anyhow::Result<()> {
    let kinesis = Kinesis::start(Settings::default()).await?;
    let load = load()?;
    println!("\n{RIDERS} riders at one tick a second, {SHARDS} shards: records that are refused at once");
    println!("{:<10} {:>8} {:>12} {:>12}", "key", "classes", "predicted", "measured");
    for (case, (name, classes)) in CASES.into_iter().enumerate() {
        let strategy: PartitionKey = name.parse()?;
        let sample = Sample::draw(&load, |arrival| key(&strategy, arrival, classes));
        let predicted = Placement::of(&sample, SHARDS).refused_share;
        // A machine that is busy with something else stretches a second, and shards then have room for more.
        let mut tries = 0;
        let refused = loop {
            let stream = format!("case-{case}-{tries}");
            kinesis.create(&stream, SHARDS).await?;
            let (refused, longest) = measured(&kinesis, &stream, &strategy, classes).await?;
            if longest < Duration::from_millis(1_100) {
                break refused;
            }
            tries += 1;
            ensure!(tries < 5, "this machine is too busy to send each second what it should: {longest:?}");
            sleep(Duration::from_secs(1)).await;
        };
        println!("{name:<10} {classes:>8} {:>10.1} % {:>10.1} %", 100.0 * predicted, 100.0 * refused);
        ensure!((refused - predicted).abs() < 0.04, "{name}: {refused} instead of {predicted}");
    }
    Ok(())
}
