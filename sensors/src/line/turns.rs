//! The silence of a sensor that prints one line at each turn of the crank.
//!
//! Such a sensor says nothing while the pedals stand still, so silence is no fault: what was said last can
//! only be an upper bound, then the pedals have stopped. A sensor that prints zeros by itself is not of
//! this kind, and its silence is left to be noticed as such.

use crate::Millis;

/// When the last turn was, and what its silence means.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Turns {
    last: Option<Turn>,
    /// Zeros in a row.
    zeros: u8,
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    at: Millis,
    rpm: f64,
    stop_at: Millis,
    stopped: bool,
    /// When there is something new to say.
    next: Millis,
}

impl Turns {
    /// A bare cadence was printed.
    pub(super) fn turn(&mut self, rpm: f64, now: Millis) {
        if self.zeros < STREAM_ZEROS {
            self.zeros = if rpm > 0.0 { 0 } else { self.zeros + 1 };
        }
        if self.zeros >= STREAM_ZEROS {
            self.last = None;
            return;
        }
        // The time since before a standstill says nothing about how fast the crank turns now.
        let interval = self.last.filter(|turn| !turn.stopped).map_or(0, |turn| now.saturating_sub(turn.at));
        let stop_at = now + (3 * interval).clamp(STOP_MS, LATEST_STOP_MS);
        self.last = Some(Turn { at: now, rpm, stop_at, stopped: false, next: stop_at.min(now + BOUND_MS) });
    }

    /// A line of another kind was printed: this is no such sensor.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    /// The cadence that silence implies, when there is something new to say.
    pub(super) fn wake(&mut self, now: Millis) -> Option<f64> {
        let turn = self.last.as_mut().filter(|turn| now >= turn.next)?;
        turn.stopped |= now >= turn.stop_at;
        if turn.stopped {
            turn.next = now + AGAIN_MS;
            return Some(0.0);
        }
        turn.next = turn.stop_at.min(now + AGAIN_MS);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one silence")]
        let silence = now.saturating_sub(turn.at) as f64;
        Some((60_000.0 / silence).min(turn.rpm))
    }

    pub(super) fn next_deadline(&self) -> Option<Millis> {
        self.last.map(|turn| turn.next)
    }
}

/// The pedals have stopped after this long, or three times the last turn's time.
const STOP_MS: Millis = 2_000;
/// Nobody races at four turns a minute.
const LATEST_STOP_MS: Millis = 15_000;
/// Slow pedals are said to be so before the last cadence is too old to be believed.
const BOUND_MS: Millis = 1_900;
/// Silence goes on meaning what it means: a standstill is known, not old.
const AGAIN_MS: Millis = 1_000;
/// So many zeros in a row are printed by a sensor that also talks at rest.
const STREAM_ZEROS: u8 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said, and when, until `end`.
    fn silence(turns: &mut Turns, end: Millis) -> Vec<(Millis, f64)> {
        std::iter::from_fn(|| {
            let now = turns.next_deadline().filter(|at| *at <= end)?;
            Some((now, turns.wake(now).unwrap()))
        })
        .collect()
    }

    #[test]
    fn fast_pedals_have_stopped_after_two_seconds() {
        let mut turns = Turns::default();
        turns.turn(120.0, 1_000);
        turns.turn(120.0, 1_500);
        assert_eq!(turns.wake(3_000), None);
        let said = silence(&mut turns, 5_500);
        assert_eq!(said[1..], [(3_500, 0.0), (4_500, 0.0), (5_500, 0.0)], "{said:?}");
    }

    #[test]
    fn slow_pedals_fall_before_they_have_stopped() {
        let mut turns = Turns::default();
        turns.turn(20.0, 0);
        turns.turn(20.0, 3_000);
        // Three times the last turn's time later they stand still.
        let said = silence(&mut turns, 12_000);
        let falling: Vec<_> = said.iter().map(|(at, rpm)| (*at, rpm.round())).collect();
        assert_eq!(falling[..3], [(4_900, 20.0), (5_900, 20.0), (6_900, 15.0)]);
        assert_eq!(falling.last(), Some(&(12_000, 0.0)));
    }

    #[test]
    fn a_long_rest_does_not_make_the_next_stop_late() {
        let mut turns = Turns::default();
        turns.turn(90.0, 0);
        turns.turn(90.0, 660);
        silence(&mut turns, 600_000);
        turns.turn(90.0, 600_500);
        assert_eq!(silence(&mut turns, 602_500).last(), Some(&(602_500, 0.0)));
    }

    #[test]
    fn silence_of_a_sensor_that_prints_zeros_means_nothing() {
        let mut turns = Turns::default();
        turns.turn(0.0, 0);
        assert!(turns.next_deadline().is_some(), "a single zero is a slow first turn");
        turns.turn(0.0, 250);
        turns.turn(90.0, 500);
        assert_eq!((turns.next_deadline(), turns.wake(60_000)), (None, None));
    }
}
