//! This machine's clock, which hubs under test run on.

use std::time::{SystemTime, UNIX_EPOCH};

use alleycat_shared::race::{RaceClock, RaceMoment};

/// Where races of so many seconds stand now.
///
/// # Panics
/// If a race can't have as many seconds.
pub fn race_now(race_seconds: u16) -> RaceMoment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let clock = RaceClock::new(race_seconds).expect("a race can have as many seconds");
    clock.at(since.as_millis().try_into().unwrap_or(u64::MAX))
}
