//! Stands before a Kinesis emulator and throttles its shards as the service does: the emulators do not.
//!
//! It speaks the Kinesis API in JSON 1.1 over HTTP, as the AWS SDKs do. `PutRecords` and `PutRecord` are weighed
//! record by record against what each shard takes in a second; what is over the limit never reaches the
//! emulator and is answered at its place with `ProvisionedThroughputExceededException`, in the service's words.
//! `GetRecords` is weighed against what a shard gives. Failures can be injected, the stream can be away, and
//! `GET /limits` tells what each shard took and refused. All other calls pass through.
//!
//! Enhanced fan-out (`SubscribeToShard`) has limits of its own in the service and is not limited here; the
//! CBOR that some older SDKs speak is refused with what to do about it.

mod answers;
mod bucket;
mod calls;
mod counts;
mod gate;
mod put;
mod server;
mod settings;
mod shard;

pub use counts::{Counts, ShardCounts};
pub use server::{Limits, LimitsError};
pub use settings::{Denied, Settings};
