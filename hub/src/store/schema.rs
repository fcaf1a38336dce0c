//! The tables, and whether a file has them.

use rusqlite::{Connection, OptionalExtension};

use super::StoreError;

/// Brings a connection and its tables up to what this hub expects.
pub(super) fn prepare(db: &Connection) -> Result<(), StoreError> {
    // Only an empty file can take the first of these.
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    db.query_row("PRAGMA journal_mode = WAL", (), |_| Ok(()))?;
    // Every commit is on the disk when it returns.
    db.pragma_update(None, "synchronous", "FULL")?;
    db.query_row("PRAGMA journal_size_limit = 67108864", (), |_| Ok(()))?;
    match version(db)? {
        found @ 0..=VERSION => {
            let missing = STEPS.iter().skip(usize::try_from(found).unwrap_or(0));
            Ok(missing.copied().try_for_each(|step| db.execute_batch(step))?)
        }
        found => Err(StoreError::Newer { found, known: VERSION }),
    }
}

/// The version of the tables; 0 for an empty file.
pub(super) fn version(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("PRAGMA user_version", (), |row| row.get(0))
}

/// Race ids count windows: a store of another length would mix them up.
pub(super) fn check_race_seconds(db: &Connection, race_seconds: u16) -> Result<(), StoreError> {
    match meta(db, RACE_SECONDS)? {
        Some(stored) if stored == i64::from(race_seconds) => Ok(()),
        Some(stored) => Err(StoreError::OtherRaceSeconds { stored: u16::try_from(stored).unwrap_or(0) }),
        None => Ok(set_meta(db, RACE_SECONDS, race_seconds.into())?),
    }
}

pub(super) fn meta(db: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    db.prepare_cached("SELECT value FROM meta WHERE key = ?1")?.query_row([key], |row| row.get(0)).optional()
}

pub(super) fn set_meta(db: &Connection, key: &str, value: i64) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, ?2)")?.execute((key, value)).map(drop)
}

pub(super) const RACE_SECONDS: &str = "race-seconds";
/// Races before this one are official.
pub(super) const CLOSED_BEFORE: &str = "closed-before";
/// Of races before this one messages may have been forgotten, or rides: their results can't be worked out again.
pub(super) const JOURNAL_FROM: &str = "journal-from";
/// The last batch that is in the archive.
pub(super) const ARCHIVED: &str = "archived";

pub(super) const VERSION: i64 = 4;

/// From each version to the next, from an empty file on.
const STEPS: &[&str] = &[TABLES, VERDICTS, STREAMS, PRIVACY];

const TABLES: &str = "
BEGIN;
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- The journal: what came between two commits. `race` is the newest race in it.
CREATE TABLE batch (id INTEGER PRIMARY KEY, race INTEGER NOT NULL, records BLOB NOT NULL) STRICT;
CREATE INDEX batch_race ON batch (race);

-- Official results. Scores and outputs are counts of ten-thousandths.
CREATE TABLE race (
    class INTEGER NOT NULL, race INTEGER NOT NULL, riders INTEGER NOT NULL,
    -- The last batch that could count.
    last_batch INTEGER NOT NULL,
    PRIMARY KEY (class, race)
) STRICT, WITHOUT ROWID;
CREATE TABLE ride (
    race INTEGER NOT NULL, class INTEGER NOT NULL, racer INTEGER NOT NULL, name TEXT NOT NULL,
    rank INTEGER NOT NULL, score INTEGER NOT NULL, best INTEGER NOT NULL, seconds INTEGER NOT NULL,
    -- 8 bytes a second: output u32 (all ones: none), cadence and resistance in hundredths, u16.
    ridden BLOB NOT NULL,
    PRIMARY KEY (race, class, racer)
) STRICT;
CREATE INDEX ride_racer ON ride (racer, race);

-- The best official ride of each racer in each class; its trace is that ride's.
CREATE TABLE record (
    class INTEGER NOT NULL, racer INTEGER NOT NULL, race INTEGER NOT NULL, score INTEGER NOT NULL,
    PRIMARY KEY (class, racer)
) STRICT, WITHOUT ROWID;

-- Who has taken which racer id. Only the newest nonce of a racer is good.
CREATE TABLE seat (
    racer INTEGER PRIMARY KEY, nonce INTEGER NOT NULL, name TEXT NOT NULL, expires INTEGER NOT NULL
) STRICT;

PRAGMA user_version = 1;
COMMIT;
";

/// From version 1 to 2.
const VERDICTS: &str = "
BEGIN;
-- What the hub noticed in a ride; null if it was written before it noticed anything.
ALTER TABLE ride ADD COLUMN flags INTEGER;
-- What the host says of a ride. Ranks in `ride` are those without it.
CREATE TABLE verdict (
    race INTEGER NOT NULL, class INTEGER NOT NULL, racer INTEGER NOT NULL, disqualified INTEGER NOT NULL,
    PRIMARY KEY (race, class, racer)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 2;
COMMIT;
";

/// From version 2 to 3.
const STREAMS: &str = "
BEGIN;
-- Messages that rules mean and that not all actions are done with: what came between two commits.
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, messages BLOB NOT NULL) STRICT;
-- Where each shard of a stream was left, as JSON.
CREATE TABLE checkpoint (
    stream TEXT NOT NULL, shard TEXT NOT NULL, position TEXT NOT NULL, PRIMARY KEY (stream, shard)
) STRICT, WITHOUT ROWID;
-- Up to when everything that arrived in a stream was taken, epoch ms.
CREATE TABLE watermark (stream TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = 3;
COMMIT;
";

/// From version 3 to 4.
const PRIVACY: &str = "
BEGIN;
-- Whose rides were deleted, up to and including a race: what the journal still has of them does not count.
CREATE TABLE deleted (racer INTEGER PRIMARY KEY, race INTEGER NOT NULL) STRICT;
-- Ranks in `ride` that somebody had whose ride was deleted: those behind have moved up.
CREATE TABLE gone (
    race INTEGER NOT NULL, class INTEGER NOT NULL, rank INTEGER NOT NULL, PRIMARY KEY (race, class, rank)
) STRICT, WITHOUT ROWID;
-- Who wants to be named on the all-time boards.
CREATE TABLE named (racer INTEGER PRIMARY KEY) STRICT;
PRAGMA user_version = 4;
COMMIT;
";

#[cfg(test)]
mod tests {
    use super::super::{DB_FILE, Store};
    use super::*;

    #[test]
    fn a_store_of_the_version_before_is_brought_up_with_all_that_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let db = Connection::open(folder.path().join(DB_FILE)).unwrap();
        db.execute_batch(TABLES).unwrap();
        assert_eq!(version(&db).unwrap(), 1);
        // One official ride of one second, and its rider's seat.
        db.execute_batch(
            "INSERT INTO meta VALUES ('race-seconds', 60), ('closed-before', 8);
             INSERT INTO race VALUES (1, 7, 1, 0);
             INSERT INTO ride VALUES (7, 1, 42, 'Ann', 1, 1670400, 1670400, 1, x'00197D00A41FDC1E');
             INSERT INTO record VALUES (1, 42, 7, 1670400);
             INSERT INTO seat VALUES (42, 1, 'Ann', 100);",
        )
        .unwrap();
        drop(db);
        for _ in 0..2 {
            let store = Store::open(Some(folder.path()), 60).unwrap();
            let rides = store.history(42.try_into().unwrap(), None, 10).unwrap();
            assert_eq!((rides.len(), rides[0].race_id.get(), rides[0].score.get()), (1, 7, 167.04));
            let result = store.result(7.try_into().unwrap(), 1.try_into().unwrap()).unwrap().unwrap();
            assert_eq!((result.results.len(), result.results[0].rank), (1, 1));
            assert_eq!((store.seats(0).unwrap().len(), store.records(None).unwrap().len()), (1, 1));
            assert_eq!((store.outbox_bytes().unwrap(), store.stream_left("s").unwrap().1), (0, None));
        }
        let db = Connection::open(folder.path().join(DB_FILE)).unwrap();
        assert_eq!(version(&db).unwrap(), VERSION);
        db.pragma_update(None, "user_version", VERSION + 1).unwrap();
        assert!(Store::open(Some(folder.path()), 60).is_err(), "a newer one is left alone");
    }
}
