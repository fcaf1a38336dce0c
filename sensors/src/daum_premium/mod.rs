//! Daum ergometers of the premium series (8i).
//!
//! Frames of text between 01 and 17 with two check digits, each acknowledged by 06 (or refused by 15), both
//! ways. Source: incyclist/devices (`src/serial/daum/premium`).

pub mod emulate;
mod frame;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::reading::{Beside, Fault};
use crate::{Decoder, Millis, Reading, Resistance, Talk};
use frame::{ACCEPTED, Frame, Frames};

/// Polls a Daum ergometer of the premium series. Its gear is the resistance, as a level.
#[derive(Debug)]
pub struct DaumPremiumDecoder {
    frames: Frames,
    talk: Talk,
}

impl Default for DaumPremiumDecoder {
    fn default() -> Self {
        Self { frames: Frames::default(), talk: Talk::asking(POLL_MS, ANSWER_MS) }
    }
}

impl DaumPremiumDecoder {
    fn handle(&mut self, frame: &Frame, now: Millis) {
        // An echo of what was asked has no fields.
        if self.talk.ask.in_flight() == Some(frame.bytes().as_slice()) {
            self.talk.counters.skipped += frame.bytes().len() as u64;
            return;
        }
        // Who is not told so sends it again.
        self.talk.writes.push(vec![ACCEPTED]);
        if frame.command != TRAINING {
            self.talk.counters.good += 1;
            return;
        }
        match training(&frame.payload, now) {
            Ok(reading) => {
                self.talk.counters.good += 1;
                self.talk.readings.push(reading);
                self.talk.ask.answered();
            }
            Err(fault) => self.talk.counters.bad.count(fault),
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
    fn talk(&self) -> &Talk {
        &self.talk
    }

    fn talk_mut(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn restart(&mut self, now: Millis) {
        *self = Self { talk: self.talk.again(now, SETTLE_MS), ..Self::default() };
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes {
            if let Some(frame) = self.frames.push(*byte, &mut self.talk.counters) {
                self.handle(&frame, now);
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        if self.talk.ask.is_due(now) {
            let request = Frame { command: TRAINING, payload: Vec::new() };
            self.talk.writes.push(self.talk.ask.sent(request.bytes(), now));
        }
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
