//! The archive of a hub that is killed: every message of the journal is in it, once.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use alleycat_shared::api::RideTrace;
use alleycat_shared::message::RaceMessage;
use alleycat_shared::race::RaceClock;
use flate2::read::GzDecoder;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use rand::RngExt;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::rig::{CONNACK, Mqtt, Program, connect, now, puback, publish};

const RIDERS: u32 = 20;
const KILLS: u32 = 4;

fn hub(folder: &Path) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alleycat-hub"));
    // One hour-long race that is over, with a grace that outlasts any test; a file each second.
    command.args(["serve", "--open", "--listen", "127.0.0.1:0", "--race-seconds", "3600"]);
    command.args(["--grace-seconds", "65000", "--archive", "both", "--archive-seconds", "1", "--data"]);
    command.arg(folder);
    Program::run(command)
}

/// Sends one second after another until the hub dies. Returns the next second.
async fn ride(address: String, race: u64, racer: u32, mut second: u16) -> (u32, u16) {
    let Ok(mut mqtt) = Mqtt::open(&address, Some("mqtt")).await else { return (racer, second) };
    let id = format!("rider-{racer}");
    if mqtt.try_send(&connect(&id, None)).await.is_err() || mqtt.try_packet().await != Some(CONNACK.to_vec())
    {
        return (racer, second);
    }
    while second <= 3_600 {
        let message = json!({
            "uuid": uuid(racer, second), "event": "update", "deviceTimestamp": now(), "second": second, "raceId": race,
            "name": "Ann", "racerId": racer, "classId": 1, "cadence": 79.8, "resistance": 79,
        });
        let topic = format!("alleycat-publish/{racer}");
        let sent = mqtt.try_send(&publish(1, &topic, message.to_string().as_bytes())).await;
        second += 1;
        if sent.is_err() || mqtt.try_packet().await != Some(puback(1).to_vec()) {
            break;
        }
    }
    (racer, second)
}

fn uuid(racer: u32, second: u16) -> String {
    format!("6c4e2a37-32f0-4b14-a2c1-{:012x}", u64::from(racer) << 16 | u64::from(second))
}

/// The finished files of the archive.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let list = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let days = list(&folder.join("archive")).filter(|path| path.is_dir());
    days.flat_map(|day| list(&day)).filter(|file| file.to_str().unwrap().ends_with(extension)).collect()
}

fn json_lines(folder: &Path) -> Vec<Value> {
    let mut lines = Vec::new();
    for file in files(folder, ".jsonl.gz") {
        let mut text = String::new();
        GzDecoder::new(File::open(&file).unwrap()).read_to_string(&mut text).unwrap();
        lines.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn the_archive_of_a_hub_that_is_killed_is_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let race = RaceClock::new(3_600).unwrap().at(now()).race_id.get() - 1;
    let mut riders: Vec<_> = (1..=RIDERS).map(|racer| (racer, 1)).collect();
    for _ in 0..KILLS {
        let program = hub(folder.path());
        let mut riding = JoinSet::new();
        for (racer, second) in riders.drain(..) {
            riding.spawn(ride(program.address.clone(), race, racer, second));
        }
        // A moment at which files are made, not a wait for something.
        let moment = rand::rng().random_range(1_000..2_200);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        drop(program);
        riders = riding.join_all().await;
    }
    let program = hub(folder.path());
    let mut raced = BTreeSet::new();
    for racer in 1..=RIDERS {
        let path = format!("/api/races/{race}/classes/1/racers/{racer}");
        if let Ok(trace) = serde_json::from_value::<RideTrace>(program.get(&path).await) {
            raced.extend(trace.seconds.iter().map(|second| (racer, second.second)));
        }
    }
    // Its end closes the last file.
    assert!(Command::new("kill").args(["-TERM", &program.id().to_string()]).status().unwrap().success());
    program.ended();

    let journaled = alleycat_hub::store::verify(folder.path()).unwrap().messages;
    let lines = json_lines(folder.path());
    let archived: BTreeSet<_> = lines
        .iter()
        .map(|line| {
            let message = RaceMessage::parse(line.to_string().as_bytes()).unwrap();
            let (racer, second) = (message.racer_id.get(), message.second.get());
            assert_eq!(message.uuid.to_string(), uuid(racer, second));
            assert_eq!((&line["output"], &line["late"]), (&json!(165.312), &json!(false)));
            (racer, second)
        })
        .collect();
    assert!(raced.len() > 100, "something was ridden: {}", raced.len());
    assert_eq!(archived, raced);
    assert_eq!((lines.len(), journaled), (raced.len(), raced.len() as u64), "each once");

    let mut rows = Vec::new();
    for file in files(folder.path(), ".parquet") {
        let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
        let row = |row: parquet::record::Row| {
            (u32::try_from(row.get_int(6).unwrap()).unwrap(), u16::try_from(row.get_int(3).unwrap()).unwrap())
        };
        rows.extend(reader.get_row_iter(None).unwrap().map(|next| row(next.unwrap())));
    }
    assert_eq!((rows.len(), BTreeSet::from_iter(rows)), (raced.len(), raced));
    assert!(files(folder.path(), ".part").is_empty());
}
