//! All ways of a race's messages to its result.

use std::time::Duration;

use alleycat_kinesis_limits::Settings;
use alleycat_mqtt::client::Client;
use alleycat_mqtt::{Event, Options, Qos};
use alleycat_shared::api::RaceState;
use alleycat_shared::message::BoardMessage;
use alleycat_tests::{Kinesis, Program, Programs, until};
use anyhow::{Context, ensure};
use tokio::time::timeout;

use crate::hub::{Hub, Role, rows};
use crate::rides::{Rides, SEED};
use crate::rig::{GRACE, STREAM, limit, put, race, same, shards, troubled, whole, witnessed};

/// What throttles a race of the tests' size.
fn throttled() -> Settings {
    let records_per_second = if whole() { Settings::default().records_per_second } else { 200 };
    Settings { records_per_second, ..troubled() }
}

#[tokio::test]
async fn riders_through_broker_rule_and_stream_and_straight_into_it_and_without_it_come_to_the_same()
-> anyhow::Result<()> {
    let rides = race()?;
    let (messages, expected) = (rides.messages(rides.seconds())?, rides.result()?);
    let (one, other) = (Kinesis::start(troubled()).await?, Kinesis::start(troubled()).await?);
    one.create(STREAM, shards()).await?;
    other.create(STREAM, shards()).await?;
    let direct = Hub::start(rides, GRACE, Role::Direct).await?;
    let by_rule = Hub::start(rides, GRACE, Role::Both(&one)).await?;
    let by_put = Hub::start(rides, GRACE, Role::Gets(&other)).await?;
    direct.publish(&messages).await?;
    tokio::try_join!(by_rule.publish(&messages), put(&other, &messages))?;
    direct.comes_to(rides, &expected).await?;
    by_rule.comes_to(rides, &expected).await?;
    by_put.comes_to(rides, &expected).await
}

#[tokio::test]
async fn no_message_is_lost_and_none_counts_twice_when_shards_throttle_and_records_fail() -> anyhow::Result<()>
{
    let rides = race()?;
    let (messages, expected) = (rides.messages(rides.seconds())?, rides.result()?);
    let kinesis = Kinesis::start(throttled()).await?;
    kinesis.create(STREAM, shards()).await?;
    let direct = Hub::start(rides, GRACE, Role::Puts(&kinesis)).await?;
    let by_stream = Hub::start(rides, GRACE, Role::Gets(&kinesis)).await?;
    direct.publish(&messages).await?;
    direct.comes_to(rides, &expected).await?;
    by_stream.comes_to(rides, &expected).await?;
    let counts = kinesis.limits.counts().total(STREAM);
    ensure!(counts.throttled_records > 0 && counts.failed_records > 0, "nothing went wrong: {counts:?}");
    ensure!(counts.doubtful_records > 0, "no record was in the stream twice: {counts:?}");
    let twice = witnessed(&kinesis, &messages).await?;
    ensure!(u64::from(twice) >= counts.doubtful_records, "{twice} records twice: {counts:?}");
    Ok(())
}

#[tokio::test]
async fn a_race_that_runs_has_its_board_and_its_official_result_from_the_stream() -> anyhow::Result<()> {
    const RIDERS: u16 = 30;
    let rides = Rides::of_last_race(20, RIDERS)?;
    let kinesis = Kinesis::start(troubled()).await?;
    kinesis.create(STREAM, 2).await?;
    let direct = Hub::start(rides, 4, Role::Puts(&kinesis)).await?;
    let by_stream = Hub::start(rides, 4, Role::Gets(&kinesis)).await?;
    let mut watcher = Client::new(by_stream.mqtt(), Options::new("watcher"), 7)?;
    watcher.subscribe("alleycat-subscribe/1/board", Qos::AtMostOnce)?;
    let (riders, target) = (RIDERS.to_string(), direct.mqtt());
    let args = ["--riders", &riders, "--classes", "1", "--races", "1", "--wait", "--target", &target];
    let mut command = Programs::from_env()?.command("alleycat-sim", args);
    let mut simulator = Program::start("the simulator", &mut command)?;
    let board = timeout(limit(), async {
        loop {
            let Event::Message { payload, .. } = watcher.event().await else { continue };
            let board: BoardMessage = serde_json::from_slice(&payload)?;
            if board.riders == u32::from(RIDERS) && board.second > 5 {
                return anyhow::Ok(board);
            }
        }
    });
    let board = board.await.context("no board")??;
    ensure!(board.top.len() == 10 && board.top[0].score.get() > 0.0, "{board:?}");
    let rides = Rides { race: board.race_id, ..rides };
    ensure!(simulator.wait(limit()).await?.success(), "the simulator failed");
    let official = async |hub: &Hub| {
        until("the result is official", Duration::from_secs(60), async || {
            let result = hub.result(rides).await?;
            Ok(result.filter(|result| result.state == RaceState::Official))
        })
        .await
    };
    let (direct, by_stream) = (official(&direct).await?, official(&by_stream).await?);
    ensure!(direct.results.len() == usize::from(RIDERS), "{} riders", direct.results.len());
    same(&rows(&by_stream), &rows(&direct))
}

#[tokio::test]
async fn the_simulator_puts_a_race_that_is_over_into_the_stream_and_it_counts_as_if_it_was_ridden()
-> anyhow::Result<()> {
    let rides = race()?;
    let kinesis = Kinesis::start(troubled()).await?;
    kinesis.create(STREAM, shards()).await?;
    let hub = Hub::start(rides, GRACE, Role::Gets(&kinesis)).await?;
    let (riders, race, seconds) =
        (rides.riders.to_string(), rides.race.to_string(), rides.clock.seconds().to_string());
    let (target, url, seed) = (format!("kinesis:{STREAM}"), kinesis.url(), SEED.to_string());
    let args = ["--riders", &riders, "--first-id", "1", "--classes", "1", "--races", "1", "--seed", &seed];
    let more =
        ["--target", &target, "--kinesis-endpoint", &url, "--partition-key", "racer", "--order", "key"];
    let when = ["--race", &race, "--race-seconds", &seconds, "--speed", "20"];
    let args = args.into_iter().chain(more).chain(when);
    let mut simulator =
        Program::start("the simulator", &mut Programs::from_env()?.command("alleycat-sim", args))?;
    ensure!(simulator.wait(limit()).await?.success(), "the simulator failed");
    hub.comes_to(rides, &rides.result()?).await
}
