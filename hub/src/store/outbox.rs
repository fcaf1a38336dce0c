//! Messages on their way to the targets of rules, and how far streams were read.

use std::collections::BTreeMap;

use alleycat_shared::Millis;
use rusqlite::{OptionalExtension, Transaction};

use super::{Store, StoreError};

/// How far one shard of a stream was read, and the stream as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StreamMark {
    pub(crate) stream: String,
    /// The shard and its checkpoint as JSON, if that has changed.
    pub(crate) shard: Option<(String, String)>,
    /// Up to when everything that arrived was taken.
    pub(crate) watermark: Option<Millis>,
}

impl Store {
    /// The first row of the outbox after `id`.
    pub(crate) fn outbox_after(&self, id: i64) -> Result<Option<(i64, Vec<u8>)>, StoreError> {
        let db = self.reader();
        let mut select =
            db.prepare_cached("SELECT id, messages FROM outbox WHERE id > ?1 ORDER BY id LIMIT 1")?;
        Ok(select.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// The first bytes of the first row after `id`.
    pub(crate) fn outbox_head(&self, id: i64, bytes: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let db = self.reader();
        let select = "SELECT substr(messages, 1, ?2) FROM outbox WHERE id > ?1 ORDER BY id LIMIT 1";
        Ok(db.prepare_cached(select)?.query_row((id, bytes), |row| row.get(0)).optional()?)
    }

    /// How many bytes wait in the outbox.
    pub(crate) fn outbox_bytes(&self) -> Result<u64, StoreError> {
        let db = self.reader();
        let sum = "SELECT ifnull(sum(length(messages)), 0) FROM outbox";
        Ok(db.prepare_cached(sum)?.query_row((), |row| row.get(0))?)
    }

    /// Where each shard of a stream was left, as JSON, and the stream's watermark.
    #[cfg_attr(not(any(feature = "kinesis", test)), expect(dead_code, reason = "only a stream feeds races"))]
    pub(crate) fn stream_left(
        &self,
        stream: &str,
    ) -> Result<(BTreeMap<String, String>, Option<Millis>), StoreError> {
        let db = self.reader();
        let mut select = db.prepare_cached("SELECT shard, position FROM checkpoint WHERE stream = ?1")?;
        let shards = select.query_map([stream], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let shards = shards.collect::<Result<_, _>>()?;
        let mut select = db.prepare_cached("SELECT at FROM watermark WHERE stream = ?1")?;
        Ok((shards, select.query_row([stream], |row| row.get(0)).optional()?))
    }
}

pub(super) fn write_outbox(
    change: &Transaction<'_>,
    outgoing: &[u8],
    delivered: &[i64],
) -> rusqlite::Result<()> {
    if !outgoing.is_empty() {
        change.prepare_cached("INSERT INTO outbox (messages) VALUES (?1)")?.execute([outgoing])?;
    }
    for id in delivered {
        change.prepare_cached("DELETE FROM outbox WHERE id = ?1")?.execute([id])?;
    }
    Ok(())
}

pub(super) fn write_marks(change: &Transaction<'_>, marks: &[StreamMark]) -> rusqlite::Result<()> {
    for StreamMark { stream, shard, watermark } in marks {
        if let Some((shard, position)) = shard {
            let put = "INSERT OR REPLACE INTO checkpoint VALUES (?1, ?2, ?3)";
            change.prepare_cached(put)?.execute((stream, shard, position))?;
        }
        if let Some(at) = watermark {
            let put = "INSERT INTO watermark VALUES (?1, ?2) ON CONFLICT (stream) DO UPDATE SET at = max(at, excluded.at)";
            change.prepare_cached(put)?.execute((stream, at))?;
        }
    }
    Ok(())
}
