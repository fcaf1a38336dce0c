//! As much as a server acknowledges: connections that each keep a window of messages in flight, every one of
//! them a second of its own, which must be counted and kept.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use tokio::task::JoinSet;

use crate::wire::{Client, PUBACK, now, publish};

/// What was acknowledged.
pub(crate) struct Ingested {
    pub(crate) acknowledged: u64,
    /// Acknowledged a second, while messages were sent.
    pub(crate) rate: f64,
    /// How many packets came in one WebSocket message.
    pub(crate) packets_a_message: f64,
    /// The race that they were of: the hour-long one before this hour's.
    pub(crate) race: u64,
}

/// Sends for `limit` and waits until every message is acknowledged.
pub(crate) async fn ingest(
    port: u16,
    connections: u32,
    window: u16,
    limit: Duration,
) -> anyhow::Result<Ingested> {
    let race = now().as_secs() / RACE_SECONDS - 1;
    let mut clients = Vec::new();
    for client in 0..connections {
        clients.push(Client::connect(port, &format!("ingest-{client}")).await?);
    }
    let began = Instant::now();
    let mut sending = JoinSet::new();
    for (client, number) in clients.into_iter().zip(0..) {
        sending.spawn(send(client, (number, connections), race, window, limit));
    }
    let (mut acknowledged, mut in_time, mut messages, mut packets) = (0, 0, 0, 0);
    while let Some(sent) = sending.join_next().await {
        let sent = sent??;
        acknowledged += sent.acknowledged;
        in_time += sent.in_time;
        messages += sent.client.messages;
        packets += sent.client.packets;
    }
    let seconds = limit.min(began.elapsed()).as_secs_f64();
    let rate = in_time as f64 / seconds;
    Ok(Ingested { acknowledged, rate, packets_a_message: packets as f64 / messages as f64, race })
}

/// Lets every rider of a race have ridden all its seconds, each on a connection of its own.
pub(crate) async fn fill(port: u16, riders: u32, race: u64, seconds: u64) -> anyhow::Result<()> {
    for first in (0..riders).step_by(AT_ONCE as usize) {
        let some = first..riders.min(first + AT_ONCE);
        try_join_all(some.map(|racer| whole(port, racer, race, seconds))).await?;
    }
    Ok(())
}

/// One rider's seconds of a race.
async fn whole(port: u16, racer: u32, race: u64, seconds: u64) -> anyhow::Result<()> {
    let mut client = Client::connect(port, &format!("fill-{racer}")).await?;
    let (mut packets, mut missing) = (Vec::new(), seconds);
    for second in 1..=seconds {
        publish(racer, 1, race, second, second as u16, &mut packets);
    }
    client.send(packets).await?;
    while missing > 0 {
        client.receive(|kind, _| missing -= u64::from(kind == PUBACK)).await?;
    }
    Ok(())
}

struct Sent {
    acknowledged: u64,
    in_time: u64,
    client: Client,
}

async fn send(
    mut client: Client,
    (number, connections): (u32, u32),
    race: u64,
    window: u16,
    limit: Duration,
) -> anyhow::Result<Sent> {
    let began = Instant::now();
    let (mut sent, mut acknowledged, mut in_time, mut id) = (0_u64, 0_u64, 0, 0_u16);
    loop {
        if began.elapsed() < limit {
            let mut packets = Vec::new();
            while sent - acknowledged < u64::from(window) {
                // Each racer has the seconds of one race.
                let racer = number + connections * (sent / RACE_SECONDS) as u32;
                id = id % u16::MAX + 1;
                publish(racer, 1, race, sent % RACE_SECONDS + 1, id, &mut packets);
                sent += 1;
            }
            client.send(packets).await?;
        } else if acknowledged == sent {
            return Ok(Sent { acknowledged, in_time, client });
        }
        client.receive(|kind, _| acknowledged += u64::from(kind == PUBACK)).await?;
        if began.elapsed() < limit {
            in_time = acknowledged;
        }
    }
}

/// Riders whose seconds are on their way together.
const AT_ONCE: u32 = 100;

/// The longest race: so each rider has many seconds.
pub(crate) const RACE_SECONDS: u64 = 3_600;
