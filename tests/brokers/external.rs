//! Our hub as a client of other people's brokers: what is acknowledged counts, once, whatever dies.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alleycat_mqtt::client::Client;
use alleycat_mqtt::{Event, Publish, Qos};
use alleycat_shared::api::RaceResult;
use alleycat_shared::race::{RaceClock, RaceMoment};
use alleycat_tests::{Broker, Fate, Programs, Proxy, address, free_port, until};
use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::rig::{LIMIT, client, options, publish_all, subscribed, wait};

/// A race that does not end in the midst of this, unless it began long ago.
pub(crate) const RACE_SECONDS: u16 = 3_600;
const SECONDS: u16 = 60;
/// What the hub says on a connection: its subscriptions, then boards and acknowledgements.
const CUTS: [usize; 6] = [20, 300, 700, 1_500, 2_900, 6_000];

pub(crate) fn now() -> anyhow::Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis().try_into()?)
}

/// A race in which this many seconds are over, and some are to come.
pub(crate) async fn race() -> anyhow::Result<RaceMoment> {
    let clock = RaceClock::new(RACE_SECONDS).context("a race's length")?;
    until("a race that is old enough", LIMIT * 5, async || {
        let moment = clock.at(now()?);
        let usable = SECONDS < moment.second.get() && moment.second.get() < RACE_SECONDS - 120;
        Ok(usable.then_some(moment))
    })
    .await
}

pub(crate) fn message(race: RaceMoment, class: u64, racer: u64, second: u16) -> String {
    json!({
        "uuid": format!("00000000-0000-4000-8000-{racer:08}{second:04}"),
        "event": "update", "deviceTimestamp": 0, "second": second,
        "raceId": race.race_id, "name": "Ann", "racerId": racer, "classId": class,
        "cadence": 65.0, "resistance": 35.0,
    })
    .to_string()
}

/// The options of a hub at this broker.
pub(crate) fn at<'a>(broker: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let usual = ["--race-seconds", "3600", "--broker", broker, "--broker-url-for-pages", "ws://broker/mqtt"];
    [&usual[..], more].concat()
}

/// How many seconds of a rider count in this hub's race so far.
async fn seconds(port: u16, race: RaceMoment, class: u64, racer: u64) -> anyhow::Result<u16> {
    let url = format!("http://127.0.0.1:{port}/api/races/{}/classes/{class}", race.race_id);
    let answer = reqwest::get(url).await?;
    if !answer.status().is_success() {
        return Ok(0);
    }
    let result: RaceResult = answer.json().await?;
    let row = result.results.iter().find(|row| u64::from(row.racer_id.get()) == racer);
    if let Some(row) = row {
        ensure!(row.score.to_string() == format!("{}.0000", u32::from(row.seconds) * 100), "{row:?}");
    }
    Ok(row.map_or(0, |row| row.seconds))
}

async fn count(port: u16, race: RaceMoment, class: u64, racer: u64, wanted: u16) -> anyhow::Result<()> {
    let what = format!("{wanted} seconds of racer {racer} in class {class}");
    until(&what, LIMIT, async || {
        let seconds = seconds(port, race, class, racer).await?;
        ensure!(seconds <= wanted, "{seconds} seconds count of {wanted}");
        Ok((seconds == wanted).then_some(()))
    })
    .await
}

pub(crate) async fn metric(port: u16, name: &str) -> anyhow::Result<Option<f64>> {
    let text = reqwest::get(format!("http://127.0.0.1:{port}/metrics")).await?.text().await?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(value.map(str::parse).transpose()?)
}

pub(crate) async fn is_connected(port: u16, wanted: bool) -> anyhow::Result<()> {
    until("the hub's word on its broker", LIMIT, async || {
        let connected = metric(port, "alleycat_broker_connected").await?;
        Ok((connected == Some(f64::from(u8::from(wanted)))).then_some(()))
    })
    .await
}

async fn ride(
    rider: &mut Client,
    race: RaceMoment,
    class: u64,
    racer: u64,
    seconds: impl Iterator<Item = u16>,
) -> anyhow::Result<()> {
    let messages: Vec<_> = seconds.map(|second| message(race, class, racer, second)).collect();
    let messages: Vec<_> = messages.iter().map(String::as_str).collect();
    publish_all(rider, &format!("alleycat-publish/{racer}"), &messages, Qos::AtLeastOnce).await
}

#[tokio::test]
async fn cut_links_and_a_killed_broker_lose_nothing_and_count_nothing_twice() -> anyhow::Result<()> {
    let race = race().await?;
    let mut broker = Broker::mosquitto_that_keeps().await?;
    let fates = CUTS.into_iter().flat_map(|bytes| [Fate::CutUp(bytes), Fate::CutDown(bytes)]);
    let proxy = Proxy::start(broker.port, fates.collect::<Vec<_>>()).await?;
    let (port, url) = (free_port()?, address(false, proxy.port));
    let _hub = Programs::from_env()?.hub(port, &at(&url, &[])).await?;
    is_connected(port, true).await?;
    let mut rider = client(broker.url(), options("rider"));
    for second in 1..=SECONDS / 2 {
        ride(&mut rider, race, 1, 7, std::iter::once(second)).await?;
    }
    count(port, race, 1, 7, SECONDS / 2).await?;
    broker.kill().await?;
    is_connected(port, false).await?;
    for second in SECONDS / 2 + 1..=SECONDS {
        let publish = Publish::new("alleycat-publish/7", message(race, 1, 7, second), Qos::AtLeastOnce);
        rider.publish(publish)?;
    }
    broker.restart().await?;
    while rider.queued() > 0 {
        wait(&mut rider, |event| matches!(event, Event::Acknowledged { .. }).then_some(())).await?;
    }
    count(port, race, 1, 7, SECONDS).await?;
    let counted = metric(port, "alleycat_messages_counted_total").await?;
    ensure!(counted == Some(f64::from(SECONDS)), "{counted:?} counted");
    let again = metric(port, "alleycat_messages_duplicate_total").await?.unwrap_or(0.0);
    println!("an external broker: {again} of {SECONDS} messages came again and did not count again");
    Ok(())
}

#[tokio::test]
async fn a_hub_killed_before_its_acknowledgements_has_every_second_once() -> anyhow::Result<()> {
    let race = race().await?;
    let broker = Broker::mosquitto_that_keeps().await?;
    let (programs, folder, url) = (Programs::from_env()?, tempfile::tempdir()?, broker.url());
    let data = folder.path().to_str().context("a name in UTF-8")?;
    let mut rider = client(broker.url(), options("rider"));
    let kills = 4;
    for kill in 0..kills {
        let port = free_port()?;
        let mut hub = programs.hub(port, &at(&url, &["--data", data])).await?;
        is_connected(port, true).await?;
        let part = SECONDS / kills;
        // Acknowledged by the broker, and under way to the hub: killed at another moment each time.
        ride(&mut rider, race, 1, 7, kill * part + 1..=(kill + 1) * part).await?;
        tokio::time::sleep(Duration::from_millis(u64::from(kill) * 5)).await;
        hub.kill().await?;
    }
    let port = free_port()?;
    let _hub = programs.hub(port, &at(&url, &["--data", data])).await?;
    count(port, race, 1, 7, SECONDS).await?;
    let again = metric(port, "alleycat_messages_duplicate_total").await?.unwrap_or(0.0);
    println!("a hub killed {kills} times: {again} messages came to the last one again");
    Ok(())
}

/// The newest board of each class at a broker: its best riders.
async fn boards(watcher: &mut Client, all: &mut BTreeMap<String, Value>) -> anyhow::Result<()> {
    let (topic, payload) = wait(watcher, |event| match event {
        Event::Message { topic, payload, .. } => Some((topic, payload)),
        _ => None,
    })
    .await?;
    let board: Value = serde_json::from_slice(&payload)?;
    all.insert(topic, json!([board["riders"], board["top"]]));
    Ok(())
}

#[tokio::test]
async fn two_hubs_that_share_make_the_boards_of_one() -> anyhow::Result<()> {
    let race = race().await?;
    let (shared, alone) = (Broker::mosquitto(false).await?, Broker::mosquitto(true).await?);
    let (programs, urls) = (Programs::from_env()?, [shared.url(), alone.url()]);
    let (first, second, one) = (free_port()?, free_port()?, free_port()?);
    let share = ["--share", "hall", "--classes"];
    let _first = programs.hub(first, &at(&urls[0], &[&share[..], &["1,2,3"]].concat())).await?;
    let _second = programs.hub(second, &at(&urls[0], &[&share[..], &["4,5,6"]].concat())).await?;
    let _one = programs.hub(one, &at(&urls[1], &[])).await?;
    for port in [first, second, one] {
        is_connected(port, true).await?;
    }
    // Two riders in each class; one of them has ridden longer.
    for url in &urls {
        let mut rider = client(url.clone(), options("rider"));
        for racer in 1..=12_u64 {
            let seconds = if racer <= 6 { SECONDS } else { SECONDS / 2 };
            ride(&mut rider, race, (racer - 1) % 6 + 1, racer, 1..=seconds).await?;
        }
    }
    for racer in 1..=12_u64 {
        let class = (racer - 1) % 6 + 1;
        let seconds = if racer <= 6 { SECONDS } else { SECONDS / 2 };
        count(if class <= 3 { first } else { second }, race, class, racer, seconds).await?;
        count(one, race, class, racer, seconds).await?;
    }
    let passed = [first, second].map(|port| metric(port, "alleycat_messages_passed_on_total"));
    for passed in passed {
        let passed = passed.await?.unwrap_or(0.0);
        ensure!(passed > 0.0, "a hub took no share of the other one's messages");
        println!("two hubs: {passed} messages passed on");
    }
    let mut watchers = Vec::new();
    for url in &urls {
        let mut watcher = client(url.clone(), options("watcher"));
        subscribed(&mut watcher, "alleycat-subscribe/+/board", Qos::AtMostOnce).await?;
        watchers.push((watcher, BTreeMap::new()));
    }
    until("the same boards at both brokers", LIMIT, async || {
        for (watcher, all) in &mut watchers {
            boards(watcher, all).await?;
        }
        let [(_, shared), (_, alone)] = &watchers[..] else { unreachable!("two watchers") };
        let whole = |board: &Value| board[1].as_array().is_some_and(|top| top.len() == 2);
        Ok((shared.len() == 6 && shared == alone && shared.values().all(whole)).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_hub_rides_over_tls_and_websockets_and_waits_for_a_broker_that_is_away() -> anyhow::Result<()> {
    let race = race().await?;
    for web in [false, true] {
        let (mut broker, certificate) = Broker::mosquitto_with_tls(web).await?;
        broker.kill().await?;
        let (port, url, programs) = (free_port()?, broker.url(), Programs::from_env()?);
        // It starts without its broker, and its page works.
        let _hub = programs.hub_that_trusts(&broker.certificate(), port, &at(&url, &["--open"])).await?;
        is_connected(port, false).await?;
        let get = async |path: &str| {
            anyhow::Ok(reqwest::get(format!("http://127.0.0.1:{port}{path}")).await?.json::<Value>().await?)
        };
        let health = get("/healthz").await?;
        ensure!(health["broker"] == "not reached" && health["status"] == "degraded", "{health}");
        let config = get("/config.json").await?;
        ensure!(config["mqtt"]["url"] == "ws://broker/mqtt", "{config}");
        broker.restart().await?;
        is_connected(port, true).await?;
        let health = get("/healthz").await?;
        ensure!(health["broker"] == "connected", "{health}");
        let mut rider = crate::tls::client(&broker, &certificate)?;
        ride(&mut rider, race, 2, 9, 1..=3).await?;
        // Foreign racers are refused, though the broker let them through.
        let foreign = message(race, 2, 8, 4);
        publish_all(&mut rider, "alleycat-publish/9", &[&foreign], Qos::AtLeastOnce).await?;
        count(port, race, 2, 9, 3).await?;
        until("the refusal", LIMIT, async || {
            let refused = metric(port, "alleycat_messages_refused_total{reason=\"foreign-racer\"}").await?;
            Ok((refused == Some(1.0)).then_some(()))
        })
        .await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_doctor_names_a_broker_that_would_let_the_hub_fall_behind() -> anyhow::Result<()> {
    // As it comes, with 20 messages under way; and as the one in `deploy/` is set up.
    let (narrow, wide) = (Broker::mosquitto(false).await?, Broker::mosquitto_that_keeps().await?);
    for (broker, is_narrow) in [(narrow, true), (wide, false)] {
        let url = broker.url();
        let args = [&["doctor", "--listen", "127.0.0.1:0"][..], &at(&url, &[])[..]].concat();
        let output = Programs::from_env()?.command("alleycat-hub", args).output().await?;
        let said = String::from_utf8(output.stdout)?;
        let told = said.contains("only 20 messages under way at once");
        ensure!(output.status.success() && said.contains("subscriptions work"), "{said}");
        ensure!(told == is_narrow, "{said}");
    }
    Ok(())
}
