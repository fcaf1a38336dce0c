//! Clients and what they hear.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use alleycat_mqtt::client::Client;
use alleycat_mqtt::{Backoff, Event, Options, Publish, Qos, Ticket};
use anyhow::{Context, ensure};

/// Long enough for anything that happens at all, on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// A client id that nobody else has.
pub(crate) fn unique(name: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{name}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A session that the broker keeps, and which comes back at once when it is cut.
pub(crate) fn options(name: &str) -> Options {
    Options {
        clean_session: false,
        backoff: Backoff { base: 20, cap: 50, stable_after: 0 },
        ..Options::new(unique(name))
    }
}

pub(crate) fn client(url: String, options: Options) -> Client {
    Client::new(url, options, 7).unwrap()
}

/// Waits for an event that `good` picks, and drops the others.
pub(crate) async fn wait<T>(
    client: &mut Client,
    mut good: impl FnMut(Event) -> Option<T>,
) -> anyhow::Result<T> {
    let found = async {
        loop {
            if let Some(found) = good(client.event().await) {
                return found;
            }
        }
    };
    tokio::time::timeout(LIMIT, found).await.context("waited in vain for an event")
}

pub(crate) async fn subscribed(client: &mut Client, filter: &str, qos: Qos) -> anyhow::Result<()> {
    client.subscribe(filter, qos)?;
    wait(client, |event| matches!(event, Event::Subscribed { .. }).then_some(())).await
}

/// Publishes these payloads to a topic and waits until the broker has all of them.
pub(crate) async fn publish_all(
    client: &mut Client,
    topic: &str,
    payloads: &[&str],
    qos: Qos,
) -> anyhow::Result<()> {
    let tickets =
        payloads.iter().map(|payload| client.publish(Publish::new(topic, payload.to_string(), qos)));
    let tickets: Vec<Ticket> = tickets.collect::<Result<_, _>>()?;
    let mut acknowledged = Vec::new();
    wait(client, |event| {
        if let Event::Acknowledged { ticket } = event {
            acknowledged.push(ticket);
        }
        (acknowledged.len() >= tickets.len()).then_some(())
    })
    .await?;
    ensure!(acknowledged == tickets, "acknowledged {acknowledged:?} of {tickets:?}");
    Ok(())
}

/// What came, by topic, in order.
pub(crate) type Heard = HashMap<String, Vec<String>>;

/// Notes a message.
pub(crate) fn note(heard: &mut Heard, event: Event) {
    if let Event::Message { topic, payload, .. } = event {
        heard.entry(topic).or_default().push(String::from_utf8_lossy(&payload).into_owned());
    }
}

/// Checks what came of one exchange: with QoS 2 exactly what was sent, with QoS 1 at least once and with
/// each first appearance in order.
pub(crate) fn judge(sent: &[&str], came: &[String], qos: Qos) -> anyhow::Result<()> {
    if qos == Qos::ExactlyOnce {
        ensure!(came == sent, "{came:?} came of {sent:?}");
    }
    let mut firsts: Vec<&String> = Vec::new();
    for payload in came {
        if !firsts.contains(&payload) {
            firsts.push(payload);
        }
    }
    ensure!(firsts == sent.iter().collect::<Vec<_>>(), "{came:?} came of {sent:?}");
    Ok(())
}
