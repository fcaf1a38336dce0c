//! CatEye Ergociser EC-1600: 2400 baud, 8N1, speaks by itself.
//!
//! Source: its manual (manualsdump.com 232277, p. 27). Open: whether the check digits are of the digits'
//! values or of their character codes; both are accepted.

#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::lines::Lines;
use crate::reading::{Beside, Fault};
use crate::torque::Torque;
use crate::{Decoder, Millis, Reading, Talk};

/// Reads an EC-1600. Resistance is estimated from power and cadence.
#[derive(Debug)]
pub struct CateyeDecoder {
    /// Nm at 100 %.
    max_torque: f64,
    lines: Lines,
    torque: Torque,
    talk: Talk,
}

impl CateyeDecoder {
    /// A decoder at the start of a port, with the torque in Nm that is to be 100 %.
    pub fn new(max_torque: f64) -> Self {
        Self { max_torque, lines: Lines::new(b'\r'), torque: Torque::new(max_torque), talk: Talk::default() }
    }

    fn frame(&mut self, line: &[u8], now: Millis) -> Result<Option<Reading>, Fault> {
        let digits = line.get(1..).filter(|digits| digits.iter().all(u8::is_ascii_digit));
        let digits = digits.filter(|digits| digits.len() == DIGITS).ok_or(Fault::Form)?;
        let (body, check) = digits.split_at(DIGITS - 2);
        let told = number(check);
        let codes: u32 = body.iter().map(|digit| u32::from(*digit)).sum();
        let values: u32 = body.iter().map(|digit| u32::from(*digit - b'0')).sum();
        if told != f64::from(codes % 100) && told != f64::from(values % 100) {
            return Err(Fault::Checksum);
        }
        if line[0] != EXERCISE {
            return Ok(None);
        }
        // mmss, kcal (4), W (3), torque × 10 (2), pulse (3), cadence (3), …
        let (watts, pulse, rpm) = (number(&body[8..11]), number(&body[13..16]), number(&body[16..19]));
        let mut beside = Beside::NONE;
        beside.set_power(watts, now)?;
        beside.set_heart_rate(pulse, now)?;
        let reading = beside.reading(rpm, now)?;
        Ok(Some(Reading { resistance: self.torque.estimate(watts, rpm, now), ..reading }))
    }
}

/// Digits as a number.
fn number(digits: &[u8]) -> f64 {
    digits.iter().fold(0.0, |number, digit| 10.0 * number + f64::from(digit.wrapping_sub(b'0')))
}

impl Decoder for CateyeDecoder {
    fn talk(&self) -> &Talk {
        &self.talk
    }

    fn talk_mut(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn restart(&mut self, now: Millis) {
        *self = Self { talk: self.talk.again(now, 0), ..Self::new(self.max_torque) };
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes.iter().filter(|byte| **byte != b'\n') {
            let Some(line) = self.lines.push(*byte, &mut self.talk.counters) else { continue };
            if !matches!(line.first(), Some(&EXERCISE | &SETTINGS)) {
                self.talk.counters.skipped += line.len() as u64 + 1;
                continue;
            }
            match self.frame(&line, now) {
                Ok(reading) => {
                    self.talk.counters.good += 1;
                    reading.into_iter().for_each(|reading| self.talk.readings.push(reading));
                }
                Err(fault) => self.talk.counters.bad.count(fault),
            }
        }
    }

    fn wake(&mut self, _now: Millis) {}
}

/// Frames of exercise, and of settings.
const EXERCISE: u8 = b'B';
const SETTINGS: u8 = b'A';
/// Digits after the letter, the two check digits among them.
const DIGITS: usize = 30;

#[cfg(test)]
mod tests {
    use crate::regime::whole;

    #[test]
    fn every_vector_is_read_however_it_comes() {
        super::vectors::run(&whole);
    }
}
