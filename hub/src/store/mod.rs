//! What outlives the process: journal, results, rides, records and seats, in one SQLite file.
//!
//! One connection writes, driven by the journal alone; another one reads. Without a folder the same
//! tables are kept in memory. All calls block: async callers go through `spawn_blocking`.

mod admin;
mod error;
mod key;
mod outbox;
mod read;
mod record;
mod schema;
mod unarchived;
mod write;

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

pub use admin::{backup, restore, verify, wipe};
pub use error::StoreError;
pub(crate) use key::{host_key, signing_key};

pub(crate) use outbox::StreamMark;
pub(crate) use record::{Damaged, Record, take};
pub(crate) use unarchived::Unarchived;
pub(crate) use write::{Batch, DeletionRow, Keep, Official, SeatRow, VerdictRow};

/// The open store.
pub(crate) struct Store {
    write: Arc<Mutex<Connection>>,
    read: Arc<Mutex<Connection>>,
    folder: Option<PathBuf>,
    /// Held as long as the store is open.
    _lock: Option<File>,
}

impl Store {
    /// Opens the store in `folder`, making it if need be; without a folder, an empty one in memory.
    ///
    /// # Errors
    /// [`StoreError`] if the folder can't be used, another hub uses it, or it holds races of another length.
    pub(crate) fn open(folder: Option<&Path>, race_seconds: u16) -> Result<Self, StoreError> {
        let Some(folder) = folder else {
            let db = Connection::open_in_memory()?;
            schema::prepare(&db)?;
            schema::check_race_seconds(&db, race_seconds)?;
            let db = Arc::new(Mutex::new(db));
            return Ok(Self { write: Arc::clone(&db), read: db, folder: None, _lock: None });
        };
        let lock = lock(folder)?;
        let unusable = |source| StoreError::Unusable { folder: folder.to_owned(), source };
        let write = connect(folder, OpenFlags::default()).map_err(unusable)?;
        schema::prepare(&write).map_err(|error| match error {
            StoreError::Sqlite(source) => unusable(source),
            other => other,
        })?;
        schema::check_race_seconds(&write, race_seconds)?;
        let read = connect(folder, READ_ONLY).map_err(unusable)?;
        Ok(Self {
            write: Arc::new(Mutex::new(write)),
            read: Arc::new(Mutex::new(read)),
            folder: Some(folder.to_owned()),
            _lock: Some(lock),
        })
    }

    /// What is there, only to be read.
    fn reading(db: Connection, folder: &Path) -> Self {
        let db = Arc::new(Mutex::new(db));
        Self { write: Arc::clone(&db), read: db, folder: Some(folder.to_owned()), _lock: None }
    }

    /// Whether it outlives the process.
    pub(crate) fn is_kept(&self) -> bool {
        self.folder.is_some()
    }

    /// Where it is, unless in memory.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.read.lock().expect("no holder of this lock panics")
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.write.lock().expect("no holder of this lock panics")
    }
}

/// Makes the folder, for its owner's eyes only, and takes it for this process.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let failed = |source| StoreError::Folder { folder: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(LOCK_FILE))
        .map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(StoreError::InUse(folder.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn connect(folder: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(folder.join(DB_FILE), flags)?;
    // Only a backup or a curious `sqlite3` can be in the way.
    db.busy_timeout(Duration::from_secs(5))?;
    Ok(db)
}

const READ_ONLY: OpenFlags = OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
const DB_FILE: &str = "alleycat.db";
/// A backup that is about to become the store.
const DB_PART: &str = "alleycat.db.part";
/// Records of a stream that are no messages, set aside: the newer ones and the older ones.
pub(crate) const SET_ASIDE: [&str; 2] = ["set-aside.jsonl", "set-aside.old.jsonl"];
const LOCK_FILE: &str = "lock";
