//! A disk that can't be written: races go on, nothing is acknowledged, and when it can, nothing is missing.

use std::process::Command;
use std::time::Duration;

use alleycat_shared::race::RaceClock;
use serde_json::{Value, json};

use crate::rig::{CONNACK, Mqtt, Program, config, connect, now, puback, publish, subscribe};

/// Waits until `/healthz` shows a status.
pub(crate) async fn until(program: &Program, status: &str) -> Value {
    let seen = async {
        loop {
            let health = program.get("/healthz").await;
            if health["status"] == status {
                return health;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), seen).await.expect("the state is shown")
}

pub(crate) fn message(race: u64, second: u16) -> Vec<u8> {
    let message = json!({
        "uuid": "6c4e2a37-32f0-4b14-a2c1-3e2e6f7c1b5d", "event": "update", "deviceTimestamp": now(), "second": second,
        "raceId": race, "name": "Ann", "racerId": 7, "classId": 1, "cadence": 81, "resistance": 79,
    });
    message.to_string().into_bytes()
}

#[tokio::test]
async fn a_full_disk_stops_acknowledgements_and_not_the_race() {
    let folder = tempfile::tempdir().unwrap();
    // Files of at most 300 blocks: soon the journal can't grow, as on a full disk.
    let script = "trap '' XFSZ; ulimit -S -f 300; exec \"$0\" serve --open --listen 127.0.0.1:0 --race-seconds 3600 \
                  --grace-seconds 65000 --data \"$1\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_alleycat-hub")]).arg(folder.path());
    let program = Program::run(command);
    let race = RaceClock::new(3_600).unwrap().at(now()).race_id.get() - 1;

    let mut rider = Mqtt::open(&program.address, Some("mqtt")).await.unwrap();
    rider.send(&connect("rider", None)).await;
    assert_eq!(rider.packet().await, CONNACK);
    let id = |second: u16| u8::try_from(second).unwrap();
    let mut second = 0;
    let unanswered = loop {
        second += 1;
        assert!(second < 200, "the disk is never full");
        rider.send(&publish(id(second), "alleycat-publish/7", &message(race, second))).await;
        match tokio::time::timeout(Duration::from_millis(700), rider.packet()).await {
            Ok(packet) => assert_eq!(packet, puback(id(second))),
            Err(_) => break second,
        }
    };
    let health = until(&program, "degraded").await;
    assert!(health["store"].as_str().unwrap().contains("nothing is acknowledged"), "{health}");

    // The race goes on for everybody, the own boards too, and only acknowledgements are missing.
    for second in unanswered + 1..unanswered + 10 {
        rider.send(&publish(id(second), "alleycat-publish/7", &message(race, second))).await;
    }
    rider.send(&subscribe(1, "alleycat-subscribe/1/board")).await;
    assert_eq!(rider.packet().await[0], 0x90, "no acknowledgement slips through");
    let path = format!("/api/races/{race}/classes/1");
    let counted = program.get(&path).await["results"][0]["seconds"].clone();
    assert_eq!(counted, unanswered + 9, "what was sent before the subscription counts");

    // Room again: all acknowledgements come, in order.
    let lift = Command::new("prlimit")
        .args(["--fsize=unlimited:unlimited", "--pid", &program.id().to_string()])
        .status();
    assert!(lift.unwrap().success());
    for second in unanswered..unanswered + 10 {
        let answer = loop {
            let packet = rider.packet().await;
            if packet[0] >> 4 != 3 {
                break packet;
            }
        };
        assert_eq!(answer, puback(id(second)));
    }
    until(&program, "ok").await;
    // And they are true.
    drop(program);
    let mut command = Command::new(env!("CARGO_BIN_EXE_alleycat-hub"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--race-seconds", "3600", "--grace-seconds", "65000"]);
    let program = Program::run({
        command.arg("--data").arg(folder.path());
        command
    });
    assert_eq!(program.get(&path).await["results"][0]["seconds"], unanswered + 9);
}

#[test]
fn a_folder_that_can_not_be_used_is_said_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let start = |data: &std::path::Path, more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_alleycat-hub"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(start(&file, &[]).contains("choose another folder with --data"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_alleycat-hub"));
    let kept = folder.path().join("races");
    command.args(["serve", "--listen", "127.0.0.1:0", "--race-seconds", "60", "--data"]).arg(&kept);
    let program = Program::run(command);
    assert!(start(&kept, &["--race-seconds", "60"]).contains("is in use by another hub"));
    drop(program);
    assert!(start(&kept, &[]).contains("start with --race-seconds 60"));
    std::fs::write(kept.join("token.key"), "x").unwrap();
    assert!(start(&kept, &["--race-seconds", "60"]).contains("token.key holds no key"));
}

#[test]
fn nothing_is_kept_unless_a_folder_is_named() {
    assert_eq!(config(&[]).folder(), None);
    assert_eq!(config(&["--data", "races"]).folder(), Some(std::path::Path::new("races")));
}
