//! A race whose consumer dies, whose stream is cut and joined, and is away for a while.

use alleycat_tests::Kinesis;
use anyhow::{Context, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use tokio::time::sleep;

use crate::hub::{Hub, Role};
use crate::rig::{GRACE, STREAM, away_for, put, race, shards, troubled, witnessed};

/// How often the consumer is killed.
const DEATHS: usize = 10;

#[tokio::test]
async fn a_consumer_that_is_killed_ten_times_misses_nothing() -> anyhow::Result<()> {
    let rides = race()?;
    let messages = rides.messages(rides.seconds())?;
    let kinesis = Kinesis::start(troubled()).await?;
    kinesis.create(STREAM, shards()).await?;
    let mut hub = Hub::start(rides, GRACE, Role::Gets(&kinesis)).await?;
    let size = messages.len().div_ceil(DEATHS);
    for (part, some) in messages.chunks(size).enumerate() {
        // It has something of the part before, and dies while it takes more.
        if let Some(before) = part.checked_sub(1) {
            hub.counts(rides, before * size + 1).await?;
        }
        tokio::try_join!(put(&kinesis, some), hub.kill_and_restart())?;
    }
    hub.comes_to(rides, &rides.result()?).await
}

#[tokio::test]
async fn a_split_and_a_merge_in_a_race_change_nothing() -> anyhow::Result<()> {
    let rides = race()?;
    let messages = rides.messages(rides.seconds())?;
    let kinesis = Kinesis::start(troubled()).await?;
    kinesis.create(STREAM, shards()).await?;
    let direct = Hub::start(rides, GRACE, Role::Puts(&kinesis)).await?;
    let by_stream = Hub::start(rides, GRACE, Role::Gets(&kinesis)).await?;
    for (third, some) in messages.chunks(messages.len().div_ceil(3)).enumerate() {
        direct.publish(some).await?;
        let open = kinesis.open_shards(STREAM).await?;
        match third {
            0 => kinesis.split(STREAM, &open[0]).await?,
            1 => kinesis.merge(STREAM, &open[1], &open[2]).await?,
            _ => {}
        }
    }
    direct.comes_to(rides, &rides.result()?).await?;
    by_stream.comes_to(rides, &rides.result()?).await?;
    let (all, open) = (kinesis.shards(STREAM).await?.len(), kinesis.open_shards(STREAM).await?.len());
    let shards = usize::try_from(shards())?;
    ensure!((all, open) == (shards + 3, shards), "{all} shards, {open} open");
    Ok(())
}

#[tokio::test]
async fn what_was_acknowledged_while_the_stream_was_away_survives_kill_9_and_counts() -> anyhow::Result<()> {
    let rides = race()?;
    let messages = rides.messages(rides.seconds())?;
    let kinesis = Kinesis::start(troubled()).await?;
    kinesis.create(STREAM, shards()).await?;
    let mut hub = Hub::start(rides, GRACE, Role::Both(&kinesis)).await?;
    let (before, away) = messages.split_at(messages.len() / 3);
    hub.publish(before).await?;
    kinesis.limits.away(true);
    let (away, after) = away.split_at(away.len() / 2);
    hub.publish(away).await?;
    hub.kill_and_restart().await?;
    sleep(away_for()).await;
    ensure!(hub.counted(rides).await? <= before.len(), "the stream was not away");
    kinesis.limits.away(false);
    hub.publish(after).await?;
    hub.comes_to(rides, &rides.result()?).await?;
    witnessed(&kinesis, &messages).await?;
    Ok(())
}

#[tokio::test]
async fn a_poison_record_is_set_aside_and_counted_and_its_shard_goes_on() -> anyhow::Result<()> {
    let rides = race()?;
    let messages = rides.messages(rides.seconds())?;
    let kinesis = Kinesis::start(troubled()).await?;
    kinesis.create(STREAM, 1).await?;
    let hub = Hub::start(rides, GRACE, Role::Gets(&kinesis)).await?;
    let (before, after) = messages.split_at(messages.len() / 2);
    put(&kinesis, before).await?;
    let data = BASE64_STANDARD.encode(POISON);
    kinesis
        .ask("PutRecord", &json!({ "StreamName": STREAM, "PartitionKey": "poison", "Data": data }))
        .await?;
    put(&kinesis, after).await?;
    hub.comes_to(rides, &rides.result()?).await?;
    ensure!(hub.metric("alleycat_stream_set_aside_total").await? == 1, "the poison is not counted");
    let kept =
        std::fs::read_to_string(hub.folder().join("set-aside.jsonl")).context("nothing was set aside")?;
    ensure!(kept.lines().count() == 1 && kept.contains(&data), "{kept}");
    Ok(())
}

const POISON: &str = "{ no json at all";
