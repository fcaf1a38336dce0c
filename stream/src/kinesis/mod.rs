//! The real API: a client of the AWS SDK, a writer and a reader on it.

mod client;
mod reader;
mod watched;
mod writer;

pub use client::{Client, ClientError};
pub use reader::{Progress, Reader};
pub use writer::{Counters, Permit, Writer, WriterGone};
