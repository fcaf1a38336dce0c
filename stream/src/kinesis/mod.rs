//! The real API: a client of the AWS SDK, a writer on it.

mod client;
mod writer;

pub use client::{Client, ClientError, Target};
pub use writer::{Counters, Writer, WriterGone};
