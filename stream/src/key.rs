//! Where a partition key lands: its MD5 as a number, and the ranges of such numbers that shards hold.
//!
//! Source: Amazon Kinesis Data Streams API Reference, `PutRecord` and `HashKeyRange`.

use std::fmt;
use std::str::FromStr;

use md5::{Digest, Md5};
use thiserror::Error;

/// A place on the ring of all partition keys: the MD5 of a key's UTF-8 bytes, read as a big-endian number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashKey(pub u128);

impl HashKey {
    /// Where a partition key lands.
    pub fn of(partition_key: &str) -> Self {
        Self(u128::from_be_bytes(Md5::digest(partition_key.as_bytes()).into()))
    }

    /// How far around the ring it is, 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "for people and pictures")]
    pub fn part_of_ring(self) -> f64 {
        self.0 as f64 / u128::MAX as f64
    }
}

impl fmt::Display for HashKey {
    /// As the API writes it: decimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Text that is no hash key.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("a hash key is a decimal number below 2^128, not `{0}`")]
pub struct HashKeyError(String);

impl FromStr for HashKey {
    type Err = HashKeyError;

    fn from_str(text: &str) -> Result<Self, HashKeyError> {
        text.parse().map(Self).map_err(|_| HashKeyError(text.to_owned()))
    }
}

/// The hash keys of one shard, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashRange {
    /// The first one.
    pub start: HashKey,
    /// The last one.
    pub end: HashKey,
}

impl HashRange {
    /// The whole ring.
    pub const ALL: Self = Self { start: HashKey(0), end: HashKey(u128::MAX) };

    /// Whether a hash key belongs to the shard.
    pub fn contains(self, key: HashKey) -> bool {
        (self.start..=self.end).contains(&key)
    }

    /// The ring in `shards` equal ranges, as a new stream has them.
    pub fn even(shards: u32) -> Vec<Self> {
        let shards = u128::from(shards.max(1));
        let width = u128::MAX / shards;
        let range = |shard: u128| {
            let start = shard * width;
            let end = if shard + 1 == shards { u128::MAX } else { start + width - 1 };
            Self { start: HashKey(start), end: HashKey(end) }
        };
        (0..shards).map(range).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lands_where_its_md5_says() {
        // MD5("") and MD5("abc"): RFC 1321, section A.5.
        assert_eq!(HashKey::of("").0, 0xd41d_8cd9_8f00_b204_e980_0998_ecf8_427e);
        assert_eq!(HashKey::of("abc").0, 0x9001_5098_3cd2_4fb0_d696_3f7d_28e1_7f72);
        assert_eq!(HashKey::of("abc").to_string().parse(), Ok(HashKey::of("abc")));
        assert!("340282366920938463463374607431768211456".parse::<HashKey>().is_err());
    }

    #[test]
    fn even_ranges_cover_the_ring_without_a_gap_or_an_overlap() {
        for shards in [1, 2, 3, 7, 100] {
            let ranges = HashRange::even(shards);
            assert_eq!(ranges.len(), shards as usize);
            assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (HashKey(0), HashKey(u128::MAX)));
            assert!(ranges.windows(2).all(|two| two[0].end.0 + 1 == two[1].start.0));
        }
        assert_eq!(HashRange::even(0), [HashRange::ALL]);
    }
}
