//! Clinical ergometers that answer in lines: Ergoline (er900, er800S), GE eBike, and Monark (LC, LT, novo,
//! 839E).
//!
//! 4800 baud, 8N1; Ergoline without flow control, Monark with XON/XOFF. Lines end with CR only. Sources: the
//! manuals of er900L, er800S, eBike and LC7TT novo; GoldenCheetah (`MonarkConnection.cpp`).

mod dialect;
pub mod emulate;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::lines::Lines;
use crate::reading::{Beside, Fault};
use crate::torque::Torque;
use crate::{Decoder, Millis, Talk};
pub use dialect::Dialect;
use dialect::Question;

/// Polls a clinical ergometer. Resistance is estimated from power and cadence.
#[derive(Debug)]
pub struct ErgometerDecoder {
    dialect: Dialect,
    /// Nm at 100 %.
    max_torque: f64,
    asked: Question,
    /// It has said what it is.
    known: bool,
    /// The place in the round of questions.
    turn: usize,
    lines: Lines,
    beside: Beside,
    torque: Torque,
    talk: Talk,
}

impl ErgometerDecoder {
    /// A decoder at the start of a port, with the torque in Nm that is to be 100 %.
    pub fn new(dialect: Dialect, max_torque: f64) -> Self {
        Self {
            dialect,
            max_torque,
            asked: Question::Id,
            known: false,
            turn: 0,
            lines: Lines::new(b'\r'),
            beside: Beside::NONE,
            torque: Torque::new(max_torque),
            talk: Talk::asking(POLL_MS, ANSWER_MS),
        }
    }

    fn line(&mut self, line: &[u8], now: Millis) {
        let Some(asked) = self.talk.ask.in_flight() else {
            // Too late, or nobody's: a bare number could be the answer to anything.
            self.talk.counters.skipped += line.len() as u64 + 1;
            return;
        };
        if asked.strip_suffix(b"\r") == Some(line) {
            // A cable that brings back what was asked.
            self.talk.counters.skipped += line.len() as u64 + 1;
            return;
        }
        match self.answer(line, now) {
            Ok(()) => {
                self.talk.counters.good += 1;
                self.talk.ask.answered();
            }
            Err(fault) => self.talk.counters.bad.count(fault),
        }
    }

    fn answer(&mut self, line: &[u8], now: Millis) -> Result<(), Fault> {
        let text = std::str::from_utf8(line).ok().filter(|text| text.is_ascii()).ok_or(Fault::Form)?;
        if self.asked == Question::Id {
            self.known = self.dialect.is_id(text);
            return if self.known { Ok(()) } else { Err(Fault::Form) };
        }
        let value = self.dialect.value(self.asked, text)?;
        match self.asked {
            Question::Id => {}
            Question::Power => self.beside.set_power(value, now)?,
            Question::HeartRate => self.beside.set_heart_rate(value, now)?,
            Question::Cadence => {
                let mut reading = self.beside.reading(value, now)?;
                // The load stays set when the pedals stand still.
                if reading.cadence == 0.0 {
                    reading.power = reading.power.and(Some(0.0));
                }
                let watts = reading.power;
                reading.resistance =
                    watts.and_then(|watts| self.torque.estimate(watts, reading.cadence, now));
                self.talk.readings.push(reading);
            }
        }
        Ok(())
    }
}

impl Decoder for ErgometerDecoder {
    fn talk(&self) -> &Talk {
        &self.talk
    }

    fn talk_mut(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn restart(&mut self, now: Millis) {
        *self = Self { talk: self.talk.again(now, SETTLE_MS), ..Self::new(self.dialect, self.max_torque) };
        self.talk.writes.push(b"\r".to_vec());
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        // Some end their lines with LF as well.
        for byte in bytes.iter().filter(|byte| **byte != b'\n') {
            if let Some(line) = self.lines.push(*byte, &mut self.talk.counters) {
                self.line(&line, now);
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        let misses = self.talk.ask.misses();
        if !self.talk.ask.is_due(now) {
            return;
        }
        if self.talk.ask.misses() > misses {
            // An answer that comes late must not be taken for that to the next question.
            self.talk.ask.defer(now + LATE_MS);
            return;
        }
        if self.known || self.talk.ask.misses() >= SHY_MISSES {
            self.turn = (self.turn + 1) % ROUND.len();
            (self.known, self.asked) = (true, ROUND[self.turn]);
        }
        self.lines.clear(&mut self.talk.counters);
        let request = [self.dialect.request(self.asked).as_bytes(), b"\r"].concat();
        self.talk.writes.push(self.talk.ask.sent(request, now));
    }
}

/// Power first: the cadence after it is a whole reading.
const ROUND: [Question; 6] = [
    Question::HeartRate,
    Question::Power,
    Question::Cadence,
    Question::Power,
    Question::Cadence,
    Question::Cadence,
];
/// From one request to the next. In ms.
const POLL_MS: Millis = 250;
/// How long an answer may take. In ms.
const ANSWER_MS: Millis = 500;
/// How long an answer may be late. In ms.
const LATE_MS: Millis = 500;
/// One that does not say what it is after so many questions is asked for its cadence.
const SHY_MISSES: u32 = 2;
/// The console is left alone for a moment after the port was opened. In ms.
const SETTLE_MS: Millis = 100;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
