//! The race rules: which race and second it is, what counts, who leads. Pure: time is an argument.

mod all_time;
mod clock;
mod engine;
mod places;
mod ride;
mod view;

pub use all_time::{ALL_TIME_NEIGHBOURS, AllTimeField, RecordRide};
pub use clock::{RaceClock, RaceMoment};
pub use engine::{Race, Standing, Taken, judge};
pub use places::{Places, PlacesOf};
pub use ride::{Ridden, Ride};
pub use view::{NEIGHBOURS, TOP, board, field, rider};

/// The length of a race unless configured otherwise, in seconds.
pub const DEFAULT_RACE_SECONDS: u16 = 300;
/// How long after the window messages still count unless configured otherwise, in seconds.
pub const DEFAULT_GRACE_SECONDS: u16 = 30;
/// The most riders in one race.
pub const MAX_RIDERS: usize = 40_001;
/// A race that has run longer than this asks the rider: join now, or the next one. In ms.
pub const LATE_JOIN_MS: u64 = 15_000;
/// A rider of whom nothing was heard for this long is dimmed. In ms.
pub const DIM_AFTER_MS: u64 = 5_000;
/// A rider of whom nothing was heard for this long is gone. In ms.
pub const GONE_AFTER_MS: u64 = 15_000;
/// How far a message's second may lie ahead of the hub's clock. In ms.
pub const AHEAD_TOLERANCE_MS: u64 = 1_000;
