//! What one shard takes of some kinds of records: the three capacity profiles, and the load's own.

use serde::Serialize;

use super::load::Load;
use super::need::Binds;
use super::sample::Sample;
use crate::quota::{SHARD_BYTES_PER_SECOND, SHARD_RECORDS_PER_SECOND};

/// What one shard takes of records of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Which kind.
    pub kind: Kind,
    /// Bytes of a record, key included, on average.
    pub bytes_per_record: f64,
    /// The most records that go in.
    pub records_per_second: f64,
    /// The bytes of these.
    pub bytes_per_second: f64,
    /// Which limit stops more.
    pub binds: Binds,
}

/// A kind of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// All of the size at which both limits are met at once: 1 MiB/s in 1,000 records.
    Even,
    /// As many small as large ones: fewer than 1,000, for the bytes are all taken.
    Mixed,
    /// Many tiny ones: 1,000/s, and far less than 1 MiB.
    Tiny,
    /// The load's.
    Own,
}

/// What the profile of mixed sizes has: as many of the load's own size, or of a small one, as of this.
const LARGE_BYTES: f64 = 4_096.0;
/// The profile of tiny records: the sample application's.
const TINY_BYTES: f64 = 170.0;

impl Profile {
    /// The three, and the load's own.
    pub fn all(load: &Load, sample: &Sample) -> Vec<Self> {
        let key = (sample.record_bytes - load.record_bytes()).max(0.0);
        let even = f64::from(SHARD_BYTES_PER_SECOND) / f64::from(SHARD_RECORDS_PER_SECOND);
        vec![
            Self::of(Kind::Even, even),
            Self::of(Kind::Mixed, f64::midpoint(TINY_BYTES, LARGE_BYTES) + key),
            Self::of(Kind::Tiny, TINY_BYTES + key),
            Self::of(Kind::Own, sample.record_bytes),
        ]
    }

    fn of(kind: Kind, bytes_per_record: f64) -> Self {
        let by_bytes = f64::from(SHARD_BYTES_PER_SECOND) / bytes_per_record;
        let by_records = f64::from(SHARD_RECORDS_PER_SECOND);
        let binds = if by_bytes < by_records { Binds::Bytes } else { Binds::Records };
        let records_per_second = by_bytes.min(by_records);
        Self {
            kind,
            bytes_per_record,
            records_per_second,
            bytes_per_second: records_per_second * bytes_per_record,
            binds,
        }
    }
}
