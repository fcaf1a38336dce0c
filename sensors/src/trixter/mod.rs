//! Trixter X-Dream V1: 115200 baud, 8N1, USB inside the bike, streams by itself.
//!
//! Each 13 ms 32 lower-case hexadecimal characters, 16 bytes with an XOR. Sources:
//! drmason789/trixter-xdream-bike (4,577 recorded messages), qdomyos-zwift #855.

pub mod emulate;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use std::collections::VecDeque;

use crate::reading::{Beside, Fault};
use crate::{Decoder, Millis, Origin, Resistance, Talk};

/// Reads an X-Dream. Its resistance is what it is told, so there is none unless a load is set.
#[derive(Debug)]
pub struct TrixterDecoder {
    /// 0 to 250; nothing is written without it.
    load: Option<u8>,
    /// Characters of a message that has begun.
    digits: VecDeque<u8>,
    /// Cadences of the last messages.
    recent: VecDeque<f64>,
    /// When the last message came.
    heard: Millis,
    /// Messages until the next reading.
    wait: usize,
    /// When the load is to be written again.
    due: Millis,
    beside: Beside,
    talk: Talk,
}

impl TrixterDecoder {
    /// A decoder at the start of a port. A load of 0 to 250 is written again and again, as the bike wants
    /// it, and told as the resistance; without one the bike is left as it is.
    pub fn new(load: Option<u8>) -> Self {
        Self {
            load: load.map(|load| load.min(MOST_LOAD)),
            digits: VecDeque::new(),
            recent: VecDeque::new(),
            heard: 0,
            wait: 1,
            due: 0,
            beside: Beside::NONE,
            talk: Talk::default(),
        }
    }

    /// Takes messages off the characters. `6a` also is data: only the XOR decides where one begins.
    fn read(&mut self, now: Millis) {
        while self.digits.len() >= DIGITS {
            match message(&self.digits) {
                Ok(Some(message)) => {
                    self.digits.drain(..DIGITS);
                    match self.message(message, now) {
                        Ok(()) => self.talk.counters.good += 1,
                        Err(fault) => self.talk.counters.bad.count(fault),
                    }
                }
                Ok(None) => {
                    self.digits.pop_front();
                    self.talk.counters.skipped += 1;
                }
                Err(fault) => {
                    self.digits.pop_front();
                    self.talk.counters.bad.count(fault);
                }
            }
        }
    }

    fn message(&mut self, message: [u8; BYTES], now: Millis) -> Result<(), Fault> {
        let crank = u16::from_be_bytes([message[10], message[11]]);
        let rpm = match crank {
            0 | STILL.. => 0.0,
            time => CRANK / f64::from(time),
        };
        self.beside.reading(rpm, now)?;
        self.beside.set_heart_rate(f64::from(message[14]), now)?;
        // It always streams: what was before a silence says nothing of now.
        if now.saturating_sub(std::mem::replace(&mut self.heard, now)) > SILENT_MS {
            self.recent.clear();
        }
        self.recent.push_back(rpm);
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
        self.wait -= 1;
        if self.wait == 0 {
            self.wait = EVERY;
            let mut reading = self.beside.reading(self.median(), now)?;
            reading.resistance = self.load.and_then(|load| {
                let percent = 100.0 * f64::from(load) / f64::from(MOST_LOAD);
                Resistance::new(percent, Origin::SetPoint)
            });
            self.talk.readings.push(reading);
        }
        Ok(())
    }

    /// The cadence of the last moments: single messages jump.
    fn median(&self) -> f64 {
        let mut sorted: Vec<f64> = self.recent.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or_default()
    }
}

/// The message of the first characters, `None` if none begins there.
fn message(digits: &VecDeque<u8>) -> Result<Option<[u8; BYTES]>, Fault> {
    let value = |digit: u8| if digit.is_ascii_digit() { digit - b'0' } else { digit - b'a' + 10 };
    let message = std::array::from_fn(|at| value(digits[2 * at]) << 4 | value(digits[2 * at + 1]));
    if message[0] != START {
        return Ok(None);
    }
    let xor = message.iter().fold(0, |xor, byte| xor ^ byte);
    if xor == 0 { Ok(Some(message)) } else { Err(Fault::Checksum) }
}

/// What sets a load.
fn command(load: u8) -> [u8; 6] {
    let place = |more: u16| u8::try_from((u16::from(load) + more) % 255).unwrap_or_default();
    let body = [START, load, place(60), place(90), place(120)];
    let xor = body.iter().fold(0, |xor, byte| xor ^ byte);
    [body[0], body[1], body[2], body[3], body[4], xor]
}

impl Decoder for TrixterDecoder {
    fn talk(&self) -> &Talk {
        &self.talk
    }

    fn talk_mut(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn restart(&mut self, now: Millis) {
        *self = Self { talk: self.talk.again(now, 0), due: now, ..Self::new(self.load) };
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes {
            if matches!(byte, b'0'..=b'9' | b'a'..=b'f') {
                self.digits.push_back(*byte);
                self.read(now);
            } else {
                self.talk.counters.skipped += 1 + self.digits.len() as u64;
                self.digits.clear();
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        if let Some(load) = self.load.filter(|_| now >= self.due) {
            self.due = now + LOAD_MS;
            self.talk.writes.push(command(load).to_vec());
        }
    }

    fn next_deadline(&self) -> Option<Millis> {
        self.load.map(|_| self.due)
    }
}

/// The first byte of every message.
const START: u8 = 0x6a;
const BYTES: usize = 16;
const DIGITS: usize = 2 * BYTES;
/// `rpm = CRANK / crank time`.
const CRANK: f64 = 166_666.7;
/// Crank times from here on mean that the pedals stand still.
const STILL: u16 = 65_534;
/// Cadence is the median of so many messages.
const WINDOW: usize = 9;
/// A reading is told each so many messages: about eight a second.
const EVERY: usize = 10;
/// A silence is a fault from here on. In ms.
const SILENT_MS: Millis = 500;
const MOST_LOAD: u8 = 250;
/// The load drops unless it is written as often as this. In ms.
const LOAD_MS: Millis = 10;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
