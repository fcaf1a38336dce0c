//! Riders as they are: one message a second each, at QoS 1, and a board and a view of their own to read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alleycat_shared::race::DEFAULT_RACE_SECONDS;
use anyhow::Context;
use tokio::task::JoinSet;

use crate::wire::{Client, PINGRESP, PUBACK, PUBLISH, now, packet, publish, subscribe};

/// Riders who ride until they are told to stop.
pub(crate) struct Field {
    riding: JoinSet<anyhow::Result<Rode>>,
    counting: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
}

/// How a field rides.
#[derive(Clone, Copy)]
pub(crate) struct Way {
    /// How many classes it is spread over.
    pub(crate) classes: u32,
    /// How far apart its riders send within each second, ms. A page sends as a second begins on the hub's clock, which
    /// it knows to some milliseconds.
    pub(crate) spread: u32,
}

/// As pages do.
pub(crate) const IN_STEP: u32 = 50;

/// What riders saw while it was counted.
#[derive(Default)]
pub(crate) struct Rode {
    pub(crate) acknowledged: u64,
    pub(crate) boards: u64,
    pub(crate) messages: u64,
    pub(crate) packets: u64,
    /// From publish to PUBACK, in microseconds.
    pub(crate) waits: Vec<u32>,
    /// From when a board was due on the clock until a rider had it, in microseconds.
    pub(crate) lateness: Vec<u32>,
    /// What one rider was sent, as it came: to weigh compression with.
    pub(crate) frames: Vec<Vec<u8>>,
}

impl Field {
    /// Connects `count` riders, one after the other in sixteen rows, and lets them ride.
    pub(crate) async fn start(port: u16, count: u32, way: Way) -> anyhow::Result<Self> {
        let classes = way.classes;
        let (counting, stop) = (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default());
        let mut connecting = JoinSet::new();
        for row in 0..ROWS {
            connecting.spawn(async move {
                let mut clients = Vec::new();
                for racer in (row..count).step_by(ROWS as usize) {
                    let mut client = Client::connect(port, &format!("rider-{racer}")).await?;
                    let root = format!("alleycat-subscribe/{}", racer % classes + 1);
                    let topics = [format!("{root}/board"), format!("{root}/rider/{}", FIRST + racer)];
                    client.send(subscribe(1, &topics)).await?;
                    clients.push((racer, client));
                }
                anyhow::Ok(clients)
            });
        }
        let mut riding = JoinSet::new();
        for clients in connecting.join_all().await {
            for (racer, client) in clients? {
                let class = racer % classes + 1;
                let phase = u64::from(way.spread) * u64::from(racer) / u64::from(count);
                let rider = Rider { client, racer, class, count, phase, counting: Arc::clone(&counting) };
                riding.spawn(rider.ride(Arc::clone(&stop)));
            }
        }
        Ok(Self { riding, counting, stop })
    }

    /// From now on it counts what they see, or no more.
    pub(crate) fn count(&self, on: bool) {
        self.counting.store(on, Ordering::Relaxed);
    }

    /// Ends all rides.
    pub(crate) async fn finish(mut self) -> anyhow::Result<Rode> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Rode::default();
        while let Some(rode) = self.riding.join_next().await {
            let rode = rode?.context("a rider lost the connection")?;
            all.acknowledged += rode.acknowledged;
            all.boards += rode.boards;
            all.messages += rode.messages;
            all.packets += rode.packets;
            all.waits.extend(rode.waits);
            all.lateness.extend(rode.lateness);
            all.frames.extend(rode.frames);
        }
        all.waits.sort_unstable();
        all.lateness.sort_unstable();
        Ok(all)
    }
}

struct Rider {
    client: Client,
    racer: u32,
    class: u32,
    count: u32,
    /// When in each second it sends, ms.
    phase: u64,
    counting: Arc<AtomicBool>,
}

impl Rider {
    async fn ride(mut self, stop: Arc<AtomicBool>) -> anyhow::Result<Rode> {
        let mut rode = Rode::default();
        let mut next = tokio::time::Instant::now() + until(self.phase);
        let (mut id, mut sent) = (0_u16, None::<Instant>);
        while !stop.load(Ordering::Relaxed) {
            let heard = tokio::select! {
                // A read that is cut short loses nothing: whole messages come, or none.
                message = futures_util::StreamExt::next(&mut self.client.socket) => message,
                () = tokio::time::sleep_until(next) => {
                    id = id % u16::MAX + 1;
                    let now = now();
                    let race = now.as_secs() / RACE_SECONDS;
                    let mut packets = Vec::new();
                    publish(FIRST + self.racer, self.class, race, now.as_secs() % RACE_SECONDS + 1, id, &mut packets);
                    self.client.send(packets).await?;
                    sent = Some(Instant::now());
                    next += Duration::from_secs(1);
                    continue;
                }
            };
            let bytes = heard.context("the broker closed")??.into_data();
            self.heard(&bytes, &mut sent, &mut rode);
        }
        Ok(rode)
    }

    fn heard(&mut self, bytes: &[u8], sent: &mut Option<Instant>, rode: &mut Rode) {
        let counts = self.counting.load(Ordering::Relaxed);
        let (arrived, packets) = (now().as_micros(), self.client.packets);
        self.client.take(bytes, |kind, body| match kind {
            PUBACK => {
                if let (Some(sent), true) = (sent.take(), counts) {
                    rode.acknowledged += 1;
                    rode.waits.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                }
            }
            PUBLISH if counts => {
                rode.boards += 1;
                if let Some(made) = server_time(body) {
                    let due = u128::from(made / 1_000 * 1_000 + BOARD_PHASE_MS) * 1_000;
                    rode.lateness.push(u32::try_from(arrived.saturating_sub(due)).unwrap_or(u32::MAX));
                }
            }
            _ => {}
        });
        if counts {
            rode.messages += 1;
            rode.packets += self.client.packets - packets;
            if self.racer == self.count / 2 {
                rode.frames.push(bytes.to_vec());
            }
        }
    }
}

/// How long an idle connection waits for the answer to a PINGREQ, in microseconds, sorted.
pub(crate) async fn idle(port: u16, times: usize) -> anyhow::Result<Vec<u32>> {
    let mut client = Client::connect(port, "idle").await?;
    let mut waits = Vec::new();
    for _ in 0..times {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let sent = Instant::now();
        client.send(packet(0xc0, &[])).await?;
        let mut answered = false;
        while !answered {
            client.receive(|kind, _| answered |= kind == PINGRESP).await?;
        }
        waits.push(u32::try_from(sent.elapsed().as_micros())?);
    }
    waits.sort_unstable();
    Ok(waits)
}

/// The field `serverTime` of a board.
fn server_time(body: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"serverTime\":";
    let at = body.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
    let digits = body[at..].iter().take_while(|byte| byte.is_ascii_digit());
    Some(digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

/// How long until the clock's next second has so many milliseconds.
fn until(phase: u64) -> Duration {
    Duration::from_millis(1_000 + phase - u64::from(now().subsec_millis()))
}

/// The first rider's id.
const FIRST: u32 = 101;
const ROWS: u32 = 16;
/// The length of a race at the hub, and at the consumer in Node.js (`consumer.mjs`).
pub(crate) const RACE_SECONDS: u64 = DEFAULT_RACE_SECONDS as u64;
/// When in each second both publish their boards: `hub/src/boards.rs` says it of the hub.
const BOARD_PHASE_MS: u64 = 100;
