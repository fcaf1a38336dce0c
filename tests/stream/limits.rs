//! The limits before the emulator do what the emulator does not.

use std::time::{Duration, Instant};

use alleycat_kinesis_limits::Settings;
use alleycat_stream::key::{HashKey, HashRange};
use alleycat_tests::{Kinesis, until};
use anyhow::{Context, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

const STREAM: &str = "alleycat";
const THROTTLED: &str = "ProvisionedThroughputExceededException";

/// Keys of which each lands in this part of so many even ones.
fn keys(part: usize, of: u32, count: usize) -> Vec<String> {
    let range = HashRange::even(of)[part];
    let keys = (0..).map(|n| format!("key-{n}"));
    keys.filter(|key| range.contains(HashKey::of(key))).take(count).collect()
}

fn put(keys: &[String], data: &[u8]) -> Value {
    let data = BASE64_STANDARD.encode(data);
    let records: Vec<_> = keys.iter().map(|key| json!({ "PartitionKey": key, "Data": data })).collect();
    json!({ "StreamName": STREAM, "Records": records })
}

/// What became of the records of a call that was taken: `None` for those that the stream has.
async fn codes(kinesis: &Kinesis, body: &Value) -> anyhow::Result<Vec<Option<String>>> {
    let (status, answer) = kinesis.through_limits("PutRecords", body).await?;
    ensure!(status == 200, "{status}: {answer}");
    let records = answer["Records"].as_array().context("no records")?;
    let codes: Vec<_> =
        records.iter().map(|record| record["ErrorCode"].as_str().map(str::to_owned)).collect();
    ensure!(answer["FailedRecordCount"] == codes.iter().flatten().count(), "{answer}");
    Ok(codes)
}

/// Partition keys of all records that the emulator has of a shard, read past the limits.
async fn stored(kinesis: &Kinesis, shard: &str) -> anyhow::Result<Vec<String>> {
    let ask = json!({ "StreamName": STREAM, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
    let mut iterator = kinesis.ask("GetShardIterator", &ask).await?["ShardIterator"].clone();
    let mut keys = Vec::new();
    loop {
        let answer = kinesis.ask("GetRecords", &json!({ "ShardIterator": iterator })).await?;
        let records = answer["Records"].as_array().context("no records")?;
        keys.extend(records.iter().filter_map(|record| record["PartitionKey"].as_str().map(str::to_owned)));
        if records.is_empty() {
            return Ok(keys);
        }
        iterator = answer["NextShardIterator"].clone();
    }
}

#[tokio::test]
async fn a_hot_shard_is_throttled_record_by_record_and_the_other_is_not() -> anyhow::Result<()> {
    let kinesis = Kinesis::start(Settings { records_per_second: 100, ..Settings::default() }).await?;
    kinesis.create(STREAM, 2).await?;
    let (low, high) = (keys(0, 2, 300), keys(1, 2, 50));
    // A record of the quiet shard after each six of the hot one.
    let mixed: Vec<_> =
        low.chunks(6).zip(&high).flat_map(|(six, one)| six.iter().chain([one])).cloned().collect();
    let start = Instant::now();
    let codes = codes(&kinesis, &put(&mixed, b"second")).await?;
    let most = 100.0 + 100.0 * start.elapsed().as_secs_f64();
    for (key, code) in mixed.iter().zip(&codes) {
        let hot = low.contains(key);
        ensure!(code.is_none() || hot && code.as_deref() == Some(THROTTLED), "{key}: {code:?}");
    }
    let taken: Vec<_> =
        mixed.iter().zip(&codes).filter(|(_, code)| code.is_none()).map(|(key, _)| key).collect();
    let taken_low = taken.iter().filter(|key| low.contains(key)).count();
    ensure!(
        taken_low >= 100 && f64::from(u32::try_from(taken_low)?) <= most,
        "{taken_low} of at most {most}"
    );

    // The emulator has those that were answered as taken, and no others.
    let shards = kinesis.open_shards(STREAM).await?;
    let mut has = stored(&kinesis, &shards[0]).await?;
    ensure!(has.len() == taken_low, "{} are stored of {taken_low}", has.len());
    has.extend(stored(&kinesis, &shards[1]).await?);
    has.sort_unstable();
    let mut said: Vec<_> = taken.into_iter().cloned().collect();
    said.sort_unstable();
    ensure!(has == said, "what is stored is not what was said to be");

    let counts = kinesis.limits.counts();
    let hot = counts.0[STREAM][&shards[0]];
    ensure!(hot.taken_records + hot.throttled_records == 300, "{hot:?}");
    ensure!(counts.0[STREAM][&shards[1]].taken_records == 50, "{counts:?}");
    let by_http: Value = reqwest::get(format!("{}/limits", kinesis.url())).await?.json().await?;
    ensure!(by_http[STREAM][&shards[0]]["throttledRecords"] == hot.throttled_records, "{by_http}");
    Ok(())
}

#[tokio::test]
async fn a_single_put_is_refused_as_a_whole_and_taken_a_second_later() -> anyhow::Result<()> {
    let kinesis = Kinesis::start(Settings::default()).await?;
    kinesis.create(STREAM, 1).await?;
    let one = |bytes| {
        let data = BASE64_STANDARD.encode(vec![7; bytes]);
        json!({ "StreamName": STREAM, "PartitionKey": "k", "Data": data })
    };
    let (status, answer) = kinesis.through_limits("PutRecord", &one(1_000_000)).await?;
    ensure!(status == 200 && answer["ShardId"].is_string(), "{status}: {answer}");
    let (status, answer) = kinesis.through_limits("PutRecord", &one(1_000_000)).await?;
    ensure!(status == 400 && answer["__type"] == THROTTLED, "{status}: {answer}");
    let said = answer["message"].as_str().unwrap_or_default();
    ensure!(said.starts_with("Rate exceeded for shard shardId-000000000000 in stream alleycat"), "{said}");
    until("a second's bytes are there again", Duration::from_secs(20), async || {
        Ok((kinesis.through_limits("PutRecord", &one(1_000_000)).await?.0 == 200).then_some(()))
    })
    .await?;
    // What no shard takes is for the stream to refuse.
    let (status, answer) = kinesis.through_limits("PutRecord", &one(1_100_000)).await?;
    ensure!(status == 400 && answer["__type"] == "ValidationException", "{status}: {answer}");
    let (status, answer) = kinesis.through_limits("PutRecords", &put(&keys(0, 1, 501), b"x")).await?;
    ensure!(status == 400 && answer["__type"] == "ValidationException", "{status}: {answer}");
    Ok(())
}

#[tokio::test]
async fn a_shard_is_read_five_times_a_second() -> anyhow::Result<()> {
    let kinesis = Kinesis::start(Settings::default()).await?;
    kinesis.create(STREAM, 1).await?;
    let ask =
        json!({ "StreamName": STREAM, "ShardId": "shardId-000000000000", "ShardIteratorType": "LATEST" });
    let mut iterator = kinesis.through_limits("GetShardIterator", &ask).await?.1["ShardIterator"].clone();
    let start = Instant::now();
    let mut answered = 0_u32;
    loop {
        let (status, answer) =
            kinesis.through_limits("GetRecords", &json!({ "ShardIterator": iterator })).await?;
        if status != 200 {
            ensure!(status == 400 && answer["__type"] == THROTTLED, "{status}: {answer}");
            break;
        }
        iterator = answer["NextShardIterator"].clone();
        answered += 1;
    }
    let most = 5.0 + 5.0 * start.elapsed().as_secs_f64();
    ensure!(answered >= 5 && f64::from(answered) <= most, "{answered} reads, at most {most}");
    Ok(())
}

#[tokio::test]
async fn a_split_doubles_what_is_taken_and_a_merge_halves_it() -> anyhow::Result<()> {
    let kinesis = Kinesis::start(Settings { records_per_second: 10, ..Settings::default() }).await?;
    kinesis.create(STREAM, 1).await?;
    let both: Vec<_> = keys(0, 2, 100).into_iter().chain(keys(1, 2, 100)).collect();
    let taken = async || {
        let start = Instant::now();
        let codes = codes(&kinesis, &put(&both, b"x")).await?;
        let count = codes.iter().filter(|code| code.is_none()).count();
        anyhow::Ok((u32::try_from(count)?, start.elapsed()))
    };
    let (count, took) = taken().await?;
    ensure!(
        (10..=10 + took.as_millis() / 100).contains(&count.into()),
        "{count} in {took:?} before the split"
    );
    kinesis.split(STREAM, "shardId-000000000000").await?;
    // The change was made behind the back of the limits: the answer to one record tells them.
    until("the limits know of the split", Duration::from_secs(20), async || {
        codes(&kinesis, &put(&both[..1], b"x")).await?;
        Ok((kinesis.limits.counts().0[STREAM].len() == 3).then_some(()))
    })
    .await?;
    let parent = kinesis.limits.counts().0[STREAM]["shardId-000000000000"];
    ensure!(parent.closed, "{parent:?}");
    let (count, took) = taken().await?;
    ensure!((19..=20 + took.as_millis() / 50).contains(&count.into()), "{count} in {took:?} after the split");
    let children = kinesis.open_shards(STREAM).await?;
    // This one goes through the limits.
    let ask =
        json!({ "StreamName": STREAM, "ShardToMerge": children[0], "AdjacentShardToMerge": children[1] });
    let (status, answer) = kinesis.through_limits("MergeShards", &ask).await?;
    ensure!(status == 200, "{answer}");
    until("the limits know of the merge", Duration::from_secs(20), async || {
        codes(&kinesis, &put(&both[..1], b"x")).await?;
        Ok((kinesis.limits.counts().0[STREAM].len() == 4).then_some(()))
    })
    .await?;
    let (count, took) = taken().await?;
    ensure!((9..=10 + took.as_millis() / 100).contains(&count.into()), "{count} in {took:?} after the merge");
    Ok(())
}

#[tokio::test]
async fn faults_are_told_for_records_that_the_stream_does_not_have_and_doubts_for_some_that_it_has()
-> anyhow::Result<()> {
    let settings =
        Settings { records_per_second: 100_000, fail: 0.2, doubt: 0.1, seed: 3, ..Settings::default() };
    let kinesis = Kinesis::start(settings).await?;
    kinesis.create(STREAM, 1).await?;
    let keys = keys(0, 1, 500);
    let codes = codes(&kinesis, &put(&keys, b"x")).await?;
    let count = |wanted: Option<&str>| codes.iter().filter(|code| code.as_deref() == wanted).count();
    let (good, failed, throttled) = (count(None), count(Some("InternalFailure")), count(Some(THROTTLED)));
    ensure!(good + failed + throttled == 500 && (25..75).contains(&throttled), "{good} {failed} {throttled}");
    let counts = kinesis.limits.counts().total(STREAM);
    let stored = stored(&kinesis, "shardId-000000000000").await?.len();
    let doubtful = usize::try_from(counts.doubtful_records)?;
    ensure!((25..75).contains(&doubtful) && stored == good + doubtful, "{stored} of {good} and {doubtful}");
    ensure!(usize::try_from(counts.failed_records)? == 500 - stored, "{counts:?}");
    Ok(())
}

#[tokio::test]
async fn a_stream_that_is_away_resets_its_clients_and_comes_back() -> anyhow::Result<()> {
    let kinesis = Kinesis::start(Settings::default()).await?;
    kinesis.create(STREAM, 1).await?;
    let body = put(&keys(0, 1, 1), b"x");
    codes(&kinesis, &body).await?;
    kinesis.limits.away(true);
    until("the stream is away", Duration::from_secs(20), async || {
        Ok(kinesis.through_limits("PutRecords", &body).await.is_err().then_some(()))
    })
    .await?;
    ensure!(kinesis.through_limits("PutRecords", &body).await.is_err(), "it stays away");
    kinesis.limits.away(false);
    until("the stream is back", Duration::from_secs(20), async || {
        Ok(kinesis.through_limits("PutRecords", &body).await.ok())
    })
    .await?;
    Ok(())
}
