//! Daum ergometers of the classic series: 8008, 8080, TRS, Cardio, Fitness, Vita.
//!
//! 9600 baud (old cockpits 4800), 8N1, no flow control. Binary and without a checksum: an answer repeats the
//! command and the address, and has its length. Sources: GoldenCheetah (`Daum.cpp`), incyclist/devices
//! (`src/serial/daum/classic`).

pub mod emulate;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::reading::{Beside, Fault};
use crate::{Decoder, Millis, Reading, Resistance, Talk};

/// Polls a Daum ergometer of the classic series. Its gear is the resistance, as a level.
#[derive(Debug)]
pub struct DaumDecoder {
    /// The cockpit's address, once it is known.
    address: Option<u8>,
    /// What came since the last request.
    heard: Vec<u8>,
    last_byte: Millis,
    talk: Talk,
}

impl Default for DaumDecoder {
    fn default() -> Self {
        Self { address: None, heard: Vec::new(), last_byte: 0, talk: Talk::asking(POLL_MS, ANSWER_MS) }
    }
}

impl DaumDecoder {
    /// Throws away what can't begin an answer, and an echo of what was asked.
    fn align(&mut self) {
        let Some(asked) = self.talk.ask.in_flight().map(<[u8]>::to_vec) else {
            self.skip(self.heard.len());
            return;
        };
        while !self.heard.is_empty() {
            let begins = asked.iter().zip(&self.heard).all(|(asked, heard)| asked == heard);
            let echoed = self.heard.len() >= 2 * asked.len() && self.heard[asked.len()..].starts_with(&asked);
            match () {
                () if !begins => self.skip(1),
                () if echoed => self.skip(asked.len()),
                () => return,
            }
        }
    }

    fn skip(&mut self, count: usize) {
        self.talk.counters.skipped += count as u64;
        self.heard.drain(..count);
    }

    /// Reads what has come, if it is whole; `quiet` when nothing more is coming.
    fn read(&mut self, quiet: bool, now: Millis) {
        let outcome = match (self.address, self.heard.len()) {
            // One byte more or less is no address: an echo, or another device.
            (None, 2) if quiet => {
                self.address = self.heard.get(1).copied();
                Ok(None)
            }
            (Some(_), LONG) => self.run_data(now).map(Some),
            (Some(_), SHORT) if quiet => self.run_data(now).map(Some),
            (_, 1..) if quiet => Err(Fault::Form),
            _ => return,
        };
        self.heard.clear();
        match outcome {
            Ok(reading) => {
                self.talk.counters.good += 1;
                self.talk.ask.answered();
                if let Some(reading) = reading {
                    self.talk.readings.push(reading);
                }
            }
            Err(fault) => self.talk.counters.bad.count(fault),
        }
    }

    /// `40 aa`, then the fields by their places; that of the pedalling flag is unreliable and not read.
    fn run_data(&self, now: Millis) -> Result<Reading, Fault> {
        let field = |at: usize| f64::from(self.heard[at]);
        let (rpm, gear) = (field(6), field(16));
        if !POWER_CODES.contains(&self.heard[5]) || rpm > MOST_RPM || field(7) > MOST_KMH || gear > MOST_GEAR
        {
            return Err(Fault::Range);
        }
        let mut beside = Beside::NONE;
        // The brake stays set when the pedals stop.
        beside.set_power(if rpm > 0.0 { 5.0 * field(5) } else { 0.0 }, now)?;
        beside.set_heart_rate(field(14), now)?;
        let resistance = if gear > 0.0 { Resistance::level(gear, 1.0, MOST_GEAR) } else { None };
        Ok(Reading { resistance, ..beside.reading(rpm, now)? })
    }

    fn is_quiet(&self, now: Millis) -> bool {
        !self.heard.is_empty() && now >= self.last_byte + QUIET_MS
    }
}

impl Decoder for DaumDecoder {
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
        self.last_byte = now;
        for byte in bytes {
            self.heard.push(*byte);
            self.align();
            self.read(false, now);
        }
    }

    fn wake(&mut self, now: Millis) {
        if self.is_quiet(now) {
            self.read(true, now);
        }
        if self.talk.ask.is_due(now) {
            self.skip(self.heard.len());
            let request = match self.address {
                Some(address) => vec![RUN_DATA, address],
                None => vec![FIND],
            };
            self.talk.writes.push(self.talk.ask.sent(request, now));
        }
    }

    fn next_deadline(&self) -> Option<Millis> {
        let quiet = (!self.heard.is_empty()).then_some(self.last_byte + QUIET_MS);
        quiet.into_iter().chain(self.talk.ask.next_deadline()).min()
    }
}

/// Asks for the cockpit's address.
const FIND: u8 = 0x11;
/// Asks for the run data.
const RUN_DATA: u8 = 0x40;
/// Run data has so many bytes, and so many on old cockpits.
const LONG: usize = 19;
const SHORT: usize = 17;
/// Power in steps of 5 W, as GoldenCheetah believes it.
const POWER_CODES: std::ops::RangeInclusive<u8> = 5..=160;
const MOST_RPM: f64 = 199.0;
const MOST_KMH: f64 = 99.0;
const MOST_GEAR: f64 = 28.0;
/// From one request to the next. In ms.
const POLL_MS: Millis = 1_000;
/// How long an answer may take. In ms.
const ANSWER_MS: Millis = 1_500;
/// After so long without a byte nothing more is coming. In ms.
const QUIET_MS: Millis = 100;
/// The cockpit is left alone for a moment after the port was opened. In ms.
const SETTLE_MS: Millis = 100;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
