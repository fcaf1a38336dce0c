//! How a sink works.

use crate::quota::{BYTES_PER_PUT, RECORDS_PER_PUT};

/// What of the order of records is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// Records of one partition key stay in order: never two of them are under way at once, for `PutRecords`
    /// may take a later record of a request and not an earlier one. A key then gets one record a round trip.
    #[default]
    Key,
    /// None is kept: fastest, also for few keys.
    None,
}

/// How a sink works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Records of one put, at most 500.
    pub records_per_put: usize,
    /// Bytes of one put, data and partition keys.
    pub bytes_per_put: usize,
    /// How long a record waits for others, ms.
    pub linger_ms: u64,
    /// Puts under way at once.
    pub puts_at_once: usize,
    /// Records in the sink, at most.
    pub buffer_records: usize,
    /// Bytes in the sink, at most.
    pub buffer_bytes: usize,
    /// What of the order is kept.
    pub order: Order,
    /// The longest wait after a first fault, ms; it doubles with every further one.
    pub first_wait_ms: u64,
    /// The longest wait of all, ms.
    pub longest_wait_ms: u64,
    /// How often a put is tried that is refused as a whole.
    pub refusals: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            records_per_put: RECORDS_PER_PUT,
            bytes_per_put: BYTES_PER_PUT,
            linger_ms: 50,
            puts_at_once: 4,
            buffer_records: 20_000,
            buffer_bytes: 32 * 1024 * 1024,
            order: Order::Key,
            first_wait_ms: 100,
            longest_wait_ms: 5_000,
            refusals: 5,
        }
    }
}
