//! RacerMate CompuTrainer.
//!
//! 2400 baud, 8N1, DTR and RTS raised. `RacerMate` is answered by `LinkUp`; then the unit streams messages
//! of seven bytes, as long as the host sends a command now and then. Source: GoldenCheetah
//! (`Computrainer.cpp`).

pub mod emulate;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::reading::{Beside, Fault};
use crate::torque::Torque;
use crate::{Decoder, Millis, Talk};

/// The load in W that the brake is held at unless it is set: it must have one.
pub const DEFAULT_LOAD: u16 = 100;

/// Reads a CompuTrainer, and holds its brake at a load. Resistance is estimated from power and cadence.
#[derive(Debug)]
pub struct ComputrainerDecoder {
    /// Nm at 100 %.
    max_torque: f64,
    /// W.
    load: u16,
    buffer: Vec<u8>,
    /// Messages since the last command.
    messages: u32,
    /// When the unit spoke last, or was greeted.
    heard: Millis,
    linked: bool,
    /// Greetings without an answer in a row.
    misses: u32,
    /// The unit has said that no cadence sensor is plugged in.
    blind: bool,
    beside: Beside,
    torque: Torque,
    talk: Talk,
}

impl ComputrainerDecoder {
    /// A decoder at the start of a port, with the torque in Nm that is to be 100 %, and the load in W that
    /// the brake is held at, 50 to 1,500.
    pub fn new(max_torque: f64, load: u16) -> Self {
        Self {
            max_torque,
            load: load.clamp(50, 1_500),
            buffer: Vec::new(),
            messages: 0,
            heard: 0,
            linked: false,
            misses: 0,
            blind: false,
            beside: Beside::NONE,
            torque: Torque::new(max_torque),
            talk: Talk::default(),
        }
    }

    fn message(&mut self, message: [u8; MESSAGE], now: Millis) -> Result<(), Fault> {
        let [.., flags, value, last] = message;
        let low = (value & 0x7f) * 2 + (last & 1);
        let wide = u32::from(low) + u32::from(flags & 7) * 512 + u32::from(last & 2) * 128;
        match (flags >> 3) & 15 {
            2 => self.beside.set_power(f64::from(wide), now)?,
            3 => self.beside.set_heart_rate(f64::from(low), now)?,
            // Without a sensor the value is none.
            6 if !self.blind => {
                let mut reading = self.beside.reading(f64::from(low), now)?;
                reading.resistance =
                    reading.power.and_then(|watts| self.torque.estimate(watts, reading.cadence, now));
                self.talk.readings.push(reading);
            }
            0xb => self.blind = wide & CADENCE_SENSOR == 0,
            // Nothing, speed, calibration, and the rest.
            _ => {}
        }
        Ok(())
    }

    /// Takes messages off the buffer: bit 7 is set in the last byte and in no other.
    fn read(&mut self, now: Millis) {
        while let Some(window) = self.buffer.first_chunk::<MESSAGE>().copied() {
            let (body, last) = window.split_at(MESSAGE - 1);
            if last[0] & 0x80 == 0 || body.iter().any(|byte| byte & 0x80 != 0) {
                self.buffer.remove(0);
                self.talk.counters.skipped += 1;
                continue;
            }
            self.buffer.drain(..MESSAGE);
            match self.message(window, now) {
                Ok(()) => self.talk.counters.good += 1,
                Err(fault) => self.talk.counters.bad.count(fault),
            }
            self.messages += 1;
            if self.messages >= COMMAND_EVERY {
                self.command();
            }
        }
    }

    /// Keeps the unit talking.
    fn command(&mut self) {
        self.messages = 0;
        let values = ERGOMETER.into_iter().chain([self.load]);
        self.talk.writes.push((1..).zip(values).flat_map(|(command, value)| row(command, value)).collect());
    }

    fn greet(&mut self, now: Millis) {
        (self.heard, self.linked) = (now, false);
        self.buffer.clear();
        self.talk.writes.push(GREETING.to_vec());
    }
}

impl Decoder for ComputrainerDecoder {
    fn talk(&self) -> &Talk {
        &self.talk
    }

    fn talk_mut(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn restart(&mut self, now: Millis) {
        *self = Self { talk: self.talk.again(now, 0), ..Self::new(self.max_torque, self.load) };
        self.greet(now);
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes {
            self.buffer.push(*byte);
            if let Some(before) = self.buffer.strip_suffix(LINK_UP) {
                self.talk.counters.skipped += before.len() as u64;
                self.talk.counters.good += 1;
                (self.linked, self.misses, self.heard) = (true, 0, now);
                self.buffer.clear();
                self.command();
            }
            // The letters of the answer are no message: the last byte of one has bit 7 set.
            if byte & 0x80 != 0 || self.buffer.len() > MOST_BUFFERED {
                let good = self.talk.counters.good;
                self.read(now);
                if self.talk.counters.good > good {
                    (self.linked, self.misses, self.heard) = (true, 0, now);
                }
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        if now >= self.heard + SILENT_MS {
            self.misses = self.misses.saturating_add(1);
            self.greet(now);
        }
    }

    fn next_deadline(&self) -> Option<Millis> {
        Some(self.heard + SILENT_MS)
    }

    fn is_stuck(&self) -> bool {
        self.misses >= STUCK_MISSES
    }
}

/// Bytes of a message.
const MESSAGE: usize = 7;
const MOST_BUFFERED: usize = 64;
const GREETING: &[u8] = b"RacerMate";
const LINK_UP: &[u8] = b"LinkUp";
/// In the message that tells which sensors are plugged in.
const CADENCE_SENSOR: u32 = 0x800;
/// The unit falls silent unless it gets a command after about so many messages.
const COMMAND_EVERY: u32 = 10;
/// A unit that says nothing for so long is greeted again. In ms.
const SILENT_MS: Millis = 2_000;
const STUCK_MISSES: u32 = 10;

/// The values of the first seven rows of a command in ergometer mode; the eighth is the load.
const ERGOMETER: [u16; 7] = [0, 0, 187, 2_108, 2_238, 2_048, 288];

/// A row of a command in ergometer mode.
fn row(command: u8, value: u16) -> [u8; MESSAGE] {
    let (low, high) = ((value & 0xff) as u8, (value >> 8) as u8);
    let sum = 255_u8
        .wrapping_sub(MODE.wrapping_mul(2))
        .wrapping_sub(command.wrapping_mul(16))
        .wrapping_sub(low)
        .wrapping_sub(high);
    let last = 0xc0 | ((sum & 1) << 5) | ((high & 1) << 1) | (low & 1);
    [sum >> 1, 0, 0, MODE, (command << 3) | (high >> 1), low >> 1, last]
}

/// Ergometer mode.
const MODE: u8 = 0x0a;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
