//! One shard: its range, what it has left this second, what it has done.

use std::time::Instant;

use alleycat_stream::key::HashRange;

use crate::bucket::Bucket;
use crate::{Settings, ShardCounts};

#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) range: HashRange,
    pub(crate) counts: ShardCounts,
    records: Bucket,
    bytes: Bucket,
    reads: Bucket,
    read_bytes: Bucket,
}

impl Shard {
    pub(crate) fn new(range: HashRange, settings: &Settings, now: Instant) -> Self {
        Self {
            range,
            counts: ShardCounts::default(),
            records: Bucket::new(settings.records_per_second, now),
            bytes: Bucket::new(settings.bytes_per_second, now),
            reads: Bucket::new(settings.reads_per_second, now),
            read_bytes: Bucket::new(settings.read_bytes_per_second, now),
        }
    }

    /// Whether a record is within the limits; it is counted if not.
    pub(crate) fn admits(&mut self, bytes: usize, now: Instant) -> bool {
        let weight = amount(bytes);
        let within = self.records.has(1.0, now) & self.bytes.has(weight, now);
        if within {
            self.records.take(1.0);
            self.bytes.take(weight);
        } else {
            self.counts.throttled_records += 1;
            self.counts.throttled_bytes += count(bytes);
        }
        within
    }

    /// The stream took a record.
    pub(crate) fn took(&mut self, bytes: usize) {
        self.counts.taken_records += 1;
        self.counts.taken_bytes += count(bytes);
    }

    /// Whether a `GetRecords` is within the limits; it is counted if not. How much it gives is known only after.
    pub(crate) fn lets_read(&mut self, now: Instant) -> bool {
        // After more than a second's bytes nothing is given until they are paid for.
        let within = self.reads.has(1.0, now) & self.read_bytes.has(1.0, now);
        if within {
            self.reads.take(1.0);
        } else {
            self.counts.throttled_reads += 1;
        }
        within
    }

    /// It gave so much.
    pub(crate) fn gave(&mut self, bytes: usize) {
        self.read_bytes.take(amount(bytes));
        self.counts.reads += 1;
        self.counts.read_bytes += count(bytes);
    }
}

/// As a weight; a call has a few megabytes at most.
fn amount(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX))
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
