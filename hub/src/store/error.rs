//! Why a store can't be used.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A store that can't be used, and what to do.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The folder can't be made or written to.
    #[error("races can't be kept in {}: choose another folder with --data, or keep nothing with --data none", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The database in the folder can't be opened.
    #[error("the store in {} can't be used: see `alleycat-hub verify --data`, or choose another folder", folder.display())]
    Unusable {
        /// The folder.
        folder: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// Another process has the store open.
    #[error("{} is in use by another hub: end it first, or choose another folder with --data", .0.display())]
    InUse(PathBuf),
    /// Written by a later version.
    #[error("the store is of version {found}, this hub knows {known}: use the newer hub")]
    Newer {
        /// The version of the store.
        found: i64,
        /// The version that this hub writes.
        known: i64,
    },
    /// Written by an earlier version.
    #[error(
        "the store is of version {found}, this hub knows {known}: start the hub with it once, which brings it up to date"
    )]
    Older {
        /// The version of the store.
        found: i64,
        /// The version that this hub writes.
        known: i64,
    },
    /// The race ids of the store are of another length.
    #[error(
        "the store holds races of {stored} s: start with --race-seconds {stored}, or choose another folder with --data"
    )]
    OtherRaceSeconds {
        /// The length of its races, in seconds.
        stored: u16,
    },
    /// A file that should hold a key does not.
    #[error("{} holds no key: take it away, and a new one is made", .0.display())]
    Key(PathBuf),
    /// There is nothing where a store should be.
    #[error("there is no store in {}", .0.display())]
    None(PathBuf),
    /// A file would be overwritten.
    #[error("{} is there already: choose another name, or take it away first", .0.display())]
    Exists(PathBuf),
    /// A file can't be read or written.
    #[error("{} can't be read or written", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Something is not as it was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// SQLite refused.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}
