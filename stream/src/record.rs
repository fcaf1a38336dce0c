//! One record on its way into a stream.

use bytes::Bytes;
use thiserror::Error;

use crate::quota::KEY_CHARS;

/// A partition key and data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    key: String,
    data: Bytes,
}

/// What no stream takes.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RecordError {
    /// The partition key is empty or too long.
    #[error("a partition key has 1 to {KEY_CHARS} characters, not {0}")]
    Key(usize),
    /// Data and partition key are too large.
    #[error("a record of {bytes} bytes is over the limit of {limit}")]
    Size {
        /// Data and partition key.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
}

impl Record {
    /// A record of at most `limit` bytes, usually [`RECORD_BYTES`](crate::quota::RECORD_BYTES).
    ///
    /// # Errors
    /// [`RecordError`] when the service would refuse it.
    pub fn new(key: String, data: Bytes, limit: usize) -> Result<Self, RecordError> {
        match key.chars().count() {
            1..=KEY_CHARS => {}
            count => return Err(RecordError::Key(count)),
        }
        let record = Self { key, data };
        let bytes = record.bytes();
        if bytes > limit { Err(RecordError::Size { bytes, limit }) } else { Ok(record) }
    }

    /// The partition key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The data.
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// What counts against the limits: data and partition key.
    pub fn bytes(&self) -> usize {
        self.key.len() + self.data.len()
    }

    /// The partition key and the data.
    pub fn into_parts(self) -> (String, Bytes) {
        (self.key, self.data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_would_refuse_is_refused_here() {
        let record = |key: String, bytes| Record::new(key, vec![0; bytes].into(), 100);
        assert_eq!(record(String::new(), 1).unwrap_err(), RecordError::Key(0));
        assert_eq!(record("k".repeat(257), 1).unwrap_err(), RecordError::Key(257));
        assert_eq!(record("k".into(), 100).unwrap_err(), RecordError::Size { bytes: 101, limit: 100 });
        assert_eq!(record("k".into(), 99).unwrap().bytes(), 100);
    }
}
