//! Simulated riders: each its own MQTT session over a WebSocket, on the session code of the page; or all of
//! them straight into a stream.
//!
//! [`run`] is the whole program; `main.rs` only parses, logs and prints.
#![forbid(unsafe_code)]

pub mod config;
mod field;
pub mod hub;
mod model;
mod processes;
mod receipts;
mod report;
mod ride;
mod rider;
#[cfg(feature = "kinesis")]
mod stream;

pub use field::run;
pub use model::RiderModel;
pub use report::Report;
pub use ride::{Habits, Pattern, Ride, Send};
