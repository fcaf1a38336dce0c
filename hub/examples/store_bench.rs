//! What the hub does to its store, done to SQLite, and to a plain file as the floor. Figures, and what
//! else was weighed: `docs/decisions/store.md`.
//!
//! `cargo run --release -p alleycat-hub --example store_bench -- FOLDER`
#![expect(clippy::print_stdout, reason = "a measurement prints its figures")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// Bytes of one journaled message.
const RECORD: usize = 80;
/// Bytes of a ride's trace of 300 seconds.
const TRACE: usize = 900;
const RIDERS: u32 = 1_000;
const RECORDS: u32 = 40_000;

/// What the hub asks of a store. Each call is durable when it returns.
trait Engine {
    /// Appends one batch of records as one value.
    fn batch(&mut self, id: u64, records: &[u8]);
    /// Appends each record under a key of its own.
    fn rows(&mut self, first: u64, count: u64);
    /// Writes the rides of an official race, with their traces.
    fn rides(&mut self, race: u64);
    /// Reads all batches in order; returns their bytes.
    fn replay(&mut self) -> usize;
    /// Reads the best thousand of [`RECORDS`] records, which `rides` does not touch.
    fn leaderboard(&mut self) -> usize;
    /// Forgets all batches and rows, and gives the room back as far as it can.
    fn compact(&mut self);
}

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a FOLDER on the disk to measure"));
    let only = std::env::args().nth(2);
    type Open = fn(&Path) -> Box<dyn Engine>;
    let engines: [(&str, Open); 2] = [
        ("file", |path| Box::new(Plain(File::create(path.join("journal")).unwrap()))),
        ("sqlite", |path| Box::new(Sqlite::open(path))),
    ];
    for (name, open) in engines {
        if only.as_deref().is_none_or(|only| only == name) {
            let path = folder.join(name);
            std::fs::create_dir_all(&path).unwrap();
            measure(name, open(&path).as_mut(), &path);
            std::fs::remove_dir_all(&path).unwrap();
        }
    }
}

fn measure(name: &str, engine: &mut dyn Engine, path: &Path) {
    let mut id = 0;
    for (records, commits) in [(1_usize, 400), (50, 400), (1_000, 200)] {
        let batch = noise(records * RECORD);
        let start = Instant::now();
        let mut took: Vec<Duration> = (0..commits)
            .map(|_| {
                id += 1;
                timed(|| engine.batch(id, &batch))
            })
            .collect();
        let rate = (records * commits) as f64 / start.elapsed().as_secs_f64();
        took.sort_unstable();
        let at = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        println!(
            "{name:7} batches of {records:5}: p50 {:6.2} ms, p99 {:6.2} ms, {rate:9.0} records/s",
            at(50),
            at(99)
        );
    }
    if name == "file" {
        return;
    }
    let start = Instant::now();
    (0..50).for_each(|round| engine.rows(round * 1_000, 1_000));
    println!(
        "{name:7} a row a record, 1,000 a commit: {:9.0} records/s",
        50_000.0 / start.elapsed().as_secs_f64()
    );
    let rides: Duration = (0..10).map(|race| timed(|| engine.rides(race))).sum();
    println!("{name:7} {RIDERS} rides with traces: {:6.1} ms a race", rides.as_secs_f64() * 100.0);
    let mut bytes = 0;
    let replay = timed(|| bytes = engine.replay());
    println!("{name:7} replay: {:9.0} records/s", (bytes / RECORD) as f64 / replay.as_secs_f64());
    let leaderboard = timed(|| assert_eq!(engine.leaderboard(), 1_000));
    println!("{name:7} best 1,000 of {RECORDS}: {:6.2} ms", leaderboard.as_secs_f64() * 1e3);
    let before = size(path);
    let compact = timed(|| engine.compact());
    println!(
        "{name:7} {:6.1} MB, after forgetting the journal {:6.1} MB ({:5.0} ms)",
        before as f64 / 1e6,
        size(path) as f64 / 1e6,
        compact.as_secs_f64() * 1e3
    );
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Bytes that don't compress, the same every time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56).to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

fn size(path: &Path) -> u64 {
    let entries = std::fs::read_dir(path).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let meta = entry.metadata().unwrap();
            if meta.is_dir() { size(&entry.path()) } else { meta.len() }
        })
        .sum()
}

/// A score for the racer's record, spread over the range.
fn score(racer: u32) -> u64 {
    u64::from(racer.wrapping_mul(2_654_435_761))
}

struct Plain(File);

impl Engine for Plain {
    fn batch(&mut self, _: u64, records: &[u8]) {
        self.0.write_all(records).unwrap();
        self.0.sync_data().unwrap();
    }
    fn rows(&mut self, _: u64, _: u64) {}
    fn rides(&mut self, _: u64) {}
    fn replay(&mut self) -> usize {
        0
    }
    fn leaderboard(&mut self) -> usize {
        0
    }
    fn compact(&mut self) {}
}

struct Sqlite(Connection);

impl Sqlite {
    fn open(path: &Path) -> Self {
        let mut db = Connection::open(path.join("db")).unwrap();
        db.execute_batch(
            "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE batch (id INTEGER PRIMARY KEY, records BLOB NOT NULL) STRICT;
             CREATE TABLE row (id INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT;
             CREATE TABLE ride (race INTEGER, racer INTEGER, trace BLOB, PRIMARY KEY (race, racer)) STRICT, WITHOUT ROWID;
             CREATE TABLE record (racer INTEGER PRIMARY KEY, score INTEGER) STRICT;
             CREATE INDEX best ON record (score DESC, racer);",
        )
        .unwrap();
        let change = db.transaction().unwrap();
        for racer in 0..RECORDS {
            change
                .prepare_cached("INSERT INTO record VALUES (?1, ?2)")
                .unwrap()
                .execute((racer, i64::try_from(score(racer)).unwrap()))
                .unwrap();
        }
        change.commit().unwrap();
        Self(db)
    }
}

impl Engine for Sqlite {
    fn batch(&mut self, id: u64, records: &[u8]) {
        let sql = "INSERT INTO batch VALUES (?1, ?2)";
        self.0.prepare_cached(sql).unwrap().execute((id.cast_signed(), records)).unwrap();
    }
    fn rows(&mut self, first: u64, count: u64) {
        let record = noise(RECORD);
        let change = self.0.transaction().unwrap();
        for id in first..first + count {
            let sql = "INSERT INTO row VALUES (?1, ?2)";
            change.prepare_cached(sql).unwrap().execute((id.cast_signed(), &record)).unwrap();
        }
        change.commit().unwrap();
    }
    fn rides(&mut self, race: u64) {
        let trace = noise(TRACE);
        let change = self.0.transaction().unwrap();
        for racer in 0..RIDERS {
            let sql = "INSERT INTO ride VALUES (?1, ?2, ?3)";
            change.prepare_cached(sql).unwrap().execute((race.cast_signed(), racer, &trace)).unwrap();
        }
        change.commit().unwrap();
    }
    fn replay(&mut self) -> usize {
        let mut select = self.0.prepare("SELECT records FROM batch ORDER BY id").unwrap();
        select.query_map((), |row| Ok(row.get_ref(0)?.as_blob()?.len())).unwrap().map(Result::unwrap).sum()
    }
    fn leaderboard(&mut self) -> usize {
        let sql = "SELECT racer, score FROM record ORDER BY score DESC, racer LIMIT 1000";
        let mut select = self.0.prepare(sql).unwrap();
        select.query_map((), |row| row.get::<_, i64>(1)).unwrap().count()
    }
    fn compact(&mut self) {
        self.0.execute_batch("DELETE FROM batch; DELETE FROM row").unwrap();
        // Each step gives one page back.
        self.0
            .prepare("PRAGMA incremental_vacuum")
            .unwrap()
            .query_map((), |_| Ok(()))
            .unwrap()
            .for_each(drop);
        self.0.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    }
}
