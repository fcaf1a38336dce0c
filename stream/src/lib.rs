//! Records into a Kinesis stream and out of it: batching, retries, shards and checkpoints as sans-IO cores,
//! with a thin shell over the AWS SDK behind the feature `kinesis`.
//!
//! Knows nothing of races: a record is a partition key and bytes.
#![forbid(unsafe_code)]

mod backoff;
pub mod key;
#[cfg(feature = "kinesis")]
pub mod kinesis;
pub mod plan;
pub mod quota;
mod record;
pub mod sink;
pub mod source;

pub use record::{Record, RecordError};
