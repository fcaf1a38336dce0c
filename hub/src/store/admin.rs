//! What a host does to a store by hand: back it up, restore it, wipe it, verify it.

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use alleycat_shared::RaceId;
use alleycat_shared::race::RaceClock;
use rusqlite::Connection;

use super::key::{HOST_KEY_FILE, KEY_FILE, KEY_PART};
use super::schema::{JOURNAL_FROM, RACE_SECONDS, VERSION, meta, version};
use super::{DB_FILE, DB_PART, READ_ONLY, Record, SET_ASIDE, Store, StoreError, connect, lock};
use crate::archive::ARCHIVE_FOLDER;
use crate::races::recount;

/// What a store holds, as [`verify`] found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Messages in the journal.
    pub messages: u64,
    /// Official results.
    pub results: u64,
    /// Results that were worked out again from the journal, and were the same.
    pub recounted: u64,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { messages, results, recounted } = self;
        write!(f, "{messages} messages, {results} results, {recounted} of them worked out again and the same")
    }
}

/// Copies the store in `folder` into `file`, which must not be there; a hub may be running meanwhile.
///
/// # Errors
/// [`StoreError`] when there is no store, the file is there, or it can't be written.
pub fn backup(folder: &Path, file: &Path) -> Result<(), StoreError> {
    if file.exists() {
        return Err(StoreError::Exists(file.to_owned()));
    }
    let failed = |source| StoreError::File { file: file.to_owned(), source };
    let db = open(folder)?;
    // Nobody else may read it, from its first byte on: it holds names.
    File::create_new(file)
        .and_then(|new| new.set_permissions(Permissions::from_mode(0o600)))
        .map_err(failed)?;
    db.execute("VACUUM INTO ?1", [file.to_string_lossy()])?;
    File::open(file).and_then(|file| file.sync_all()).map_err(failed)
}

/// Puts a backup into `folder`, which must hold no store.
///
/// # Errors
/// [`StoreError`] when the folder holds one, a hub uses it, or the backup is damaged.
pub fn restore(file: &Path, folder: &Path) -> Result<(), StoreError> {
    let _lock = lock(folder)?;
    let whole = folder.join(DB_FILE);
    if whole.exists() {
        return Err(StoreError::Exists(whole));
    }
    // Changes that are left of another store would become this one's.
    remove_beside(folder, DB_FILE)?;
    remove_database(folder, DB_PART)?;
    let placed = place(file, &folder.join(DB_PART), &whole);
    let removed = remove_database(folder, DB_PART);
    placed.and(removed)?;
    let failed = |source| StoreError::File { file: file.to_owned(), source };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// Takes away all that a hub keeps in `folder`, its keys and its archive too.
///
/// # Errors
/// [`StoreError`] when there is no store, a hub uses it, or it can't be taken away.
pub fn wipe(folder: &Path) -> Result<(), StoreError> {
    if !folder.join(DB_FILE).exists() {
        return Err(StoreError::None(folder.to_owned()));
    }
    let _lock = lock(folder)?;
    for name in [KEY_FILE, HOST_KEY_FILE, KEY_PART].into_iter().chain(SET_ASIDE) {
        remove(folder.join(name))?;
    }
    let file = folder.join(ARCHIVE_FOLDER);
    gone(fs::remove_dir_all(&file)).map_err(|source| StoreError::File { file, source })?;
    remove_database(folder, DB_PART)?;
    // Last: as long as it is there, a wipe that failed can be said again.
    remove_database(folder, DB_FILE)
}

/// Reads everything in the store of `folder`: every page, every message; and works out each result again
/// whose messages and rides are still there. A hub may be running meanwhile: what it changes is not seen.
///
/// # Errors
/// [`StoreError::Damaged`] with the first thing that is not as it was written.
pub fn verify(folder: &Path) -> Result<Verified, StoreError> {
    verify_in(snapshot(folder)?, folder)
}

fn verify_in(db: Connection, folder: &Path) -> Result<Verified, StoreError> {
    integrity(&db)?;
    let seconds = meta(&db, RACE_SECONDS)?.and_then(|seconds| u16::try_from(seconds).ok());
    let clock =
        seconds.and_then(RaceClock::new).ok_or_else(|| damaged("the length of its races is missing"))?;
    let from = meta(&db, JOURNAL_FROM)?.unwrap_or(0);
    let races: Vec<(u64, i64, usize)> = db
        .prepare("SELECT race, max(last_batch), count(*) FROM race WHERE race >= ?1 GROUP BY race")?
        .query_map([from], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let results: u64 = db.query_row("SELECT count(*) FROM race", (), |row| row.get(0))?;
    let store = Store::reading(db, folder);
    let deletions: HashMap<_, _> = store.deletions()?.into_iter().map(|row| (row.racer, row.race)).collect();
    let is_deleted = |record: &Record| {
        let race = deletions.get(&record.message.racer_id);
        race.is_some_and(|race| record.message.race_id <= *race)
    };
    let mut messages = 0;
    store.replay(None, None, |_| messages += 1)?;
    let mut recounted = 0;
    for (race, last_batch, classes) in races {
        let race = RaceId::try_from(race).map_err(|error| damaged(&error.to_string()))?;
        let mut records = Vec::new();
        store.replay(Some(race), Some(last_batch), |record| {
            records.extend(Some(record).filter(|record| !is_deleted(record)));
        })?;
        let counted = recount(clock, race, &records);
        if counted.len() != classes {
            return Err(damaged(&format!("the messages of race {race} are not those of its results")));
        }
        for result in counted {
            let class = result.class_id;
            if store.result(race, class)?.as_ref() != Some(&result) {
                return Err(damaged(&format!(
                    "race {race} in class {class} has another result than its messages"
                )));
            }
            recounted += 1;
        }
    }
    Ok(Verified { messages, results, recounted })
}

/// Makes a sound copy of a backup, which is the store once it has its name.
fn place(file: &Path, part: &Path, whole: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::File { file: file.to_owned(), source };
    fs::copy(file, part).map_err(failed)?;
    let db = Connection::open_with_flags(part, READ_ONLY)?;
    if version(&db)? == 0 {
        return Err(StoreError::None(file.to_owned()));
    }
    integrity(&db)?;
    drop(db);
    let synced = File::open(part).and_then(|part| {
        part.set_permissions(Permissions::from_mode(0o600))?;
        part.sync_all()
    });
    synced.and_then(|()| fs::rename(part, whole)).map_err(failed)
}

/// Takes a database away, with what SQLite keeps beside it.
fn remove_database(folder: &Path, name: &str) -> Result<(), StoreError> {
    remove_beside(folder, name)?;
    remove(folder.join(name))
}

fn remove_beside(folder: &Path, name: &str) -> Result<(), StoreError> {
    ["-wal", "-shm"].iter().try_for_each(|beside| remove(folder.join(format!("{name}{beside}"))))
}

fn remove(file: PathBuf) -> Result<(), StoreError> {
    gone(fs::remove_file(&file)).map_err(|source| StoreError::File { file, source })
}

/// What was not there is gone too.
fn gone(removed: std::io::Result<()>) -> std::io::Result<()> {
    removed.or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

fn open(folder: &Path) -> Result<Connection, StoreError> {
    if !folder.join(DB_FILE).exists() {
        return Err(StoreError::None(folder.to_owned()));
    }
    connect(folder, READ_ONLY).map_err(|source| StoreError::Unusable { folder: folder.to_owned(), source })
}

/// The store as it is at this moment, however long it is read from.
fn snapshot(folder: &Path) -> Result<Connection, StoreError> {
    let db = open(folder)?;
    db.execute_batch("BEGIN")?;
    // It is the first reading that takes the snapshot.
    let found = version(&db)?;
    if found < VERSION { Err(StoreError::Older { found, known: VERSION }) } else { Ok(db) }
}

fn integrity(db: &Connection) -> Result<(), StoreError> {
    let verdict: String = db.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged(verdict)) }
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(what.to_owned())
}

#[cfg(test)]
mod tests {
    use alleycat_shared::Millis;
    use alleycat_shared::message::{Event, RaceMessage};

    use super::*;
    use crate::races::Races;

    const START: Millis = 1_000 * 60_000;

    fn message(racer: u64, class: u64, second: u64) -> RaceMessage {
        RaceMessage {
            uuid: uuid::Uuid::nil(),
            event: Event::Update,
            device_timestamp: 0,
            second: second.try_into().unwrap(),
            race_id: 1_000.try_into().unwrap(),
            name: alleycat_shared::RacerName::new("Ann").unwrap(),
            racer_id: racer.try_into().unwrap(),
            class_id: class.try_into().unwrap(),
            cadence: (60.0 + racer as f64).try_into().unwrap(),
            resistance: 35.0.try_into().unwrap(),
        }
    }

    /// Runs a hub's races in `folder` for a while.
    fn with(folder: &Path, work: impl FnOnce(&Races)) {
        let (races, journal, thread) = crate::rig::open(Some(folder), 60);
        work(&races);
        journal.stop();
        thread.join().unwrap();
    }

    /// A folder with one official race in two classes.
    fn raced() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        with(folder.path(), |races| {
            for second in 1..=10 {
                races.take(&message(7, 1, second), START + 60_000).unwrap();
                races.take(&message(8, 1, second), START + 60_000).unwrap();
                races.take(&message(9, 2, second), START + 60_000).unwrap();
                races.take(&message(9, 1, second), START + 60_000).unwrap();
            }
            assert_eq!(races.close(START + 200_000).len(), 2);
            races.take(&message(7, 1, 11), START + 200_000).unwrap_err();
        });
        folder
    }

    #[test]
    fn a_race_goes_on_and_records_are_there_after_a_restart() {
        let folder = raced();
        with(folder.path(), |races| {
            let class = 1.try_into().unwrap();
            let board = races.leaderboard(class, 0, 10).entries;
            assert_eq!((board.len(), board[0].racer_id.get(), board[0].score.get()), (2, 8, 1_030.0));
            assert_eq!(races.lock().records(class)[&7.try_into().unwrap()].trace.len(), 10);
            assert!(races.close(START + 300_000).is_empty(), "official once, also over a restart");
            let late = races.take(&message(7, 1, 12), START + 60_000);
            assert_eq!(late.unwrap_err().reason(), "too-late");
        });
    }

    #[test]
    fn verify_counts_again_and_finds_what_was_changed() {
        let folder = raced();
        // 30 counted, 1 too late; the same second in another class is a duplicate.
        let verified = verify(folder.path()).unwrap();
        assert_eq!(verified, Verified { messages: 31, results: 2, recounted: 2 });
        let db = connect(folder.path(), rusqlite::OpenFlags::default()).unwrap();
        db.execute("UPDATE ride SET score = score + 1 WHERE racer = 8", ()).unwrap();
        assert!(
            matches!(verify(folder.path()), Err(StoreError::Damaged(what)) if what.contains("race 1000 in class 1"))
        );
        db.execute("UPDATE ride SET score = score - 1 WHERE racer = 8", ()).unwrap();
        db.execute("UPDATE batch SET records = substr(records, 2)", ()).unwrap();
        assert!(
            matches!(verify(folder.path()), Err(StoreError::Damaged(what)) if what.contains("no record"))
        );
    }

    #[test]
    fn a_backup_of_a_running_hub_can_be_restored_and_a_wiped_folder_is_empty() {
        let (folder, other) = (raced(), tempfile::tempdir().unwrap());
        let (file, elsewhere) = (other.path().join("backup"), other.path().join("races"));
        with(folder.path(), |_| backup(folder.path(), &file).unwrap());
        assert!(matches!(backup(folder.path(), &file), Err(StoreError::Exists(_))));
        restore(&file, &elsewhere).unwrap();
        assert_eq!(verify(&elsewhere).unwrap(), verify(folder.path()).unwrap());
        assert!(matches!(restore(&file, &elsewhere), Err(StoreError::Exists(_))));
        with(&elsewhere, |_| assert!(matches!(wipe(&elsewhere), Err(StoreError::InUse(_)))));
        wipe(&elsewhere).unwrap();
        assert!(matches!(wipe(&elsewhere), Err(StoreError::None(_))));
    }

    fn names(folder: &Path) -> Vec<String> {
        let names =
            fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn nothing_is_left_of_a_backup_that_is_none_nor_beside_one_that_was_copied_by_hand() {
        let (folder, other) = (raced(), tempfile::tempdir().unwrap());
        let (file, elsewhere) = (other.path().join("backup"), other.path().join("races"));
        backup(folder.path(), &file).unwrap();
        let whole = fs::read(&file).unwrap();
        for bytes in [&whole[..whole.len() / 2], &b"no store at all ".repeat(1_000)[..], &[]] {
            fs::write(&file, bytes).unwrap();
            assert!(restore(&file, &elsewhere).is_err());
            assert_eq!(names(&elsewhere), ["lock"]);
        }
        // A store as it lies there, unlike a backup, wants a file for changes beside it to be looked at.
        let hub = connect(folder.path(), rusqlite::OpenFlags::default()).unwrap();
        hub.query_row("PRAGMA wal_checkpoint", (), |_| Ok(())).unwrap();
        fs::write(elsewhere.join("alleycat.db-wal"), "of another store").unwrap();
        restore(&folder.path().join(DB_FILE), &elsewhere).unwrap();
        assert_eq!(names(&elsewhere), ["alleycat.db", "lock"]);
        assert_eq!(verify(&elsewhere).unwrap(), verify(folder.path()).unwrap());
    }

    #[test]
    fn a_wipe_takes_all_that_a_hub_keeps_and_what_it_had_not_finished() {
        let folder = raced();
        super::super::host_key(folder.path()).unwrap();
        super::super::signing_key(Some(folder.path())).unwrap();
        let unfinished = [DB_PART, "alleycat.db.part-wal", KEY_PART];
        for name in unfinished.into_iter().chain(SET_ASIDE) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir_all(folder.path().join(ARCHIVE_FOLDER).join("2026-11-23")).unwrap();
        wipe(folder.path()).unwrap();
        assert_eq!(names(folder.path()), ["lock"]);
    }

    #[test]
    fn what_a_hub_changes_while_its_store_is_verified_is_not_seen() {
        let folder = raced();
        let moment = snapshot(folder.path()).unwrap();
        let hub = connect(folder.path(), rusqlite::OpenFlags::default()).unwrap();
        hub.execute_batch("DELETE FROM ride; DELETE FROM batch").unwrap();
        let verified = verify_in(moment, folder.path()).unwrap();
        assert_eq!(verified, Verified { messages: 31, results: 2, recounted: 2 });
        assert!(verify(folder.path()).is_err());
    }

    #[test]
    fn a_store_whose_rides_are_forgotten_before_its_messages_is_sound() {
        let folder = raced();
        let store = Store::open(Some(folder.path()), 60).unwrap();
        // The hub kept messages longer than rides, and the next one keeps all.
        store.writer().execute("DELETE FROM record WHERE racer = 7", ()).unwrap();
        for (journal_from, rides_from) in [(1_000_u64, 2_000_u64), (1, 1)] {
            let (journal_from, rides_from) =
                (journal_from.try_into().unwrap(), rides_from.try_into().unwrap());
            let keep = super::super::Keep { journal_from, archiving: false, rides_from, seats_from: 0 };
            while store.forget(&keep).unwrap() {}
            let result = store.result(1_000.try_into().unwrap(), 1.try_into().unwrap()).unwrap();
            assert_eq!(result.unwrap().results.len(), 1, "the ride of a record");
            let verified = verify(folder.path()).unwrap();
            assert_eq!(verified, Verified { messages: 31, results: 2, recounted: 0 });
        }
    }

    #[test]
    fn old_races_are_forgotten_and_the_rides_of_records_are_not() {
        let folder = raced();
        let store = Store::open(Some(folder.path()), 60).unwrap();
        let after = 2_000.try_into().unwrap();
        let keep =
            super::super::Keep { journal_from: after, archiving: false, rides_from: after, seats_from: 0 };
        while store.forget(&keep).unwrap() {}
        let class = 1.try_into().unwrap();
        assert_eq!(store.records(None).unwrap().len(), 3, "every first ride is a record");
        assert!(store.result(1_000.try_into().unwrap(), class).unwrap().is_some());
        store.writer().execute("UPDATE record SET race = 999 WHERE racer = 7", ()).unwrap();
        while store.forget(&keep).unwrap() {}
        assert_eq!(store.result(1_000.try_into().unwrap(), class).unwrap().unwrap().results.len(), 1);
        drop(store);
        assert_eq!(verify(folder.path()).unwrap(), Verified { messages: 0, results: 2, recounted: 0 });
    }
}
