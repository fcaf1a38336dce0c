//! The link is cut after every single byte of an exchange, in each direction and in each role: nothing is
//! lost, nothing of QoS 2 comes twice (unless the broker repeats it), and the order is kept.

use std::ops::ControlFlow;

use alleycat_mqtt::client::Client;
use alleycat_mqtt::{Event, Qos};
use alleycat_tests::{Broker, Fate, Proxy, address};
use anyhow::Context;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use crate::rig::{Heard, client, judge, note, options, publish_all, subscribed, unique, wait};

const PAYLOADS: [&str; 2] = ["first", "second"];
/// The last of all messages.
const END: &str = "end";
/// Exchanges at once.
const AT_ONCE: usize = 24;

#[tokio::test]
async fn mosquitto_over_tcp() -> anyhow::Result<()> {
    every_cut(Broker::mosquitto(false).await?).await
}

#[tokio::test]
async fn mosquitto_in_a_websocket() -> anyhow::Result<()> {
    every_cut(Broker::mosquitto(true).await?).await
}

#[tokio::test]
async fn aedes_in_a_websocket() -> anyhow::Result<()> {
    every_cut(Broker::aedes().await?).await
}

async fn every_cut(broker: Broker) -> anyhow::Result<()> {
    let mut exchanges = 0;
    for qos in [Qos::AtLeastOnce, Qos::ExactlyOnce] {
        for cut in [Fate::CutUp as fn(usize) -> Fate, Fate::CutDown] {
            exchanges += sending(&broker, qos, cut).await?;
            exchanges += receiving(&broker, qos, cut).await?;
        }
    }
    println!("{}: {exchanges} exchanges, each cut at another byte", broker.name());
    Ok(())
}

/// Cuts after 0, 1, 2, … bytes, until an exchange gets through uncut. Returns how many there were.
async fn until_uncut<F>(exchange: impl Fn(usize) -> F) -> anyhow::Result<usize>
where
    F: Future<Output = anyhow::Result<ControlFlow<()>>> + Send + 'static,
{
    let (mut running, mut next, mut uncut) = (JoinSet::new(), 0, false);
    loop {
        while !uncut && running.len() < AT_ONCE {
            let (bytes, exchange) = (next, exchange(next));
            running.spawn(async move { exchange.await.with_context(|| format!("cut after {bytes} bytes")) });
            next += 1;
        }
        let Some(done) = running.join_next().await else { return Ok(next) };
        uncut |= done??.is_break();
    }
}

/// The client under test publishes; a watcher with a link of its own sees what the broker made of it.
async fn sending(broker: &Broker, qos: Qos, cut: fn(usize) -> Fate) -> anyhow::Result<usize> {
    let root = unique("sending");
    let mut watcher = client(broker.url(), options("watcher"));
    subscribed(&mut watcher, &format!("{root}/#"), Qos::ExactlyOnce).await?;
    let (stop, mut stopped) = oneshot::channel::<()>();
    let end = format!("{root}/{END}");
    let watching = tokio::spawn(async move {
        let mut heard = Heard::new();
        // What the others have published is in the broker before the last message of all.
        while !heard.contains_key(&end) {
            tokio::select! {
                event = watcher.event() => note(&mut heard, event),
                _ = &mut stopped => break,
            }
        }
        heard
    });
    let (port, web) = (broker.port, broker.web);
    let of = root.clone();
    let count = until_uncut(move |bytes| {
        let topic = format!("{of}/{bytes}");
        async move {
            let proxy = Proxy::start(port, [cut(bytes)]).await?;
            let mut client = client(address(web, proxy.port), options("cut"));
            publish_all(&mut client, &topic, &PAYLOADS, qos).await?;
            Ok(uncut(&proxy))
        }
    })
    .await?;
    let mut last = client(broker.url(), options("last"));
    publish_all(&mut last, &format!("{root}/{END}"), &[END], Qos::AtLeastOnce).await?;
    let heard =
        tokio::time::timeout(crate::rig::LIMIT, watching).await.context("the watcher sees the end")??;
    drop(stop);
    let judged = if broker.repeats_qos_2() { Qos::AtLeastOnce } else { qos };
    for bytes in 0..count {
        let came = heard.get(&format!("{root}/{bytes}")).map_or(&[][..], Vec::as_slice);
        judge(&PAYLOADS, came, judged).with_context(|| format!("{qos:?}, {:?}", cut(bytes)))?;
    }
    Ok(count)
}

/// The client under test subscribes; somebody else publishes once it is there.
async fn receiving(broker: &Broker, qos: Qos, cut: fn(usize) -> Fate) -> anyhow::Result<usize> {
    let root = unique("receiving");
    let (orders, mut wanted) = mpsc::unbounded_channel::<(String, &'static [&'static str])>();
    let url = broker.url();
    let publishing = tokio::spawn(async move {
        let mut publisher = client(url, options("publisher"));
        while let Some((topic, payloads)) = wanted.recv().await {
            publish_all(&mut publisher, &topic, payloads, qos).await?;
        }
        anyhow::Ok(())
    });
    let (port, web) = (broker.port, broker.web);
    let judged = if broker.repeats_qos_2() { Qos::AtLeastOnce } else { qos };
    let count = until_uncut(move |bytes| {
        let (topic, orders) = (format!("{root}/{bytes}"), orders.clone());
        async move {
            let proxy = Proxy::start(port, [cut(bytes)]).await?;
            let mut client = client(address(web, proxy.port), options("cut"));
            subscribed(&mut client, &topic, qos).await?;
            // What is sent again comes before the end, for the broker keeps the order too.
            orders.send((topic.clone(), &PAYLOADS))?;
            let mut came = hear(&mut client, PAYLOADS[PAYLOADS.len() - 1]).await?;
            orders.send((topic, &[END]))?;
            came.extend(hear(&mut client, END).await?);
            let sent = [&PAYLOADS[..], &[END]].concat();
            judge(&sent, &came, judged).with_context(|| format!("{qos:?}, {:?}", cut(bytes)))?;
            Ok(uncut(&proxy))
        }
    })
    .await?;
    publishing.await??;
    Ok(count)
}

/// Everything up to `last`.
async fn hear(client: &mut Client, last: &str) -> anyhow::Result<Vec<String>> {
    let mut came = Vec::new();
    wait(client, |event| {
        if let Event::Message { payload, .. } = event {
            came.push(String::from_utf8_lossy(&payload).into_owned());
        }
        came.last().is_some_and(|payload| payload == last).then_some(())
    })
    .await?;
    Ok(came)
}

/// Whether the first connection was all that it took.
fn uncut(proxy: &Proxy) -> ControlFlow<()> {
    if proxy.said().len() == 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}
