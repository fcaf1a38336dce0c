//! Brokers that die, links that fall silent, ids that are used twice.

use std::time::Duration;

use alleycat_mqtt::client::FileStore;
use alleycat_mqtt::{Backoff, Event, Options, Publish, Qos, Reason};
use alleycat_tests::{Broker, Fate, Proxy, address};
use anyhow::{Context, ensure};

use crate::rig::{Heard, LIMIT, client, judge, note, options, publish_all, subscribed, unique, wait};

const FLOOD: usize = 2_000;
const KILLS: usize = 5;

/// The payloads of all PUBLISH packets in what a client said over TCP, in order, with their DUP flags.
fn published(said: &[Vec<u8>]) -> Vec<(String, bool)> {
    let mut all = Vec::new();
    for mut bytes in said.iter().map(Vec::as_slice) {
        // All packets of these tests are shorter than 128 bytes; the last one may be cut.
        while let [first, length, rest @ ..] = bytes
            && let Some((body, next)) = rest.split_at_checked(usize::from(*length))
        {
            if first >> 4 == 3 {
                let topic = 2 + usize::from(body[0]) * 256 + usize::from(body[1]);
                all.push((String::from_utf8_lossy(&body[topic + 2..]).into_owned(), first & 8 != 0));
            }
            bytes = next;
        }
    }
    all
}

#[tokio::test]
async fn a_broker_killed_in_mid_flow_gets_every_message_in_order() -> anyhow::Result<()> {
    let mut broker = Broker::mosquitto(false).await?;
    let proxy = Proxy::start(broker.port, []).await?;
    let mut client = client(address(false, proxy.port), options("flood"));
    let payloads: Vec<String> = (0..FLOOD).map(|n| n.to_string()).collect();
    for (n, payload) in payloads.iter().enumerate() {
        let qos = if n % 2 == 0 { Qos::AtLeastOnce } else { Qos::ExactlyOnce };
        client.publish(Publish::new("flood", payload.clone(), qos))?;
    }
    let mut acknowledged = Vec::new();
    for kill in 1..=KILLS {
        // Somewhere in the flow, each time at another point of the exchange.
        let enough = kill * FLOOD / (KILLS + 1) + kill * 7;
        wait(&mut client, |event| {
            if let Event::Acknowledged { ticket } = event {
                acknowledged.push(ticket);
            }
            (acknowledged.len() >= enough).then_some(())
        })
        .await?;
        broker.kill().await?;
        wait(&mut client, |event| matches!(event, Event::Disconnected { .. }).then_some(())).await?;
        broker.restart().await?;
    }
    while client.queued() > 0 {
        wait(&mut client, |event| matches!(event, Event::Acknowledged { .. }).then_some(())).await?;
    }
    let mut firsts = published(&proxy.said()).into_iter().map(|(payload, _)| payload).collect::<Vec<_>>();
    let mut seen = std::collections::HashSet::new();
    firsts.retain(|payload| seen.insert(payload.clone()));
    ensure!(firsts == payloads, "{} of {FLOOD} messages were sent, or not in order", firsts.len());
    Ok(())
}

#[tokio::test]
async fn a_half_open_link_is_given_up_and_nothing_is_lost() -> anyhow::Result<()> {
    let broker = Broker::mosquitto(false).await?;
    let mut watcher = client(broker.url(), options("watcher"));
    subscribed(&mut watcher, "half-open", Qos::ExactlyOnce).await?;
    // Where it falls silent: before CONNACK, before PUBACK, in the middle of a packet.
    for bytes in [0, 10, 60, 70] {
        let proxy = Proxy::start(broker.port, [Fate::Stalls(bytes)]).await?;
        let quick = Options {
            answer_timeout: 200,
            ping_timeout: 200,
            connect_timeout: 1_000,
            ..options("half-open")
        };
        let mut client = client(address(false, proxy.port), quick);
        let payloads = ["a", "b", "c"].map(|name| format!("{name}{bytes}"));
        let payloads = payloads.each_ref().map(String::as_str);
        publish_all(&mut client, "half-open", &payloads, Qos::ExactlyOnce).await?;
        ensure!(proxy.said().len() == 2, "{} connections", proxy.said().len());
        let mut came = Vec::new();
        wait(&mut watcher, |event| {
            if let Event::Message { payload, .. } = event {
                came.push(String::from_utf8_lossy(&payload).into_owned());
            }
            (came.len() >= payloads.len()).then_some(())
        })
        .await?;
        judge(&payloads, &came, Qos::ExactlyOnce)?;
    }
    Ok(())
}

#[tokio::test]
async fn two_clients_of_one_id_say_so_and_slow_down() -> anyhow::Result<()> {
    let broker = Broker::mosquitto(false).await?;
    let id = unique("twin");
    let twin = || {
        let backoff = Backoff { base: 50, cap: 60_000, stable_after: 20_000 };
        client(broker.url(), Options { client_id: id.clone(), backoff, ..Options::default() })
    };
    let (mut first, mut second) = (twin(), twin());
    let told = async {
        loop {
            let event = tokio::select! {
                event = first.event() => event,
                event = second.event() => event,
            };
            if let Event::Disconnected { reason: Reason::TakenOver, retry_at } = event {
                return retry_at;
            }
        }
    };
    let retry_at = tokio::time::timeout(LIMIT, told).await.context("one of them is told")?;
    ensure!(retry_at >= Some(30_000), "the next attempt at {retry_at:?} is no fast retry");
    Ok(())
}

#[tokio::test]
async fn a_lost_session_is_subscribed_again_and_a_kept_one_is_not() -> anyhow::Result<()> {
    let mut broker = Broker::mosquitto(false).await?;
    let proxy = Proxy::start(broker.port, [Fate::CutUp(200)]).await?;
    let mut listener = client(address(false, proxy.port), options("listener"));
    subscribed(&mut listener, "news", Qos::AtLeastOnce).await?;
    // The proxy cuts the link in the midst of this; the session stays.
    publish_all(&mut listener, "elsewhere", &["x"; 10], Qos::AtLeastOnce).await?;
    let subscribes = |proxy: &Proxy| {
        let said = proxy.said();
        let connection = said.last().cloned().unwrap_or_default();
        connection.windows(8).any(|window| window[0] == 0x82 && window.ends_with(b"ne"))
    };
    ensure!(proxy.said().len() == 2 && !subscribes(&proxy), "a kept session needs no SUBSCRIBE");
    let mut author = client(broker.url(), options("author"));
    publish_all(&mut author, "news", &["one"], Qos::AtLeastOnce).await?;
    broker.restart().await?;
    // Mosquitto has forgotten everything, and the client subscribes again by itself.
    wait(&mut listener, |event| matches!(event, Event::Subscribed { .. }).then_some(())).await?;
    publish_all(&mut author, "news", &["two"], Qos::AtLeastOnce).await?;
    wait(&mut listener, |event| match event {
        Event::Message { payload, .. } => (payload == "two").then_some(()),
        _ => None,
    })
    .await?;
    ensure!(subscribes(&proxy), "a lost session needs one");
    Ok(())
}

#[tokio::test]
async fn messages_in_a_file_survive_the_program() -> anyhow::Result<()> {
    let broker = Broker::mosquitto(false).await?;
    let mut watcher = client(broker.url(), options("watcher"));
    subscribed(&mut watcher, "kept", Qos::ExactlyOnce).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("outbox.redb");
    let options = Options { keep: true, ..options("keeper") };
    // The first two lives are cut short at some byte of the exchange, the third one gets through.
    for (life, bytes) in [Some(100), Some(130), None].into_iter().enumerate() {
        let fate = bytes.map_or(Fate::Passes, Fate::Stalls);
        let proxy = Proxy::start(broker.port, [fate]).await?;
        let client = client(address(false, proxy.port), options.clone());
        let mut client = client.keep_in(FileStore::open(&file)?)?;
        for n in 0..3 {
            client.publish(Publish::new("kept", format!("{life}.{n}"), Qos::ExactlyOnce))?;
        }
        let done = async {
            while client.queued() > 0 {
                client.event().await;
            }
        };
        match bytes {
            // Dropped where it stands, as by a crash: it says no goodbye and writes nothing more.
            Some(_) => _ = tokio::time::timeout(Duration::from_millis(300), done).await,
            None => tokio::time::timeout(LIMIT, done).await.context("the third life delivers everything")?,
        }
    }
    let mut author = client(broker.url(), crate::rig::options("author"));
    publish_all(&mut author, "kept", &["end"], Qos::ExactlyOnce).await?;
    let mut heard = Heard::new();
    while heard.get("kept").is_none_or(|came| came.last().is_none_or(|last| last != "end")) {
        note(&mut heard, tokio::time::timeout(LIMIT, watcher.event()).await?);
    }
    let sent = ["0.0", "0.1", "0.2", "1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "end"];
    judge(&sent, &heard["kept"], Qos::ExactlyOnce)
}
