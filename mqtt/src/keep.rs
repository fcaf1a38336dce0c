//! What survives a restart: a small map of numbered records that the session has kept.
//!
//! The session says by [`Change`]s what is to be kept; a store does it, wherever it is (a file, the
//! browser's IndexedDB), and gives all of it back to [`Session::restore`](crate::Session::restore) on the
//! next start. A store knows nothing of what is in the records.

use bytes::Bytes;

/// What a store is to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Keep this record under its key, in place of an older one.
    Put {
        /// The record's key.
        key: u64,
        /// The record.
        value: Bytes,
    },
    /// Forget the record of this key.
    Delete {
        /// The record's key.
        key: u64,
    },
}
