//! Freebeat, on the internal serial line between the bike's board and its tablet.
//!
//! 9600 baud, 8N1. A query and a keep-alive each 200 ms; answers of 13 bytes with a sum. Source:
//! cagnulein/qdomyos-zwift (`src/devices/freebeatbike/PROTOCOL.md`).

pub mod emulate;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::reading::{Beside, Fault};
use crate::{Decoder, Millis, Origin, Reading, Resistance, Talk};

/// Polls a Freebeat bike, which tells its resistance itself.
#[derive(Debug)]
pub struct FreebeatDecoder {
    buffer: Vec<u8>,
    talk: Talk,
}

impl Default for FreebeatDecoder {
    fn default() -> Self {
        Self { buffer: Vec::new(), talk: Talk::asking(POLL_MS, ANSWER_MS) }
    }
}

impl FreebeatDecoder {
    /// Takes answers off the buffer; what begins none is dropped byte by byte.
    fn read(&mut self, now: Millis) {
        loop {
            let start = self.buffer.iter().position(|byte| *byte == START).unwrap_or(self.buffer.len());
            self.talk.counters.skipped += start as u64;
            self.buffer.drain(..start);
            let Some(frame) = self.buffer.first_chunk::<ANSWER>().copied() else { return };
            let sum = frame[1..11].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
            if !TYPES.contains(&frame[1]) || frame[12] != END {
                self.buffer.remove(0);
                self.talk.counters.skipped += 1;
                continue;
            }
            if frame[11] != sum {
                self.buffer.remove(0);
                self.talk.counters.bad.count(Fault::Checksum);
                continue;
            }
            self.buffer.drain(..ANSWER);
            self.talk.ask.answered();
            match reading(frame, now) {
                Ok(reading) => {
                    self.talk.counters.good += 1;
                    self.talk.readings.push(reading);
                }
                Err(fault) => self.talk.counters.bad.count(fault),
            }
        }
    }
}

/// `W = rpm · 4.56 · resistance / 100`, as the source has it.
fn reading(frame: [u8; ANSWER], now: Millis) -> Result<Reading, Fault> {
    let rpm = f64::from(u16::from_le_bytes([frame[8], frame[9]]));
    let percent = f64::from(frame[7]);
    let resistance = Resistance::new(percent, Origin::Measured).ok_or(Fault::Range)?;
    let mut beside = Beside::NONE;
    beside.set_power(rpm * WATTS_A_TURN * percent / 100.0, now)?;
    Ok(Reading { resistance: Some(resistance), ..beside.reading(rpm, now)? })
}

impl Decoder for FreebeatDecoder {
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
            self.buffer.push(*byte);
            self.read(now);
        }
    }

    fn wake(&mut self, now: Millis) {
        if self.talk.ask.is_due(now) {
            self.talk.writes.push(self.talk.ask.sent([QUERY, KEEP_ALIVE].concat(), now));
        }
    }
}

const QUERY: &[u8] = &[0x25, 0x08, 0x00, 0x08, 0xa0];
const KEEP_ALIVE: &[u8] = &[0xb5, 0x08, 0x08, 0xa0];
/// Bytes of an answer.
const ANSWER: usize = 13;
const START: u8 = 0x55;
const END: u8 = 0x3f;
/// Types of answers that have these fields.
const TYPES: [u8; 3] = [0x15, 0x03, 0x25];
const WATTS_A_TURN: f64 = 4.56;
/// From one query to the next. In ms.
const POLL_MS: Millis = 200;
/// How long an answer may take. In ms.
const ANSWER_MS: Millis = 500;
/// The board is left alone for a moment after the port was opened. In ms.
const SETTLE_MS: Millis = 100;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
