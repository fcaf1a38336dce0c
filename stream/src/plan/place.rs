//! Where records fall, and what shards do about it.

use serde::Serialize;

use super::sample::Sample;
use crate::key::{HashKey, HashRange};
use crate::quota::{SHARD_BYTES_PER_SECOND, SHARD_RECORDS_PER_SECOND};

/// What falls where, on a number of even shards.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// In order of the ring.
    pub shards: Vec<ShardLoad>,
    /// How many seconds were played through.
    pub sampled_seconds: u32,
    /// Records of all that are refused when each is put once and never again, 0 to 1.
    pub refused_share: f64,
    /// Seconds of all in which at least one shard refuses something, 0 to 1.
    pub seconds_over_share: f64,
    /// What the fullest shard has on average, against an even share of all.
    pub hottest_to_even: f64,
    /// The fullest shard of any race on average, as a part of what a shard takes.
    pub hottest_use: f64,
    /// How long records wait for a shard that has no room, if they are put again until they are in: mean.
    pub wait_ms_mean: f64,
    /// The same, the longest one in the seconds that were played through.
    pub wait_ms_max: f64,
    /// Whether every shard takes what it gets, in the long run. Unless it does, waiting has no end while a race lasts.
    pub keeps_up: bool,
    /// How far behind the fullest shard is when a race ends, if it does not keep up.
    pub behind_after_race_seconds: f64,
}

/// What one shard gets, in records that are put once.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardLoad {
    /// The first hash key, as a part of the ring, 0 to 1.
    pub starts_at: f64,
    /// Mean over all races.
    pub records_per_second_mean: f64,
    /// In the fullest second.
    pub records_per_second_max: u32,
    /// Mean over all races.
    pub bytes_per_second_mean: f64,
    /// In the fullest second.
    pub bytes_per_second_max: u64,
    /// Mean of the fullest race, as a part of what a shard takes: of records or of bytes, whichever is more.
    pub use_of_fullest_race: f64,
    /// Seconds of all in which it refuses something, 0 to 1.
    pub seconds_over_share: f64,
    /// Records of all of its own that are refused, 0 to 1.
    pub refused_share: f64,
}

/// What a shard has in a second, and over all.
#[derive(Clone, Default)]
struct Tally {
    records: u32,
    bytes: u64,
    taken_records: u32,
    taken_bytes: u64,
    refused: u32,
    piece_records: u64,
    piece_bytes: u64,
    all_records: u64,
    all_bytes: u64,
    all_refused: u64,
    max_records: u32,
    max_bytes: u64,
    seconds_over: u32,
    fullest: f64,
    /// What waits, in seconds of the shard's work.
    behind: f64,
}

impl Placement {
    /// Plays a sample through on even shards, as a new stream has them.
    pub fn of(sample: &Sample, shards: u32) -> Self {
        let ranges = HashRange::even(shards);
        let find = Finder::new(&ranges);
        let mut tallies = vec![Tally::default(); ranges.len()];
        let mut seconds_over = 0;
        let mut waits = Waits::default();
        for piece in &sample.pieces {
            let mut sent = piece.iter().peekable();
            for second in 0..sample.piece_seconds {
                while let Some(record) = sent.next_if(|record| record.second <= second) {
                    tallies[find.shard(record.hash)].put(record.bytes);
                }
                let mut over = false;
                for tally in &mut tallies {
                    over |= tally.end_second(&mut waits);
                }
                seconds_over += u32::from(over);
            }
            tallies.iter_mut().for_each(|tally| tally.end_piece(sample.piece_seconds));
        }
        let seconds = f64::from(sample.seconds());
        let loads: Vec<_> =
            tallies.iter().zip(&ranges).map(|(tally, range)| tally.load(seconds, *range)).collect();
        let all: u64 = tallies.iter().map(|tally| tally.all_records).sum();
        let refused: u64 = tallies.iter().map(|tally| tally.all_refused).sum();
        let hottest = tallies.iter().map(|tally| tally.all_records).max().unwrap_or(0);
        let hottest_use = loads.iter().map(|load| load.use_of_fullest_race).fold(0.0, f64::max);
        let behind = (hottest_use - 1.0).max(0.0) * f64::from(sample.window_seconds);
        Self {
            sampled_seconds: sample.seconds(),
            refused_share: part(refused, all),
            seconds_over_share: f64::from(seconds_over) / seconds,
            hottest_to_even: part(hottest, all) * f64::from(shards.max(1)),
            hottest_use,
            wait_ms_mean: waits.mean_ms(),
            wait_ms_max: waits.max_ms,
            keeps_up: behind == 0.0,
            behind_after_race_seconds: behind,
            shards: loads,
        }
    }
}

impl Tally {
    fn put(&mut self, bytes: u32) {
        self.records += 1;
        self.bytes += u64::from(bytes);
        let fits = self.taken_records < SHARD_RECORDS_PER_SECOND
            && self.taken_bytes + u64::from(bytes) <= u64::from(SHARD_BYTES_PER_SECOND);
        if fits {
            self.taken_records += 1;
            self.taken_bytes += u64::from(bytes);
        } else {
            self.refused += 1;
        }
    }

    /// Whether something was refused.
    fn end_second(&mut self, waits: &mut Waits) -> bool {
        let before = self.behind;
        let work = use_of(f64::from(self.records), float(self.bytes));
        self.behind = (before + work - 1.0).max(0.0);
        // What came last in the second waits for all that is still behind, the first for what was.
        waits.add(self.records, before, self.behind);
        let over = self.refused > 0;
        self.piece_records += u64::from(self.records);
        self.piece_bytes += self.bytes;
        self.all_refused += u64::from(self.refused);
        self.max_records = self.max_records.max(self.records);
        self.max_bytes = self.max_bytes.max(self.bytes);
        self.seconds_over += u32::from(over);
        (self.records, self.bytes, self.taken_records, self.taken_bytes, self.refused) = (0, 0, 0, 0, 0);
        over
    }

    fn end_piece(&mut self, seconds: u32) {
        let seconds = f64::from(seconds);
        let mean = use_of(float(self.piece_records) / seconds, float(self.piece_bytes) / seconds);
        self.fullest = self.fullest.max(mean);
        self.all_records += self.piece_records;
        self.all_bytes += self.piece_bytes;
        (self.piece_records, self.piece_bytes, self.behind) = (0, 0, 0.0);
    }

    fn load(&self, seconds: f64, range: HashRange) -> ShardLoad {
        ShardLoad {
            starts_at: range.start.part_of_ring(),
            records_per_second_mean: float(self.all_records) / seconds,
            records_per_second_max: self.max_records,
            bytes_per_second_mean: float(self.all_bytes) / seconds,
            bytes_per_second_max: self.max_bytes,
            use_of_fullest_race: self.fullest,
            seconds_over_share: f64::from(self.seconds_over) / seconds,
            refused_share: part(self.all_refused, self.all_records),
        }
    }
}

/// How long records wait.
#[derive(Default)]
struct Waits {
    records: f64,
    total_ms: f64,
    max_ms: f64,
}

impl Waits {
    fn add(&mut self, records: u32, first: f64, last: f64) {
        self.records += f64::from(records);
        self.total_ms += f64::from(records) * (first + last) / 2.0 * 1_000.0;
        self.max_ms = self.max_ms.max(last * 1_000.0);
    }

    fn mean_ms(&self) -> f64 {
        if self.records > 0.0 { self.total_ms / self.records } else { 0.0 }
    }
}

/// Which of even ranges a hash falls in.
struct Finder {
    width: u128,
    last: usize,
}

impl Finder {
    fn new(even: &[HashRange]) -> Self {
        let width = even.get(1).map_or(u128::MAX, |second| second.start.0);
        Self { width, last: even.len().saturating_sub(1) }
    }

    fn shard(&self, hash: HashKey) -> usize {
        usize::try_from(hash.0 / self.width).unwrap_or(self.last).min(self.last)
    }
}

/// What of a shard records and bytes take in a second, 1 for all of it.
pub(super) fn use_of(records_per_second: f64, bytes_per_second: f64) -> f64 {
    (records_per_second / f64::from(SHARD_RECORDS_PER_SECOND))
        .max(bytes_per_second / f64::from(SHARD_BYTES_PER_SECOND))
}

#[expect(clippy::cast_precision_loss, reason = "counts of a sample are below 2^52")]
fn float(count: u64) -> f64 {
    count as f64
}

fn part(some: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { float(some) / float(all) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_hash_is_found_in_the_range_that_holds_it(hash: u128, shards in 1_u32..300) {
            let ranges = HashRange::even(shards);
            let hash = HashKey(hash);
            prop_assert!(ranges[Finder::new(&ranges).shard(hash)].contains(hash));
        }
    }
}
