//! Points in time and the hub's clock as a client knows it. Nothing here asks what time it is.

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch.
pub type Millis = u64;

/// The difference between the hub's clock and the own one, measured as in SNTP (RFC 4330, section 5).
///
/// Of all samples the one with the shortest round trip is believed: its error is at most half of that trip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockOffset {
    /// Hub minus own, in ms.
    offset: i64,
    /// Round trip of the believed sample, in ms; `None` before the first.
    round_trip: Option<u64>,
}

impl ClockOffset {
    /// Takes in one question and answer: `sent` and `received` by the own clock, `hub` by the hub's.
    /// Returns whether this sample is now the believed one.
    pub fn sample(&mut self, sent: Millis, hub: Millis, received: Millis) -> bool {
        let Some(round_trip) = received.checked_sub(sent) else { return false };
        if self.round_trip.is_some_and(|best| best <= round_trip) {
            return false;
        }
        let middle = sent + round_trip / 2;
        self.offset = i64::try_from(hub).unwrap_or(i64::MAX).saturating_sub_unsigned(middle);
        self.round_trip = Some(round_trip);
        true
    }

    /// The hub's time at `own` on the own clock.
    pub fn hub_time(&self, own: Millis) -> Millis {
        own.saturating_add_signed(self.offset)
    }

    /// The largest possible error in ms, or `None` before the first sample.
    pub fn uncertainty(&self) -> Option<u64> {
        self.round_trip.map(|trip| trip.div_ceil(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_round_trip_is_believed() {
        let mut clock = ClockOffset::default();
        assert_eq!(clock.uncertainty(), None);
        assert!(clock.sample(1_000, 6_100, 1_200));
        assert_eq!(clock.hub_time(2_000), 7_000);
        assert!(!clock.sample(2_000, 9_000, 2_800));
        assert!(clock.sample(3_000, 8_010, 3_010));
        assert_eq!((clock.hub_time(3_005), clock.uncertainty()), (8_010, Some(5)));
    }

    #[test]
    fn a_clock_that_ran_backwards_is_no_sample() {
        assert!(!ClockOffset::default().sample(1_000, 5_000, 999));
    }
}
