//! Boards at a broker that counts what each connection publishes, as AWS IoT Core does: Mosquitto, with somebody
//! in between who counts.

use std::collections::BTreeSet;
use std::time::Duration;

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

/// What each connection of the hub published in each second, at most; and whose views came.
async fn published(limits: &str) -> anyhow::Result<(Vec<usize>, usize, Option<f64>)> {
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
        let (mut ticks, clock) = (interval(Duration::from_secs(1)), RaceClock::new(RACE_SECONDS));
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
            looks.push(proxy.said().iter().map(|said| publishes(said)).collect::<Vec<_>>());
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
    let in_a_second = |connection: usize| {
        let windows = steady.windows(11).map(|looks| looks[10][connection] - looks[0][connection]);
        windows.max().unwrap_or(0)
    };
    let most = (0..steady[0].len()).map(in_a_second).collect();
    Ok((most, seen.len(), metric(port, "alleycat_broker_board_connections").await?))
}

#[tokio::test]
async fn boards_keep_to_what_a_connection_may_publish_and_reach_every_rider() -> anyhow::Result<()> {
    let (most, seen, connections) = published("none").await?;
    ensure!(most.len() == 1 && most[0] > 2 * MOST, "without limits one connection carries all: {most:?}");
    ensure!(seen == usize::try_from(RIDERS)? && connections.is_none(), "{seen} riders have a view");
    let (most, seen, connections) = published("aws-iot-core").await?;
    println!("{RIDERS} riders: at most {most:?} publishes in a second by connection");
    ensure!(most.len() == 4 && connections == Some(3.0), "the hub's own connection and three: {most:?}");
    // What was sent in its second may come through a busy machine a little later, and bunched.
    ensure!(most.iter().all(|most| *most <= MOST + MOST / 10), "{most:?}");
    ensure!(most.iter().sum::<usize>() > usize::try_from(RIDERS)?, "boards are lost: {most:?}");
    ensure!(seen == usize::try_from(RIDERS)?, "{seen} riders have a view");
    Ok(())
}
