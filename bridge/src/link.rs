//! What is known of the sensor: from what was read and when, without a clock of its own.

use alleycat_sensors::{Counters, Millis};
use alleycat_shared::message::{LOST_AFTER_MS, STALE_AFTER_MS, SensorState};

/// The state of an open port. What went wrong on opening one is told by who opened it.
#[derive(Debug)]
pub(crate) struct Link {
    last_reading: Option<Millis>,
    /// When the present run of bytes without a reading began, and how much was skipped by then.
    noise: Option<(Millis, u64)>,
}

impl Link {
    /// A port that was just opened.
    pub(crate) fn new() -> Self {
        Self { last_reading: None, noise: None }
    }

    /// A reading came.
    pub(crate) fn reading(&mut self, now: Millis) {
        self.last_reading = Some(now);
        self.noise = None;
    }

    /// Bytes came, and this is what the decoder says of all so far.
    pub(crate) fn bytes(&mut self, counters: Counters, now: Millis) {
        let unread = counters.skipped + counters.bad;
        self.noise.get_or_insert((now, unread));
    }

    /// The state at `now`.
    pub(crate) fn state(&self, counters: Counters, now: Millis) -> SensorState {
        let silence = self.last_reading.map(|last| now.saturating_sub(last));
        let noisy = self.noise.is_some_and(|(since, before)| {
            now.saturating_sub(since) >= GARBAGE_AFTER_MS
                && counters.skipped + counters.bad > before + GARBAGE_UNITS
        });
        match silence {
            Some(silence) if silence < STALE_AFTER_MS => SensorState::Live,
            _ if noisy => SensorState::Garbage,
            None => SensorState::Waiting,
            Some(silence) if silence < LOST_AFTER_MS => SensorState::Stale,
            Some(_) => SensorState::Lost,
        }
    }

    /// When the state may change by itself.
    pub(crate) fn next_deadline(&self, now: Millis) -> Option<Millis> {
        let silence =
            self.last_reading.into_iter().flat_map(|last| [last + STALE_AFTER_MS, last + LOST_AFTER_MS]);
        let noise = self.noise.map(|(since, _)| since + GARBAGE_AFTER_MS);
        silence.chain(noise).filter(|at| *at > now).min()
    }
}

/// What a rider is to do, in one sentence; empty if nothing.
pub(crate) const fn hint(state: SensorState) -> &'static str {
    match state {
        SensorState::NoPort => "Plug in the bike's sensor.",
        SensorState::Refused => {
            "This computer may not open the port: add the user to the group dialout (sudo usermod -aG dialout $USER) and log in again."
        }
        SensorState::Busy => "Another program holds the port: close it.",
        SensorState::Waiting => "Start pedalling.",
        SensorState::Live => "",
        SensorState::Stale => "No reading for a moment.",
        SensorState::Lost => "The bike fell silent: check the cable and wake its console.",
        SensorState::Garbage => {
            "The bike sends what is not understood: check the protocol and the baud rate."
        }
    }
}

/// Bytes without a reading are garbage after this long. In ms.
const GARBAGE_AFTER_MS: Millis = 3_000;
/// And when more than this was skipped.
const GARBAGE_UNITS: u64 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(skipped: u64) -> Counters {
        Counters { skipped, ..Counters::default() }
    }

    #[test]
    fn silence_goes_from_live_to_stale_to_lost() {
        let mut link = Link::new();
        assert_eq!(link.state(skipped(0), 0), SensorState::Waiting);
        link.reading(1_000);
        let table = [
            (1_000, SensorState::Live),
            (2_999, SensorState::Live),
            (3_000, SensorState::Stale),
            (5_999, SensorState::Stale),
            (6_000, SensorState::Lost),
        ];
        for (now, state) in table {
            assert_eq!(link.state(skipped(0), now), state, "at {now}");
        }
        assert_eq!(
            (link.next_deadline(1_000), link.next_deadline(3_000), link.next_deadline(6_000)),
            (Some(3_000), Some(6_000), None)
        );
        link.reading(9_000);
        assert_eq!(link.state(skipped(0), 9_000), SensorState::Live);
    }

    #[test]
    fn bytes_without_a_reading_become_garbage() {
        let mut link = Link::new();
        link.bytes(skipped(5), 1_000);
        assert_eq!(link.state(skipped(100), 3_999), SensorState::Waiting);
        assert_eq!(link.next_deadline(1_000), Some(4_000));
        assert_eq!(link.state(skipped(25), 4_000), SensorState::Waiting, "a little noise is not garbage");
        assert_eq!(link.state(skipped(26), 4_000), SensorState::Garbage);
        link.reading(4_001);
        assert_eq!(link.state(skipped(26), 4_001), SensorState::Live);
    }

    #[test]
    fn every_state_but_live_says_what_to_do() {
        for state in SensorState::ALL {
            assert_eq!(hint(state).is_empty(), state == SensorState::Live, "{state:?}");
        }
    }
}
