use std::path::Path;
use std::thread::JoinHandle;

use alleycat_shared::Millis;
use alleycat_shared::api::RaceState;
use alleycat_stream::source::Checkpoint;
use bytes::Bytes;
use serde_json::json;

use super::*;

const START: Millis = 1_000 * 60_000;

/// The feed of a hub with races of 60 s and 30 s of grace, and what it stands on.
struct Hub {
    feed: Feed,
    committing: JoinHandle<()>,
}

impl Hub {
    fn open(folder: &Path) -> Self {
        let store = Arc::new(Store::open(Some(folder), 60).unwrap());
        let (journal, committing) = Journal::start(Arc::clone(&store)).unwrap();
        let clock = alleycat_shared::race::RaceClock::new(60).unwrap();
        let races = Races::load(clock, 30, true, Arc::clone(&store), Arc::clone(&journal)).unwrap();
        let identity = Identity::new([0; 32], Vec::new(), Arc::clone(&journal), 0);
        let classes = [1, 2].map(|class| ClassId::try_from(class).unwrap()).into();
        let source = Source { stream: "s".to_owned(), from: StreamFrom::Oldest, classes };
        let feed = Feed::new(source, Arc::new(races), Arc::new(identity), journal, &store).unwrap();
        Self { feed, committing }
    }

    /// Ends as if all that was appended had come to the disk.
    fn end(self) {
        self.feed.journal.stop();
        self.committing.join().unwrap();
    }

    async fn take(&self, shard: &str, records: Vec<Fetched>, watermark: Option<Millis>) {
        let batch = Batch { shard: shard.to_owned(), records, ended: false, watermark };
        self.feed.take(batch).await;
    }

    fn settled(&self, now: Millis) -> Millis {
        self.feed.races.settled(now)
    }

    /// The seconds of racer 7 in the race, and how it stands.
    fn seconds(&self) -> Option<(u32, RaceState)> {
        let (race, class) = (1_000.try_into().unwrap(), ClassId::try_from(1).unwrap());
        let result = self.feed.races.result(race, class, START).unwrap()?;
        Some((u32::from(result.results[0].seconds), result.state))
    }
}

fn record(sequence: u32, class: u8, second: u16, arrived_ms: Millis) -> Fetched {
    let message = json!({
        "uuid": "6c4e2a37-32f0-4b14-a2c1-3e2e6f7c1b5d", "event": "update", "deviceTimestamp": 0,
        "second": second, "raceId": 1_000, "name": "Ann", "racerId": 7, "classId": class,
        "cadence": 81, "resistance": 79,
    });
    let (sequence, data) = (sequence.to_string(), Bytes::from(message.to_string()));
    Fetched { sequence, key: "7".to_owned(), data, arrived_ms }
}

#[tokio::test]
async fn what_counts_goes_by_when_it_arrived_in_the_stream_and_not_by_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::open(folder.path());
    // Read days after the race: all that arrived before the grace ended counts, and nothing else does.
    let days = START + 60_000 + 3 * 86_400_000;
    hub.take("a", vec![record(1, 1, 1, START + 1_000), record(2, 1, 2, START + 89_000)], None).await;
    assert_eq!(
        (hub.settled(days), hub.feed.races.shown(days)),
        (0, None),
        "another shard has not answered yet"
    );
    hub.take(
        "b",
        vec![record(1, 1, 3, START + 50_000), record(2, 1, 4, START + 90_001)],
        Some(START + 89_000),
    )
    .await;
    assert!(hub.feed.races.close(hub.settled(days)).is_empty(), "the grace goes on in the stream's time");
    assert_eq!(hub.feed.races.shown(days), Some(START + 90_000), "and boards show where the stream is");
    hub.take("a", vec![record(3, 1, 5, START + 89_999)], Some(START + 90_001)).await;
    assert_eq!(hub.seconds().unwrap().0, 4);
    assert_eq!(hub.feed.races.close(hub.settled(days)).len(), 1);
    assert_eq!(hub.seconds(), Some((4, RaceState::Official)));
    hub.end();
}

#[tokio::test]
async fn a_hub_goes_on_where_its_messages_are_and_counts_what_comes_again_once() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::open(folder.path());
    hub.take("a", vec![record(1, 1, 1, START), record(2, 1, 2, START + 1_000)], None).await;
    hub.take("a", Vec::new(), Some(START + 2_000)).await;
    hub.end();
    let hub = Hub::open(folder.path());
    let left = Checkpoint::After("2".to_owned());
    assert_eq!(hub.feed.checkpoints, Checkpoints::from([("a".to_owned(), left)]));
    assert_eq!(
        hub.feed.settings.start,
        Start::At(START + 2_000),
        "a shard that had nothing yet passes nothing over"
    );
    hub.take("a", vec![record(2, 1, 2, START + 1_000), record(3, 1, 3, START + 2_000)], None).await;
    assert_eq!(hub.seconds(), Some((3, RaceState::Running)));
    hub.end();
}

#[tokio::test]
async fn what_is_no_message_is_set_aside_and_the_shard_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let hub = Hub::open(folder.path());
    let poison = |sequence: u32, data: &'static [u8]| Fetched {
        data: Bytes::from_static(data),
        ..record(sequence, 1, 1, START)
    };
    let ahead = record(4, 1, 1, START - 60_000);
    let foreign = record(5, 3, 1, START);
    let records = vec![
        record(1, 1, 1, START),
        poison(2, b"\xff\0"),
        poison(3, b"{}"),
        ahead,
        foreign,
        record(6, 1, 2, START),
    ];
    hub.take("a", records, None).await;
    assert_eq!(hub.seconds(), Some((2, RaceState::Running)));
    let lines = std::fs::read_to_string(folder.path().join("set-aside.jsonl")).unwrap();
    let told = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let told: Vec<_> = lines.lines().map(told).collect();
    let numbers: Vec<_> = told.iter().map(|line| line["sequenceNumber"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["2", "3", "4"], "a class of another hub is that hub's");
    assert!(told[2]["reason"].as_str().unwrap().starts_with("ahead-of-clock"), "{}", told[2]);
    hub.end();
    assert_eq!(Hub::open(folder.path()).feed.checkpoints["a"], Checkpoint::After("6".to_owned()));
}
