//! How many shards.

use serde::Serialize;

use super::load::Load;
use super::place::Placement;
use super::sample::Sample;
use crate::quota::{SHARD_BYTES_PER_SECOND, SHARD_RECORDS_PER_SECOND};

/// How many shards a load takes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Need {
    /// What comes.
    pub records_per_second: f64,
    /// The same in bytes, partition keys included.
    pub bytes_per_second: f64,
    /// Bytes of a record, key included, on average.
    pub bytes_per_record: f64,
    /// Without headroom, by records alone.
    pub shards_by_records: u32,
    /// Without headroom, by bytes alone.
    pub shards_by_bytes: u32,
    /// Which of the two asks for more.
    pub binds: Binds,
    /// By the limit that binds, with the headroom, if keys spread evenly.
    pub shards_with_headroom: u32,
    /// The fewest, at least those with headroom, that refuse nothing of what was played through with these keys.
    pub with_these_keys: Enough,
    /// What to take: those with these keys, or those with headroom where no number would do.
    pub shards: u32,
    /// What is used of as many shards as were asked for, or else are needed, by records, 1 for all.
    pub use_of_records: f64,
    /// The same by bytes.
    pub use_of_bytes: f64,
}

/// Which limit of a shard is met first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binds {
    /// 1,000 records a second.
    Records,
    /// 1 MiB a second.
    Bytes,
}

/// Whether some number of shards is enough.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "enough")]
pub enum Enough {
    /// It is.
    Shards {
        /// That number.
        shards: u32,
    },
    /// One key alone has more than a shard takes, in some second: more shards do not help.
    NeverOneKeyIsTooMuch {
        /// The most frequent one.
        key: String,
        /// What it has of a shard in its fullest second, over 1.
        use_of_shard: f64,
    },
    /// None up to this number is.
    NotUpTo {
        /// The largest number tried.
        shards: u32,
    },
}

/// How many times the shards of an even spread are tried, at least up to [`TRY_AT_LEAST`].
const TRY_TIMES: u32 = 4;
const TRY_AT_LEAST: u32 = 32;

impl Need {
    /// Of a load, with the keys of a sample of it.
    pub fn of(load: &Load, sample: &Sample) -> Self {
        let records_per_second = load.records_per_second();
        let bytes_per_second = records_per_second * sample.record_bytes;
        let by_records = records_per_second / f64::from(SHARD_RECORDS_PER_SECOND);
        let by_bytes = bytes_per_second / f64::from(SHARD_BYTES_PER_SECOND);
        let binds = if by_bytes > by_records { Binds::Bytes } else { Binds::Records };
        let shards_with_headroom = whole(by_records.max(by_bytes) / (1.0 - load.headroom));
        let with_these_keys = enough(sample, shards_with_headroom);
        let shards = match with_these_keys {
            Enough::Shards { shards } => shards,
            _ => shards_with_headroom,
        };
        let taken = f64::from(load.shards.unwrap_or(shards));
        Self {
            records_per_second,
            bytes_per_second,
            bytes_per_record: sample.record_bytes,
            shards_by_records: whole(by_records),
            shards_by_bytes: whole(by_bytes),
            binds,
            shards_with_headroom,
            with_these_keys,
            shards,
            use_of_records: by_records / taken,
            use_of_bytes: by_bytes / taken,
        }
    }
}

fn enough(sample: &Sample, from: u32) -> Enough {
    if sample.key_peak > 1.0 {
        let key = sample.keys.first().map(|key| key.name.clone()).unwrap_or_default();
        return Enough::NeverOneKeyIsTooMuch { key, use_of_shard: sample.key_peak };
    }
    let most = (from * TRY_TIMES).max(TRY_AT_LEAST);
    let mut shards = from;
    while shards <= most {
        if Placement::of(sample, shards).refused_share == 0.0 {
            return Enough::Shards { shards };
        }
        // One by one where it matters.
        shards += (shards / 16).max(1);
    }
    Enough::NotUpTo { shards: most }
}

/// The next whole number of shards, at least 1. What a float loses is no shard.
fn whole(shards: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from float saturates"
    )]
    let whole = (shards - 1e-9).ceil() as u32;
    whole.max(1)
}
