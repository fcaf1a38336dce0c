//! What each shard took, gave and refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Of all streams that were spoken of since the start: stream, then shard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts(pub BTreeMap<String, BTreeMap<String, ShardCounts>>);

/// Of one shard, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShardCounts {
    /// Records that the stream took.
    pub taken_records: u64,
    /// Their bytes: data and partition keys.
    pub taken_bytes: u64,
    /// Records that were over a limit.
    pub throttled_records: u64,
    /// Their bytes.
    pub throttled_bytes: u64,
    /// Records that failed on purpose.
    pub failed_records: u64,
    /// Records that were taken and said to have failed, on purpose.
    pub doubtful_records: u64,
    /// `GetRecords` calls that were answered.
    pub reads: u64,
    /// Bytes that these gave.
    pub read_bytes: u64,
    /// `GetRecords` calls that were over a limit.
    pub throttled_reads: u64,
    /// Whether a split or a merge has closed the shard.
    pub closed: bool,
}

impl Counts {
    /// All shards of a stream as one.
    pub fn total(&self, stream: &str) -> ShardCounts {
        let shards = self.0.get(stream).into_iter().flat_map(BTreeMap::values);
        shards.fold(ShardCounts::default(), |sum, shard| ShardCounts {
            taken_records: sum.taken_records + shard.taken_records,
            taken_bytes: sum.taken_bytes + shard.taken_bytes,
            throttled_records: sum.throttled_records + shard.throttled_records,
            throttled_bytes: sum.throttled_bytes + shard.throttled_bytes,
            failed_records: sum.failed_records + shard.failed_records,
            doubtful_records: sum.doubtful_records + shard.doubtful_records,
            reads: sum.reads + shard.reads,
            read_bytes: sum.read_bytes + shard.read_bytes,
            throttled_reads: sum.throttled_reads + shard.throttled_reads,
            closed: false,
        })
    }
}
