//! Boards at a broker that counts what each connection publishes, as AWS IoT Core does: Mosquitto, with somebody
//! in between who counts.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use alleycat_mqtt::{Event, Options, Publish, Qos};
use alleycat_shared::race::RaceClock;
use alleycat_tests::{Broker, Programs, Proxy, address, free_port};
use anyhow::{Context, ensure};
use tokio::time::interval;

use crate::external::{RACE_SECONDS, at, is_connected, message, metric, now, race};
use crate::rig::{client, options, subscribed, wait};

/// Views of so many riders a second take three connections.
const RIDERS: u64 = 250;
const MOST: usize = 100;
const LOOKS: usize = 100;
const SECOND: Duration = Duration::from_secs(1);

/// How many packets each connection has published until a moment.
type Look = (Instant, Vec<usize>);

/// What a run came to.
#[derive(Debug)]
struct Published {
    /// By each connection in a second, at most.
    most: Vec<usize>,
    /// By all of them in a second, or a little longer where a busy machine looks late.
    together: usize,
    /// Whose views came.
    seen: usize,
    /// How many the hub says it has for boards.
    connections: Option<f64>,
}

/// The most that a connection published between two looks that are a second apart at most.
fn in_a_second(looks: &[Look], connection: usize) -> usize {
    let since = |(at, (from, before)): (usize, &Look)| {
        let within = looks[at..].iter().take_while(|(to, _)| *to - *from <= SECOND);
        within.last().map_or(0, |(_, after)| after[connection] - before[connection])
    };
    looks.iter().enumerate().map(since).max().unwrap_or(0)
}

/// The most that all connections published between a look and the next that is a second away at least.
fn together(looks: &[Look]) -> usize {
    let all = |counts: &[usize]| counts.iter().sum::<usize>();
    let since = |(at, (from, before)): (usize, &Look)| {
        let (_, after) = looks[at..].iter().find(|(to, _)| *to - *from >= SECOND)?;
        Some(all(after) - all(before))
    };
    looks.iter().enumerate().filter_map(since).max().unwrap_or(0)
}

/// How many PUBLISH packets a client has said.
fn publishes(mut said: &[u8]) -> usize {
    let mut count = 0;
    while let [first, rest @ ..] = said {
        let (mut length, mut at) = (0, 0);
        while let Some(byte) = rest.get(at) {
            length |= usize::from(byte & 0x7f) << (7 * at);
            at += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let Some(next) = rest.get(at + length..) else { break };
        count += usize::from(first >> 4 == 3);
        said = next;
    }
    count
}

/// Lets riders ride at a hub that knows these limits, and counts.
async fn published(limits: &str) -> anyhow::Result<Published> {
    let race = race().await?;
    let broker = Broker::mosquitto(false).await?;
    let proxy = Proxy::start(broker.port, []).await?;
    let (port, url) = (free_port()?, address(false, proxy.port));
    let _hub = Programs::from_env()?.hub(port, &at(&url, &["--open", "--broker-limits", limits])).await?;
    is_connected(port, true).await?;
    let mut reader = client(broker.url(), options("reader"));
    subscribed(&mut reader, "alleycat-subscribe/1/rider/+", Qos::AtMostOnce).await?;
    let mut riders = client(broker.url(), Options { queue_count: 1_000, ..options("riders") });
    let ride = async {
        let (mut ticks, clock) = (interval(SECOND), RaceClock::new(RACE_SECONDS));
        let clock = clock.context("a race's length")?;
        loop {
            ticks.tick().await;
            let second = clock.at(now()?).second.get();
            for racer in 1..=RIDERS {
                let (topic, payload) = (format!("alleycat-publish/{racer}"), message(race, 1, racer, second));
                riders.publish(Publish::new(topic, payload, Qos::AtLeastOnce))?;
            }
            while riders.queued() > 0 {
                wait(&mut riders, |event| matches!(event, Event::Acknowledged { .. }).then_some(())).await?;
            }
        }
    };
    let mut seen = BTreeSet::new();
    let read = async {
        loop {
            let topic = |event| if let Event::Message { topic, .. } = event { Some(topic) } else { None };
            seen.insert(wait(&mut reader, topic).await?);
        }
    };
    let mut looks = Vec::new();
    let look = async {
        let mut ticks = interval(Duration::from_millis(100));
        for _ in 0..LOOKS {
            ticks.tick().await;
            let now = Instant::now();
            looks.push((now, proxy.said().iter().map(|said| publishes(said)).collect::<Vec<_>>()));
        }
        anyhow::Ok(())
    };
    tokio::select! {
        looked = look => looked?,
        result = ride => return result,
        result = read => return result,
    }
    // By then all riders ride, and all connections are there.
    let steady = &looks[LOOKS / 2..];
    let most = (0..steady[0].1.len()).map(|connection| in_a_second(steady, connection)).collect();
    let connections = metric(port, "alleycat_broker_board_connections").await?;
    Ok(Published { most, together: together(steady), seen: seen.len(), connections })
}

#[test]
fn a_second_is_what_lies_between_looks_that_are_one_apart() {
    let start = Instant::now();
    // The machine was busy: no look for more than a second.
    let looks: Vec<Look> = [(0, 0), (500, 10), (1_000, 30), (2_500, 200), (3_100, 210)]
        .map(|(ms, count)| (start + Duration::from_millis(ms), vec![0, count]))
        .to_vec();
    assert_eq!([in_a_second(&looks, 0), in_a_second(&looks, 1), together(&looks)], [0, 30, 190]);
}

#[tokio::test]
async fn boards_keep_to_what_a_connection_may_publish_and_reach_every_rider() -> anyhow::Result<()> {
    let riders = usize::try_from(RIDERS)?;
    let free = published("none").await?;
    let one = free.most.len() == 1 && free.most[0] > 2 * MOST && free.connections.is_none();
    ensure!(one, "without limits one connection carries all: {free:?}");
    ensure!(free.seen == riders, "riders have no view: {free:?}");
    let held = published("aws-iot-core").await?;
    println!("{RIDERS} riders: at most {:?} publishes in a second by connection", held.most);
    let four = held.most.len() == 4 && held.connections == Some(3.0);
    ensure!(four, "the hub's own connection and three: {held:?}");
    // What was sent in its second may come through a busy machine a little later, and bunched.
    ensure!(held.most.iter().all(|most| *most <= MOST + MOST / 10), "{held:?}");
    ensure!(held.together > riders, "boards are lost: {held:?}");
    ensure!(held.seen == riders, "riders have no view: {held:?}");
    Ok(())
}
