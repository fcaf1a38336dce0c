//! What a line sensor's program (its sketch) wants to hear and how it counts.

use std::num::NonZeroU8;

use crate::{Millis, Talk};

/// How one sketch works, where it is not the usual: one that speaks unasked, of turns of the crank.
///
/// ```
/// use alleycat_sensors::line::{LineDecoder, Options, Sketch};
/// use std::num::NonZeroU8;
///
/// let flywheel = Sketch { turns: NonZeroU8::MIN.saturating_add(3), ..Sketch::default() };
/// let decoder = LineDecoder::with_sketch(Options::default(), flywheel);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    /// Turns or pulses that the sensor sees in one turn of the crank: 4 for a magnet on a flywheel that is
    /// geared 4:1. All cadences but those of our own frames are divided by it.
    pub turns: NonZeroU8,
    /// What a sketch that speaks only when asked is asked with, four times a second: `c` for its cadence or
    /// `b` for speed and cadence (kneave/dcspeedo).
    pub poll: Option<u8>,
    /// What a sketch waits for before it speaks: `FF 'p'` (AndrewCouncil/aelevate-control). Said again every
    /// 5 s of silence, for a board that is reset when its port is opened does not hear the first. What
    /// stops it, `FF 'P'`, is never sent: a decoder is not told that its port is about to be closed.
    pub start: Vec<u8>,
    /// The potentiometer's reading at the easiest and at the hardest end, in either direction.
    pub potentiometer: (f64, f64),
    /// The time in ms in which a sketch that counts pulses does so.
    pub window_ms: f64,
}

impl Default for Sketch {
    fn default() -> Self {
        Self {
            turns: NonZeroU8::MIN,
            poll: None,
            start: Vec::new(),
            potentiometer: (15.0, 450.0),
            window_ms: 330.0,
        }
    }
}

impl Sketch {
    /// What the sensor counted, as turns of the crank.
    pub(super) fn crank(&self, turns: f64) -> f64 {
        turns / f64::from(self.turns.get())
    }

    /// Pulses of a window as cadence in rpm; not finite with a window of no time.
    pub(super) fn pulses(&self, count: f64) -> f64 {
        self.crank(count) * 60_000.0 / self.window_ms
    }

    /// Over how many windows pulses are averaged, for one alone is too coarse.
    pub(super) fn windows(&self) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
        let windows = (AVERAGE_MS / self.window_ms).clamp(1.0, MOST_WINDOWS) as usize;
        windows
    }

    /// A potentiometer's reading in per cent; not a number where both ends are the same.
    pub(super) fn percent(&self, adc: f64) -> f64 {
        let (easiest, hardest) = self.potentiometer;
        if easiest.total_cmp(&hardest).is_eq() {
            return f64::NAN;
        }
        ((adc - easiest) * 100.0 / (hardest - easiest)).clamp(0.0, 100.0)
    }

    /// What is to be said to the sketch again and again, and when.
    pub(super) fn talk(&self) -> (Vec<u8>, Talk) {
        match self.poll {
            Some(byte) => (vec![byte], Talk::asking(POLL_MS, ANSWER_MS)),
            None if self.start.is_empty() => (Vec::new(), Talk::default()),
            None => (self.start.clone(), Talk::asking(START_MS, START_MS)),
        }
    }
}

/// Pulses are averaged over this long. In ms.
const AVERAGE_MS: f64 = 2_000.0;
/// The most windows that are kept: a bound, whatever is configured.
const MOST_WINDOWS: f64 = 64.0;
/// From one question to the next. In ms.
const POLL_MS: Millis = 250;
/// How long an answer may take. In ms.
const ANSWER_MS: Millis = 1_000;
/// A sketch that says nothing for so long is told to start again. In ms.
pub(super) const START_MS: Millis = 5_000;
