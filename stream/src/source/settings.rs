//! How a source works.

use crate::quota::{RECORDS_PER_GET, SHARD_READ_BYTES_PER_SECOND};

/// Where a stream is begun that was never read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At the oldest record that the stream still has.
    #[default]
    Oldest,
    /// At what comes from now on.
    Newest,
    /// At the first record that arrived at this moment or later, epoch ms.
    At(u64),
}

/// How a source works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where a stream is begun that was never read.
    pub start: Start,
    /// Records of one read, at most 10,000.
    pub records_per_read: u32,
    /// From one read of a shard to the next, ms. A shard answers five times a second to all its readers.
    pub read_every_ms: u64,
    /// What a shard gives in a second, in bytes.
    pub read_bytes_per_second: u64,
    /// How often the shards are listed when nothing hints at a change, ms.
    pub list_every_ms: u64,
    /// How far this machine's clock may be ahead of the service's, ms: the watermark stays as far behind.
    pub clock_margin_ms: u64,
    /// The longest wait after a first fault, ms; it doubles with every further one.
    pub first_wait_ms: u64,
    /// The longest wait of all, ms.
    pub longest_wait_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            start: Start::Oldest,
            records_per_read: RECORDS_PER_GET,
            read_every_ms: 220,
            read_bytes_per_second: SHARD_READ_BYTES_PER_SECOND.into(),
            list_every_ms: 30_000,
            clock_margin_ms: 1_000,
            first_wait_ms: 200,
            longest_wait_ms: 5_000,
        }
    }
}
