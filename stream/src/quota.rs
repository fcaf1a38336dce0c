//! What the service allows, by default and by shard.
//!
//! Source: Amazon Kinesis Data Streams Developer Guide, "Quotas and limits", and the API Reference of
//! `PutRecords` and `GetRecords`. The service has raised some since; what may be raised is a setting.

/// Records in one `PutRecords`.
pub const RECORDS_PER_PUT: usize = 500;
/// Bytes in one `PutRecords`: data and partition keys.
pub const BYTES_PER_PUT: usize = 5 * 1024 * 1024;
/// Bytes of one record, data and partition key, unless the stream allows more.
pub const RECORD_BYTES: usize = 1024 * 1024;
/// Characters of a partition key; at least one.
pub const KEY_CHARS: usize = 256;
/// Records a shard takes in a second.
pub const SHARD_RECORDS_PER_SECOND: u32 = 1_000;
/// Bytes a shard takes in a second.
pub const SHARD_BYTES_PER_SECOND: u32 = 1024 * 1024;
/// `GetRecords` calls a shard answers in a second.
pub const SHARD_READS_PER_SECOND: u32 = 5;
/// Bytes a shard gives in a second to all who read it without enhanced fan-out.
pub const SHARD_READ_BYTES_PER_SECOND: u32 = 2 * 1024 * 1024;
/// Records one `GetRecords` may ask for.
pub const RECORDS_PER_GET: u32 = 10_000;
/// Consumers that one stream pushes to by enhanced fan-out.
pub const FAN_OUT_CONSUMERS: u32 = 20;
