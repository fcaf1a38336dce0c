//! `kill -9` under load: what was acknowledged is recorded, whenever the hub dies.
//!
//! `ALLEYCAT_KILLS=200 ALLEYCAT_RIDERS=1000 cargo test --release -p alleycat-hub --test hub kill_9` is the long run.

use std::collections::HashSet;
use std::process::Command;
use std::time::Duration;

use alleycat_shared::api::RideTrace;
use alleycat_shared::race::RaceClock;
use rand::RngExt;
use serde_json::json;
use tokio::task::JoinSet;

use crate::rig::{CONNACK, Mqtt, Program, connect, now, puback, publish};

/// One hour-long race that is over, with a grace that outlasts any test: all of its seconds may be sent.
const ARGS: [&str; 8] =
    ["serve", "--open", "--listen", "127.0.0.1:0", "--race-seconds", "3600", "--grace-seconds", "65000"];
const LIMIT: Duration = Duration::from_secs(60);

fn number(variable: &str, default: u32) -> u32 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

fn hub(folder: &tempfile::TempDir) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alleycat-hub"));
    command.args(ARGS).arg("--data").arg(folder.path());
    Program::run(command)
}

/// A rider that sends second after second until the connection breaks.
struct Rider {
    racer: u32,
    race: u64,
    next: u16,
    acknowledged: Vec<u16>,
}

impl Rider {
    async fn ride(mut self, address: String) -> Self {
        // The hub may die before the first word.
        let Ok(mut mqtt) = Mqtt::open(&address, Some("mqtt")).await else { return self };
        let id = format!("rider-{}", self.racer);
        if mqtt.try_send(&connect(&id, None)).await.is_err()
            || mqtt.try_packet().await != Some(CONNACK.to_vec())
        {
            return self;
        }
        let topic = format!("alleycat-publish/{}", self.racer);
        while self.next <= 3_600 {
            let packet_id = u8::try_from(self.next % 250 + 1).unwrap();
            let message = json!({
                "uuid": "6c4e2a37-32f0-4b14-a2c1-3e2e6f7c1b5d", "event": "update", "deviceTimestamp": now(),
                "second": self.next, "raceId": self.race, "name": "Ann", "racerId": self.racer, "classId": 1,
                "cadence": 81, "resistance": 79,
            });
            let second = self.next;
            self.next += 1;
            let sent = mqtt.try_send(&publish(packet_id, &topic, message.to_string().as_bytes())).await;
            if sent.is_err() || mqtt.try_packet().await != Some(puback(packet_id).to_vec()) {
                break;
            }
            self.acknowledged.push(second);
        }
        self
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_at_any_moment_loses_no_acknowledged_second() {
    let (kills, riders) = (number("ALLEYCAT_KILLS", 4), number("ALLEYCAT_RIDERS", 40));
    let folder = tempfile::tempdir().unwrap();
    let race = RaceClock::new(3_600).unwrap().at(now()).race_id.get() - 1;
    let rider = |racer| Rider { racer, race, next: 1, acknowledged: Vec::new() };
    let mut riders: Vec<Rider> = (1..=riders).map(rider).collect();
    let mut died_with = Vec::new();
    for _ in 0..kills {
        let program = hub(&folder);
        let mut riding = JoinSet::new();
        for rider in riders.drain(..) {
            riding.spawn(rider.ride(program.address.clone()));
        }
        // A moment in a race, not a wait for something.
        let moment = rand::rng().random_range(50..600);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        drop(program);
        riders = tokio::time::timeout(LIMIT, riding.join_all()).await.expect("riders notice");
        died_with.push(riders.iter().map(|rider| rider.acknowledged.len()).sum::<usize>());
    }
    assert!(died_with.last() > Some(&0), "something was acknowledged");
    let program = hub(&folder);
    let mut recorded_more = 0;
    for rider in &riders {
        if rider.acknowledged.is_empty() {
            continue;
        }
        let path = format!("/api/races/{race}/classes/1/racers/{}", rider.racer);
        let trace: RideTrace = serde_json::from_value(program.get(&path).await).unwrap();
        let recorded: HashSet<u16> = trace.seconds.iter().map(|second| second.second).collect();
        let lost: Vec<_> = rider.acknowledged.iter().filter(|second| !recorded.contains(second)).collect();
        assert!(lost.is_empty(), "racer {} lost {lost:?} after {died_with:?}", rider.racer);
        // A second that was on its way when the hub died may be there too, but no other one.
        assert!(recorded.iter().all(|second| *second < rider.next));
        recorded_more += recorded.len() - rider.acknowledged.len();
    }
    eprintln!(
        "{kills} kills; acknowledged so far at each: {died_with:?}; recorded and not acknowledged: {recorded_more}"
    );
}
