//! How much a shard takes and gives, and what goes wrong on purpose.

use alleycat_stream::quota;

/// Limits and faults. The default is the service's limits and no fault.
#[derive(Clone, Copy, Debug, PartialEq, clap::Args)]
pub struct Settings {
    /// Records a shard takes in a second.
    #[arg(long, default_value_t = quota::SHARD_RECORDS_PER_SECOND, value_name = "N")]
    pub records_per_second: u32,
    /// Bytes a shard takes in a second, partition keys included.
    #[arg(long, default_value_t = quota::SHARD_BYTES_PER_SECOND, value_name = "N")]
    pub bytes_per_second: u32,
    /// GetRecords calls that a shard answers in a second.
    #[arg(long, default_value_t = quota::SHARD_READS_PER_SECOND, value_name = "N")]
    pub reads_per_second: u32,
    /// Records that one GetRecords gives at most, whatever it asks for: an emulator may need seconds for as many
    /// as the service gives at once.
    #[arg(long, default_value_t = quota::RECORDS_PER_GET, value_name = "N")]
    pub records_per_read: u32,
    /// Bytes a shard gives in a second.
    #[arg(long, default_value_t = quota::SHARD_READ_BYTES_PER_SECOND, value_name = "N")]
    pub read_bytes_per_second: u32,
    /// The fraction of records (and of GetRecords calls) that fail for no reason of theirs: half of them with
    /// InternalFailure, half as if the shard were throttled. The stream does not have them.
    #[arg(long, default_value_t = 0.0, value_name = "0..1")]
    pub fail: f64,
    /// The fraction of records that the stream takes and nevertheless says to have failed, as when an answer
    /// is lost: who sends them again has them twice.
    #[arg(long, default_value_t = 0.0, value_name = "0..1")]
    pub doubt: f64,
    /// Where the chance of faults begins.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Milliseconds that every answer takes longer.
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub latency: u64,
    /// What nobody may do, as if a policy did not allow it.
    #[arg(long, value_enum, default_value_t = Denied::Nothing, value_name = "WHAT")]
    pub deny: Denied,
}

/// What nobody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Denied {
    /// All may be done.
    Nothing,
    /// PutRecord and PutRecords.
    Put,
    /// GetRecords.
    Read,
}

impl Denied {
    /// Whether this call may not be made.
    pub(crate) fn denies(self, operation: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Put => matches!(operation, "PutRecord" | "PutRecords"),
            Self::Read => operation == "GetRecords",
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            records_per_second: quota::SHARD_RECORDS_PER_SECOND,
            bytes_per_second: quota::SHARD_BYTES_PER_SECOND,
            reads_per_second: quota::SHARD_READS_PER_SECOND,
            records_per_read: quota::RECORDS_PER_GET,
            read_bytes_per_second: quota::SHARD_READ_BYTES_PER_SECOND,
            fail: 0.0,
            doubt: 0.0,
            seed: 1,
            latency: 0,
            deny: Denied::Nothing,
        }
    }
}
