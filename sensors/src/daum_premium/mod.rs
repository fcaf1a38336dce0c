//! Daum ergometers of the premium series (8i).
//!
//! Frames of text between 01 and 17 with two check digits, each acknowledged by 06 (or refused by 15), both
//! ways. Source: incyclist/devices (`src/serial/daum/premium`).

pub mod emulate;
mod frame;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::ask::Ask;
use crate::reading::{Beside, Fault, Readings, Writes};
use crate::{Counters, Decoder, Millis, Reading, Resistance};
use frame::{ACCEPTED, Frame, Frames};

/// Polls a Daum ergometer of the premium series. Its gear is the resistance, as a level.
#[derive(Debug)]
pub struct DaumPremiumDecoder {
    ask: Ask,
    frames: Frames,
    readings: Readings,
    writes: Writes,
    counters: Counters,
}

impl Default for DaumPremiumDecoder {
    fn default() -> Self {
        Self {
            ask: Ask::new(POLL_MS, ANSWER_MS),
            frames: Frames::default(),
            readings: Readings::default(),
            writes: Writes::default(),
            counters: Counters::default(),
        }
    }
}

impl DaumPremiumDecoder {
    fn handle(&mut self, frame: &Frame, now: Millis) {
        // An echo of what was asked has no fields.
        if self.ask.in_flight() == Some(frame.bytes().as_slice()) {
            self.counters.skipped += frame.bytes().len() as u64;
            return;
        }
        // Who is not told so sends it again.
        self.writes.push(vec![ACCEPTED]);
        if frame.command != TRAINING {
            self.counters.good += 1;
            return;
        }
        match training(&frame.payload, now) {
            Ok(reading) => {
                self.counters.good += 1;
                self.readings.push(reading);
                self.ask.answered();
            }
            Err(fault) => self.counters.bad.count(fault),
        }
    }
}

/// Time, heart rate, m/s, slope, distance, rpm, W, energy, energy, torque, gear + 1, state, speed state.
fn training(payload: &[u8], now: Millis) -> Result<Reading, Fault> {
    let fields: Vec<&[u8]> = payload.split(|byte| *byte == SEPARATOR).collect();
    if fields.len() != FIELDS {
        return Err(Fault::Form);
    }
    let field = |at: usize| number(fields[at]);
    let (rpm, watts, gear) = (field(5)?, field(6)?, field(10)? - 1.0);
    let mut beside = Beside::NONE;
    beside.set_heart_rate(field(1)?, now)?;
    beside.set_power(if rpm > 0.0 { watts } else { 0.0 }, now)?;
    let resistance = match gear {
        1.0..=MOST_GEAR => Resistance::level(gear, 1.0, MOST_GEAR),
        // No gear: the brake is led by power.
        -1.0..=0.0 => None,
        _ => return Err(Fault::Range),
    };
    Ok(Reading { resistance, ..beside.reading(rpm, now)? })
}

/// Digits with at most one point and a sign.
fn number(field: &[u8]) -> Result<f64, Fault> {
    let plain = field.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let text = std::str::from_utf8(field).ok().filter(|text| plain && text.len() <= 10).ok_or(Fault::Form)?;
    text.parse().map_err(|_| Fault::Form)
}

impl Decoder for DaumPremiumDecoder {
    fn restart(&mut self, now: Millis) {
        *self = Self { counters: self.counters, ..Self::default() };
        self.ask.restart(now, SETTLE_MS);
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes {
            if let Some(frame) = self.frames.push(*byte, &mut self.counters) {
                self.handle(&frame, now);
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        if self.ask.is_due(now) {
            let request = Frame { command: TRAINING, payload: Vec::new() };
            self.writes.push(self.ask.sent(request.bytes(), now));
        }
    }

    fn poll_reading(&mut self) -> Option<Reading> {
        self.readings.pop()
    }

    fn poll_write(&mut self) -> Option<Vec<u8>> {
        self.writes.pop()
    }

    fn next_deadline(&self) -> Option<Millis> {
        Some(self.ask.next_deadline())
    }

    fn is_stuck(&self) -> bool {
        self.ask.is_stuck()
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}

/// The command for training data.
const TRAINING: [u8; 3] = *b"X70";
const SEPARATOR: u8 = 0x1d;
const FIELDS: usize = 13;
const MOST_GEAR: f64 = 28.0;
/// From one request to the next. In ms.
const POLL_MS: Millis = 500;
/// How long an answer may take: the cockpit gives itself 10 s, but then nobody races. In ms.
const ANSWER_MS: Millis = 2_000;
/// The cockpit is left alone for a moment after the port was opened. In ms.
const SETTLE_MS: Millis = 100;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
