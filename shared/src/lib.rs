//! What is true everywhere in Alleycat: the messages, the race clock, the score, the board's order,
//! the topics and the sensor readings.
//!
//! No IO, no clock and no randomness: callers pass the time. Builds natively and for wasm32.
#![forbid(unsafe_code)]

pub mod api;
pub mod config;
pub mod ids;
pub mod message;
pub mod names;
pub mod plausible;
#[cfg(feature = "program")]
pub mod program;
pub mod race;
pub mod time;
pub mod topic;
pub mod units;

pub use ids::{ClassId, RaceId, RaceSecond, RacerId, RacerName};
pub use time::Millis;
pub use units::{Cadence, Output, Resistance, Score};
