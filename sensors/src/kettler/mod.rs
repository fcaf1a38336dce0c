//! Kettler ergometers: a status line for each `st`, tab-separated.
//!
//! Sources: GoldenCheetah (`KettlerConnection`, `KettlerRacerConnection`), cagnulein/qdomyos-zwift
//! (`KettlerUSB`), incyclist/devices (`src/serial/kettler`). There is no checksum: a status has exactly
//! eight fields of digits and ends with CR LF.

pub mod emulate;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::lines::Lines;
use crate::reading::{Beside, Fault};
use crate::torque::Torque;
use crate::{Decoder, Millis, Reading, Talk};

/// Polls a Kettler ergometer. Resistance is estimated from power and cadence.
#[derive(Debug)]
pub struct KettlerDecoder {
    /// Nm at 100 %.
    max_torque: f64,
    step: Step,
    /// Older models know lower-case commands, newer ones upper-case ones.
    upper: bool,
    /// It has said that it does not know a computer, in one case.
    refused: bool,
    lines: Lines,
    torque: Torque,
    talk: Talk,
}

/// What is asked next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Which model: the answer shows that it is a Kettler and which case it wants.
    Id,
    /// That a computer is there.
    Computer,
    /// The status, again and again.
    Status,
}

impl KettlerDecoder {
    /// A decoder at the start of a port, with the torque in Nm that is to be 100 %.
    pub fn new(max_torque: f64) -> Self {
        Self {
            max_torque,
            step: Step::Id,
            upper: false,
            refused: false,
            lines: Lines::new(b'\n'),
            torque: Torque::new(max_torque),
            talk: Talk::asking(POLL_MS, ANSWER_MS),
        }
    }

    fn line(&mut self, line: &[u8], now: Millis) {
        // A loop-back cable brings back what was asked.
        if self.talk.ask.in_flight().is_some_and(|asked| asked.strip_suffix(b"\n") == Some(line)) {
            self.talk.counters.skipped += line.len() as u64 + 1;
            return;
        }
        let Some(text) = line.strip_suffix(b"\r").filter(|text| is_text(text)) else {
            self.talk.counters.bad.count(Fault::Form);
            return;
        };
        if text == b"ERROR" {
            // Refused in both cases, a computer is not known there; its status may be.
            if self.step == Step::Computer && std::mem::replace(&mut self.refused, true) {
                self.step = Step::Status;
            }
            self.upper = !self.upper;
            self.talk.ask.answered();
            self.talk.counters.good += 1;
        } else if text.contains(&b'\t') {
            match self.status(text, now) {
                Ok(reading) => {
                    self.talk.readings.push(reading);
                    self.talk.counters.good += 1;
                    self.step = Step::Status;
                    self.talk.ask.answered();
                }
                Err(fault) => self.talk.counters.bad.count(fault),
            }
        } else if self.step == Step::Status || text.is_empty() {
            self.talk.counters.bad.count(Fault::Form);
        } else {
            self.talk.counters.good += 1;
            self.talk.ask.answered();
            self.step = if self.step == Step::Id { Step::Computer } else { Step::Status };
        }
    }

    /// Heart rate, rpm, 0.1 km/h, 0.1 km, requested W, kJ, mm:ss, W.
    fn status(&mut self, text: &[u8], now: Millis) -> Result<Reading, Fault> {
        let fields: Vec<&[u8]> = text.split(|byte| *byte == b'\t').collect();
        let [heart, rpm, speed, distance, requested, energy, time, watts] = fields[..] else {
            return Err(Fault::Form);
        };
        let [minutes, seconds] = time.split(|byte| *byte == b':').collect::<Vec<_>>()[..] else {
            return Err(Fault::Form);
        };
        for other in [speed, distance, requested, energy, minutes, seconds] {
            digits(other)?;
        }
        let (heart, rpm, watts) = (digits(heart)?, digits(rpm)?, digits(watts)?);
        let mut beside = Beside::NONE;
        beside.set_heart_rate(heart, now)?;
        beside.set_power(watts, now)?;
        let reading = beside.reading(rpm, now)?;
        Ok(Reading { resistance: self.torque.estimate(watts, rpm, now), ..reading })
    }

    fn request(&self) -> Vec<u8> {
        let command = match self.step {
            Step::Id => "id",
            Step::Computer => "cm",
            Step::Status => "st",
        };
        let command = if self.upper { command.to_uppercase() } else { command.to_owned() };
        [command.as_bytes(), b"\r\n"].concat()
    }
}

impl Decoder for KettlerDecoder {
    fn talk(&self) -> &Talk {
        &self.talk
    }

    fn talk_mut(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn restart(&mut self, now: Millis) {
        *self = Self { talk: self.talk.again(now, SETTLE_MS), ..Self::new(self.max_torque) };
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes {
            if let Some(line) = self.lines.push(*byte, &mut self.talk.counters) {
                self.line(&line, now);
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        if self.talk.ask.is_due(now) {
            // Some models do not even say that they know a command in the other case only.
            if self.step == Step::Id && self.talk.ask.misses() > 0 {
                self.upper = !self.upper;
            }
            self.lines.clear(&mut self.talk.counters);
            self.talk.writes.push(self.talk.ask.sent(self.request(), now));
        }
    }
}

fn is_text(text: &[u8]) -> bool {
    text.iter().all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t'))
}

/// A field of digits.
fn digits(field: &[u8]) -> Result<f64, Fault> {
    let plain = (1..=MOST_DIGITS).contains(&field.len()) && field.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(field).ok().filter(|_| plain).ok_or(Fault::Form)?;
    text.parse().map_err(|_| Fault::Form)
}

const MOST_DIGITS: usize = 5;
/// From one request to the next. In ms.
const POLL_MS: Millis = 500;
/// How long an answer may take. In ms.
const ANSWER_MS: Millis = 1_500;
/// The console is left alone for a moment after the port was opened. In ms.
const SETTLE_MS: Millis = 100;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
