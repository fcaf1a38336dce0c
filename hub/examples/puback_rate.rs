//! How many QoS 1 publishes a second a broker acknowledges, and how soon: over plain TCP, any broker.
//!
//! `cargo run --release -p alleycat-hub --example puback_rate -- ADDRESS [CONNECTIONS] [SECONDS] [HZ] [fresh]`
//!
//! Without HZ (or with 0) each connection keeps 20 messages in flight; with it each sends so many a second.
//! Point it at `alleycat-hub serve --open --mqtt-tcp ADDRESS`, at Mosquitto, at whatever speaks MQTT 3.1.1.
//!
//! Otherwise all are of this second, so nearly all are duplicates. With `fresh` every message is a second
//! of its own, which a hub must keep, in the hour-long race before this one: start the hub with
//! `--race-seconds 3600 --grace-seconds 65000`.
#![expect(clippy::print_stdout, reason = "a measurement prints its figures")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use alleycat_shared::race::{DEFAULT_RACE_SECONDS, RaceClock};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const WINDOW: u16 = 20;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let address = args.first().expect("the broker's ADDRESS, for example 127.0.0.1:1883").clone();
    let number = |at: usize, default: u32| args.get(at).map_or(default, |text| text.parse().unwrap());
    let (connections, seconds, hz) = (number(1, 200), number(2, 5), number(3, 0));
    let fresh = args.get(4).is_some_and(|word| word == "fresh");
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let limit = Duration::from_secs(seconds.into());
    let mut clients = JoinSet::new();
    for client in 0..connections {
        let stream = connect(&address, client).await;
        clients.spawn(publish(stream, client, limit, hz, fresh.then_some(connections)));
    }
    let mut latencies: Vec<u32> = clients.join_all().await.into_iter().flatten().collect();
    latencies.sort_unstable();
    assert!(!latencies.is_empty(), "nothing was acknowledged");
    let at = |percent: usize| latencies[(latencies.len() - 1) * percent / 100];
    let rate = latencies.len() as f64 / limit.as_secs_f64();
    println!("{connections} connections, {seconds} s: {} acknowledged, {rate:.0}/s", latencies.len());
    println!("publish to PUBACK, ms: p50 {:.2}, p99 {:.2}", f64::from(at(50)) / 1e3, f64::from(at(99)) / 1e3);
}

async fn connect(address: &str, client: u32) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let id = format!("rate-{client:06}");
    let mut packet = vec![0x10, 12 + u8::try_from(id.len()).unwrap(), 0, 4];
    packet.extend(b"MQTT\x04\x02\x00\x78\x00");
    packet.push(u8::try_from(id.len()).unwrap());
    packet.extend(id.bytes());
    stream.write_all(&packet).await.unwrap();
    let mut connack = [0; 4];
    stream.read_exact(&mut connack).await.unwrap();
    assert_eq!(connack, [0x20, 2, 0, 0], "the broker refuses: it must be open");
    stream
}

/// Publishes until `limit`; returns the microseconds that each acknowledgement took.
async fn publish(
    mut stream: TcpStream,
    client: u32,
    limit: Duration,
    hz: u32,
    fresh: Option<u32>,
) -> Vec<u32> {
    let topic = format!("alleycat-publish/{client}");
    let start = Instant::now();
    let mut in_flight: VecDeque<Instant> = VecDeque::new();
    let mut latencies = Vec::new();
    let mut sent = 0;
    let (mut next_id, mut acks) = (0_u16, [0; 4 * WINDOW as usize]);
    let window = if hz > 0 { 1 } else { WINDOW };
    let period = (hz > 0).then(|| Duration::from_secs(1) / hz);
    if let Some(period) = period {
        tokio::time::sleep(period.mul_f64(f64::from(client % 1_000) / 1_000.0)).await;
    }
    while start.elapsed() < limit {
        let (mut packets, same) = (Vec::new(), payload(client));
        while in_flight.len() < usize::from(window) {
            next_id = next_id % u16::MAX + 1;
            if let Some(clients) = fresh {
                let racer = client + clients * (sent / 3_600);
                let payload = fresh_payload(racer, sent % 3_600 + 1);
                packets.extend(packet(&format!("alleycat-publish/{racer}"), next_id, &payload));
                sent += 1;
            } else {
                packets.extend(packet(&topic, next_id, &same));
            }
            in_flight.push_back(Instant::now());
        }
        stream.write_all(&packets).await.unwrap();
        // PUBACKs come in order, four bytes each.
        let mut got = stream.read(&mut acks).await.unwrap();
        assert!(got > 0, "the broker closed");
        while got % 4 != 0 {
            got += stream.read(&mut acks[got..]).await.unwrap();
        }
        for sent in in_flight.drain(..got / 4) {
            latencies.push(u32::try_from(sent.elapsed().as_micros()).unwrap());
        }
        if let Some(period) = period {
            tokio::time::sleep(period).await;
        }
    }
    latencies
}

fn packet(topic: &str, id: u16, payload: &[u8]) -> Vec<u8> {
    let length = 2 + topic.len() + 2 + payload.len();
    let mut packet =
        vec![0x32, u8::try_from(length & 0x7f).unwrap() | 0x80, u8::try_from(length >> 7).unwrap()];
    packet.extend(u16::try_from(topic.len()).unwrap().to_be_bytes());
    packet.extend(topic.bytes());
    packet.extend(id.to_be_bytes());
    packet.extend(payload);
    packet
}

/// A valid message of this second, so that a hub does all of its work.
fn payload(client: u32) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let moment = RaceClock::new(DEFAULT_RACE_SECONDS).unwrap().at(now.try_into().unwrap());
    let message = json!({
        "uuid": "6c4e2a37-32f0-4b14-a2c1-3e2e6f7c1b5d", "event": "update", "deviceTimestamp": 0, "second": moment.second,
        "raceId": moment.race_id, "name": "Rate", "racerId": client, "classId": 1, "cadence": 79.8, "resistance": 79.0,
    });
    message.to_string().into_bytes()
}

/// A second of the hour-long race before this one.
fn fresh_payload(racer: u32, second: u32) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let race = now / 3_600 - 1;
    format!(
        r#"{{"uuid":"6c4e2a37-32f0-4b14-a2c1-3e2e6f7c1b5d","event":"update","deviceTimestamp":0,"second":{second},"raceId":{race},"name":"Rate","racerId":{racer},"classId":1,"cadence":79.8,"resistance":79.0}}"#
    )
    .into_bytes()
}
