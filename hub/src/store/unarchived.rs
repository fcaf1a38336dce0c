//! What the archive asks of the journal: the batches that are not in it yet, and how far it has come.

use rusqlite::{Connection, OptionalExtension};

use super::schema::{ARCHIVED, meta, set_meta};
use super::{READ_ONLY, Record, Store, StoreError, connect};

/// The journal as the archive reads it, by a connection of its own: nobody waits for it.
pub(crate) struct Unarchived {
    db: Connection,
}

/// One commit of the journal.
pub(crate) struct JournalBatch {
    /// Counts upwards and is never used again.
    pub(crate) id: i64,
    /// Its size in the journal, in bytes.
    pub(crate) bytes: usize,
    pub(crate) records: Vec<Record>,
}

impl Store {
    /// The journal for the archive; `None` if it ends with the process.
    ///
    /// # Errors
    /// [`StoreError`] when the store can't be opened once more.
    pub(crate) fn unarchived(&self) -> Result<Option<Unarchived>, StoreError> {
        let Some(folder) = self.folder() else { return Ok(None) };
        let unusable = |source| StoreError::Unusable { folder: folder.to_owned(), source };
        Ok(Some(Unarchived { db: connect(folder, READ_ONLY).map_err(unusable)? }))
    }

    /// The last batch that is in the archive; 0 before the first.
    pub(crate) fn archived(&self) -> Result<i64, StoreError> {
        Ok(meta(&self.reader(), ARCHIVED)?.unwrap_or(0))
    }

    /// Keeps how far the archive has come.
    pub(crate) fn set_archived(&self, batch: i64) -> Result<(), StoreError> {
        Ok(set_meta(&self.writer(), ARCHIVED, batch)?)
    }
}

impl Unarchived {
    /// The first batch after `batch`.
    pub(crate) fn after(&self, batch: i64) -> Result<Option<JournalBatch>, StoreError> {
        let mut select =
            self.db.prepare_cached("SELECT id, records FROM batch WHERE id > ?1 ORDER BY id LIMIT 1")?;
        let found = select.query_row([batch], |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)));
        let Some((id, bytes)) = found.optional()? else { return Ok(None) };
        let (mut rest, mut records) = (bytes.as_slice(), Vec::new());
        while let Some(record) =
            Record::read(&mut rest).map_err(|error| StoreError::Damaged(format!("batch {id}: {error}")))?
        {
            records.push(record);
        }
        Ok(Some(JournalBatch { id, bytes: bytes.len(), records }))
    }

    /// How many bytes of the journal come after `batch`.
    pub(crate) fn waiting(&self, batch: i64) -> Result<u64, StoreError> {
        let mut select =
            self.db.prepare_cached("SELECT ifnull(sum(length(records)), 0) FROM batch WHERE id > ?1")?;
        Ok(select.query_row([batch], |row| row.get(0))?)
    }
}
