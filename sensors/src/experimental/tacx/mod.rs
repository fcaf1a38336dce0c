//! Tacx Fortius motor brake T1941: 19200 baud, 8N1, 3.3 V levels.
//!
//! Source: totalreverse/ttyT1941. Open: what the fields of a command other than the load want; here they are
//! 0, which leaves the brake off, so it is ridden against its own drag.

pub mod emulate;
mod frame;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::reading::{Beside, Fault};
use crate::torque::Torque;
use crate::{Decoder, Millis, Reading, Talk};
use frame::{Frames, bytes};

/// Polls a brake. Resistance is estimated from power and cadence.
#[derive(Debug)]
pub struct TacxDecoder {
    /// Nm at 100 %.
    max_torque: f64,
    /// The brake has said which version it is.
    known: bool,
    frames: Frames,
    torque: Torque,
    talk: Talk,
}

impl TacxDecoder {
    /// A decoder at the start of a port, with the torque in Nm that is to be 100 %.
    pub fn new(max_torque: f64) -> Self {
        Self {
            max_torque,
            known: false,
            frames: Frames::default(),
            torque: Torque::new(max_torque),
            talk: Talk::asking(POLL_MS, ANSWER_MS),
        }
    }

    fn answer(&mut self, payload: &[u8], now: Millis) -> Result<(), Fault> {
        match payload {
            [0x03, 0x0c, ..] => {
                self.known = true;
                self.talk.ask.answered();
                Ok(())
            }
            [0x03, 0x13, 0x02, 0x00, data @ ..] if data.len() == DATA => {
                self.talk.ask.answered();
                let word = |at: usize| [data[at], data[at + 1]];
                let wheel = f64::from(u16::from_le_bytes(word(4)));
                let force = f64::from(i16::from_le_bytes(word(10)));
                let (rpm, watts) = (f64::from(data[16]), (force * wheel / FORCE_WHEEL_A_WATT).max(0.0));
                let mut beside = Beside::NONE;
                beside.set_power(watts, now)?;
                let reading = beside.reading(rpm, now)?;
                let resistance = self.torque.estimate(watts, rpm, now);
                self.talk.readings.push(Reading { resistance, ..reading });
                Ok(())
            }
            // While it starts it says FF.
            [0xff, ..] => Ok(()),
            _ => Err(Fault::Form),
        }
    }
}

impl Decoder for TacxDecoder {
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
            let Some(payload) = self.frames.push(*byte, &mut self.talk.counters) else { continue };
            match self.answer(&payload, now) {
                Ok(()) => self.talk.counters.good += 1,
                Err(fault) => self.talk.counters.bad.count(fault),
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        if self.talk.ask.is_due(now) {
            let payload: &[u8] = if self.known { &COMMAND } else { &VERSION };
            self.talk.writes.push(self.talk.ask.sent(bytes(payload), now));
        }
    }
}

const VERSION: [u8; 4] = [0x02, 0, 0, 0];
/// Load, echo, mode, weight and calibration are 0.
const COMMAND: [u8; 12] = [0x01, 0x08, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// Bytes of the data in an answer.
const DATA: usize = 19;
/// Force times wheel speed that is a watt.
const FORCE_WHEEL_A_WATT: f64 = 128_866.0;
/// From one request to the next. In ms.
const POLL_MS: Millis = 200;
/// How long an answer may take. In ms.
const ANSWER_MS: Millis = 150;
/// The brake is left alone for a moment after the port was opened. In ms.
const SETTLE_MS: Millis = 100;

#[cfg(test)]
mod tests {
    use super::emulate::TacxBrake;
    use super::vectors::decoder;
    use super::*;
    use crate::regime::{ride, whole};

    #[test]
    fn every_vector_is_read_however_it_comes() {
        vectors::run(&whole);
    }

    #[test]
    fn the_brake_is_asked_for_its_version_and_then_for_its_data() {
        let mut brake = TacxBrake { cadence: 88 };
        let mut decoder = decoder();
        let readings = ride(decoder.as_mut(), &mut |request| brake.answer(request), 10_000);
        // Then only an echo comes back.
        ride(decoder.as_mut(), &mut <[u8]>::to_vec, 20_000);
        assert!(readings.len() > 40 && decoder.is_stuck(), "{}", readings.len());
    }
}
