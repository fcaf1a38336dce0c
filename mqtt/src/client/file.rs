//! A store in a file: every change is on the disk when it returns.

use std::path::Path;

use bytes::Bytes;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use thiserror::Error;

use crate::keep::Change;

/// Records in a file of their own, by [redb](https://docs.rs/redb): a crash leaves either all of a change
/// or nothing of it.
#[derive(Debug)]
pub struct FileStore {
    database: Database,
}

/// Why the store can't be used. The client goes on without it and says so in its log.
#[derive(Debug, Error)]
#[error("the store of unacknowledged messages: {0}")]
pub struct StoreError(#[from] redb::Error);

impl FileStore {
    /// Opens the store in this file, which is made if it is not there. One program at a time.
    ///
    /// # Errors
    /// [`StoreError`] when the file can't be opened, is in use or is not a store.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let open = || {
            let database = Database::create(path)?;
            let write = database.begin_write()?;
            write.open_table(RECORDS)?;
            write.commit()?;
            Ok(Self { database })
        };
        open().map_err(StoreError)
    }

    /// All that is kept.
    ///
    /// # Errors
    /// [`StoreError`] when the file can't be read.
    pub fn records(&self) -> Result<Vec<(u64, Bytes)>, StoreError> {
        let read = || {
            let table = self.database.begin_read()?.open_table(RECORDS)?;
            let mut records = Vec::new();
            for entry in table.iter()? {
                let (key, value) = entry?;
                records.push((key.value(), Bytes::copy_from_slice(value.value())));
            }
            Ok(records)
        };
        read().map_err(StoreError)
    }

    /// Does what a session says, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the file can't be written.
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        let apply = || {
            let write = self.database.begin_write()?;
            {
                let mut table = write.open_table(RECORDS)?;
                for change in changes {
                    match change {
                        Change::Put { key, value } => _ = table.insert(key, &value[..])?,
                        Change::Delete { key } => _ = table.remove(key)?,
                    }
                }
            }
            Ok(write.commit()?)
        };
        apply().map_err(StoreError)
    }
}

const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("unacknowledged");
