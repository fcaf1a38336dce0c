//! The copier driven by hand over a real journal on the disk.

use std::collections::BTreeSet;
use std::io::Read;

use alleycat_shared::RacerName;
use alleycat_shared::message::{Event, RaceMessage};
use flate2::read::GzDecoder;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;

use super::*;
use crate::journal::Journal;
use crate::store::Keep;

/// 2026-11-23T23:59:30Z.
const START: Millis = 1_795_478_370_000;

fn message(racer: u64, second: u64) -> RaceMessage {
    RaceMessage {
        uuid: uuid::Uuid::from_u128(u128::from(racer) << 64 | u128::from(second)),
        event: if second == 60 { Event::Final } else { Event::Update },
        device_timestamp: u64::MAX - second,
        second: second.try_into().unwrap(),
        race_id: (START / 60_000).try_into().unwrap(),
        name: RacerName::new("Žofie \"Z\"").unwrap(),
        racer_id: racer.try_into().unwrap(),
        class_id: 1.try_into().unwrap(),
        cadence: 79.8.try_into().unwrap(),
        resistance: 79.0.try_into().unwrap(),
    }
}

struct Rig {
    folder: tempfile::TempDir,
    store: Arc<Store>,
    journal: Arc<Journal>,
    committed: u64,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(Some(folder.path()), 60).unwrap());
        let (journal, _) = Journal::start(Arc::clone(&store)).unwrap();
        Self { folder, store, journal, committed: 0 }
    }

    /// Journals messages in one commit at least, and waits until they are on the disk.
    fn take(&mut self, messages: &[RaceMessage], at: Millis, late: bool) {
        messages.iter().for_each(|message| self.journal.message(message, at, late));
        self.committed += messages.len() as u64;
        let mut durable = self.journal.durable();
        let wanted = self.committed;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(durable.wait_for(|number| *number >= wanted)).unwrap();
    }

    /// A copier as the next start of the hub would make it.
    fn copier(&self, format: ArchiveFormat) -> Copier {
        Copier {
            archived: self.store.archived().unwrap(),
            journal: self.store.unarchived().unwrap().unwrap(),
            store: Arc::clone(&self.store),
            folder: self.folder.path().join(ARCHIVE_FOLDER),
            wanted: Wanted { format, seconds: 60, keep_days: 2 },
            failing: watch::Sender::new(None),
            spoke: None,
        }
    }

    /// All finished files, with their day.
    fn files(&self) -> Vec<PathBuf> {
        let list = |folder: &Path| {
            let mut list: Vec<_> = fs::read_dir(folder)
                .map_or_else(|_| Vec::new(), |dir| dir.map(|e| e.unwrap().path()).collect());
            list.sort();
            list
        };
        let days = list(&self.folder.path().join(ARCHIVE_FOLDER));
        days.iter().filter(|day| day.is_dir()).flat_map(|day| list(day)).collect()
    }

    fn lines(&self) -> Vec<serde_json::Value> {
        let gz = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "gz");
        let read = |path: &PathBuf| {
            let mut text = String::new();
            GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<_>>()
        };
        self.files().iter().filter(gz).flat_map(read).collect()
    }
}

fn seconds(racer: u64, seconds: std::ops::RangeInclusive<u64>) -> Vec<RaceMessage> {
    seconds.map(|second| message(racer, second)).collect()
}

#[test]
fn a_file_waits_a_minute_and_holds_every_message_with_its_output() {
    let mut rig = Rig::new();
    let mut copier = rig.copier(ArchiveFormat::Both);
    rig.take(&seconds(7, 1..=60), START, false);
    rig.take(&[message(7, 59)], START, true);
    copier.copy(START + 59_999, false).unwrap();
    assert!(rig.files().is_empty());
    copier.copy(START + 60_000, false).unwrap();
    let names: Vec<_> =
        rig.files().iter().map(|path| path.strip_prefix(&copier.folder).unwrap().to_owned()).collect();
    assert_eq!(
        names,
        ["2026-11-23/23-59-30-000000001.jsonl.gz", "2026-11-23/23-59-30-000000001.parquet"]
            .map(PathBuf::from)
    );
    let lines = rig.lines();
    assert_eq!(lines.len(), 61);
    for (line, expected) in lines.iter().zip(seconds(7, 1..=60)) {
        assert_eq!(RaceMessage::parse(line.to_string().as_bytes()).unwrap(), expected);
        assert_eq!(
            (&line["output"], &line["takenAt"], &line["late"]),
            (&165.312.into(), &START.into(), &false.into())
        );
    }
    assert_eq!((&lines[60]["second"], &lines[60]["late"]), (&59.into(), &true.into()));
    assert!(lines[0].as_object().unwrap().len() == 13, "ten fields and three");
}

#[test]
fn the_table_holds_what_the_lines_hold() {
    let mut rig = Rig::new();
    let mut copier = rig.copier(ArchiveFormat::Both);
    rig.take(&seconds(7, 1..=60), START, false);
    rig.take(&[message(8, 59)], START, true);
    copier.copy(START, true).unwrap();
    let path = rig.files().into_iter().find(|path| path.extension().unwrap() == "parquet").unwrap();
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
    let lines = rig.lines();
    assert_eq!((rows.len(), lines.len()), (61, 61));
    for (row, line) in rows.iter().zip(&lines) {
        let uuid = uuid::Uuid::from_slice(row.get_bytes(0).unwrap().data()).unwrap();
        let row = serde_json::json!({
            "uuid": uuid, "event": row.get_string(1).unwrap(), "deviceTimestamp": row.get_ulong(2).unwrap(),
            "second": row.get_int(3).unwrap(), "raceId": row.get_long(4).unwrap(), "name": row.get_string(5).unwrap(),
            "racerId": row.get_int(6).unwrap(), "classId": row.get_int(7).unwrap(), "cadence": row.get_double(8).unwrap(),
            "resistance": row.get_double(9).unwrap(), "output": row.get_double(10).unwrap(),
            "takenAt": row.get_timestamp_millis(11).unwrap(), "late": row.get_bool(12).unwrap(),
        });
        assert_eq!(&row, line);
    }
}

#[test]
fn a_day_ends_its_file() {
    let mut rig = Rig::new();
    let mut copier = rig.copier(ArchiveFormat::Json);
    rig.take(&seconds(7, 1..=10), START, false);
    rig.take(&seconds(7, 11..=20), START + 40_000, false);
    copier.copy(START + 40_000, true).unwrap();
    let days: Vec<_> =
        rig.files().iter().map(|path| path.parent().unwrap().file_name().unwrap().to_owned()).collect();
    assert_eq!(days, ["2026-11-23", "2026-11-24"]);
    assert_eq!(rig.lines().len(), 20);
}

#[test]
fn a_crash_before_the_cursor_moved_makes_the_same_file_again() {
    let mut rig = Rig::new();
    rig.take(&seconds(7, 1..=10), START, false);
    rig.copier(ArchiveFormat::Json).copy(START, true).unwrap();
    // As if the hub had died between the file's name and the cursor, and left half a file besides.
    rig.store.set_archived(0).unwrap();
    fs::write(rig.folder.path().join(ARCHIVE_FOLDER).join("open.jsonl.gz.part"), "half").unwrap();
    rig.take(&seconds(7, 11..=20), START + 1_000, false);
    rig.copier(ArchiveFormat::Json).copy(START, true).unwrap();
    let told: Vec<_> = rig.lines().iter().map(|line| line["second"].as_u64().unwrap()).collect();
    assert_eq!(told, (1..=20).collect::<Vec<_>>(), "each once, in order");
    assert_eq!(rig.files().len(), 1);
}

#[test]
fn what_is_not_archived_is_not_forgotten_and_a_batchs_id_is_never_used_again() {
    let mut rig = Rig::new();
    let after = RaceMessage { race_id: 40_000_000.try_into().unwrap(), ..message(7, 1) }.race_id;
    let keep = Keep { journal_from: after, archiving: true, rides_from: after, seats_from: 0 };
    rig.take(&seconds(7, 1..=10), START, false);
    while rig.store.forget(&keep).unwrap() {}
    let mut copier = rig.copier(ArchiveFormat::Json);
    copier.copy(START, true).unwrap();
    assert_eq!(rig.lines().len(), 10);
    while rig.store.forget(&keep).unwrap() {}
    assert_eq!(copier.journal.waiting(0).unwrap(), 0, "forgotten now");
    rig.take(&seconds(7, 11..=20), START, false);
    copier.copy(START, true).unwrap();
    let told: BTreeSet<_> = rig.lines().iter().map(|line| line["second"].as_u64().unwrap()).collect();
    assert_eq!(told, (1..=20).collect());
}

#[test]
fn an_archive_that_can_not_be_written_says_so_and_catches_up() {
    let mut rig = Rig::new();
    rig.take(&seconds(7, 1..=10), START, false);
    let mut copier = rig.copier(ArchiveFormat::Json);
    fs::write(&copier.folder, "in the way").unwrap();
    let failed = copier.copy(START, true);
    copier.tell(&failed);
    assert!(copier.failing.borrow().as_ref().unwrap().contains("can't be written"));
    fs::remove_file(&copier.folder).unwrap();
    let done = copier.copy(START, true);
    copier.tell(&done);
    assert_eq!((copier.failing.borrow().clone(), rig.lines().len()), (None, 10));
}

#[test]
fn old_days_go_and_nothing_else() {
    let rig = Rig::new();
    let copier = rig.copier(ArchiveFormat::Json);
    let folders = ["2026-11-20", "2026-11-21", "2026-11-23", "2026-1-1", "mine", "0000-00-00-0"];
    for name in folders {
        fs::create_dir_all(copier.folder.join(name)).unwrap();
    }
    copier.tidy(START);
    let left = folders.iter().filter(|name| copier.folder.join(name).exists()).count();
    assert_eq!((left, copier.folder.join("2026-11-20").exists()), (5, false));
}

#[test]
fn days_and_times_are_utc() {
    assert_eq!((day(START), time_of_day(START)), ("2026-11-23".to_owned(), "23-59-30".to_owned()));
    assert_eq!(day(Millis::MAX), "1970-01-01", "whatever the clock says");
}
