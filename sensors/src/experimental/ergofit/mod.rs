//! Ergofit: 9600 baud, 8N1. The host puts it into PC mode and asks for cadence, power and pulse in turn.
//!
//! Source: GoldenCheetah (`ErgofitConnection.cpp`). Open: the check in the tail of an answer, between its
//! digits and 17, which the source does not verify either.

pub mod emulate;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::reading::{Beside, Fault};
use crate::torque::Torque;
use crate::{Decoder, Millis, Talk};

/// Polls an Ergofit. Resistance is estimated from power and cadence.
#[derive(Debug)]
pub struct ErgofitDecoder {
    /// Nm at 100 %.
    max_torque: f64,
    /// The place in [`ROUND`]; nothing before PC mode was asked for.
    turn: Option<usize>,
    buffer: Vec<u8>,
    beside: Beside,
    torque: Torque,
    talk: Talk,
}

impl ErgofitDecoder {
    /// A decoder at the start of a port, with the torque in Nm that is to be 100 %.
    pub fn new(max_torque: f64) -> Self {
        Self {
            max_torque,
            turn: None,
            buffer: Vec::new(),
            beside: Beside::NONE,
            torque: Torque::new(max_torque),
            talk: Talk::asking(POLL_MS, ANSWER_MS),
        }
    }

    fn frame(&mut self, frame: &[u8], now: Millis) -> Result<(), Fault> {
        let asked = self.talk.ask.in_flight().unwrap_or_default();
        if frame == asked {
            // PC mode is acknowledged in this way; of a question it is an echo and no answer.
            if frame == PC_MODE {
                self.talk.ask.answered();
                return Ok(());
            }
            return Err(Fault::Form);
        }
        let [START, letter, 2, a, b, c, _tail @ .., END] = frame else { return Err(Fault::Form) };
        let digits = [a, b, c];
        if !digits.iter().all(|digit| digit.is_ascii_digit()) || asked.get(1) != Some(letter) {
            return Err(Fault::Form);
        }
        let value = digits.iter().fold(0.0, |value, digit| 10.0 * value + f64::from(**digit - b'0'));
        match letter {
            b'L' => self.beside.set_power(value, now)?,
            b'P' => self.beside.set_heart_rate(value, now)?,
            b'D' => {
                let mut reading = self.beside.reading(value, now)?;
                if value == 0.0 {
                    reading.power = reading.power.and(Some(0.0));
                }
                reading.resistance = reading.power.and_then(|watts| self.torque.estimate(watts, value, now));
                self.talk.readings.push(reading);
            }
            _ => return Err(Fault::Form),
        }
        self.talk.ask.answered();
        Ok(())
    }
}

impl Decoder for ErgofitDecoder {
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
            match *byte {
                START => {
                    self.talk.counters.skipped += self.buffer.len() as u64;
                    self.buffer = vec![START];
                }
                _ if self.buffer.is_empty() => self.talk.counters.skipped += 1,
                END => {
                    self.buffer.push(END);
                    let frame = std::mem::take(&mut self.buffer);
                    match self.frame(&frame, now) {
                        Ok(()) => self.talk.counters.good += 1,
                        Err(fault) => self.talk.counters.bad.count(fault),
                    }
                }
                other if self.buffer.len() < MOST_BYTES => self.buffer.push(other),
                _ => {
                    self.talk.counters.skipped += self.buffer.len() as u64 + 1;
                    self.buffer.clear();
                }
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        if self.talk.ask.is_due(now) {
            let request = match self.turn {
                None => PC_MODE,
                Some(turn) => ROUND[turn % ROUND.len()],
            };
            self.turn = Some(self.turn.map_or(0, |turn| (turn + 1) % ROUND.len()));
            self.talk.writes.push(self.talk.ask.sent(request.to_vec(), now));
        }
    }
}

const START: u8 = 0x01;
const END: u8 = 0x17;
const PC_MODE: &[u8] = &[START, b'O', 3, 0x4d, END];
/// Power, cadence, pulse, cadence.
const ROUND: [&[u8]; 4] = [POWER, CADENCE, PULSE, CADENCE];
const CADENCE: &[u8] = &[START, b'D', 3, b'7', b'0', END];
const POWER: &[u8] = &[START, b'L', 3, b'7', b'8', END];
const PULSE: &[u8] = &[START, b'P', 3, b'8', b'2', END];
const MOST_BYTES: usize = 32;
/// From one request to the next. In ms.
const POLL_MS: Millis = 350;
/// How long an answer may take. In ms.
const ANSWER_MS: Millis = 700;
/// The console is left alone for a moment after the port was opened. In ms.
const SETTLE_MS: Millis = 100;

#[cfg(test)]
mod tests {
    use super::emulate::ErgofitBike;
    use super::vectors::decoder;
    use super::*;
    use crate::regime::{ride, whole};

    #[test]
    fn every_vector_is_read_however_it_comes() {
        vectors::run(&whole);
    }

    #[test]
    fn the_bike_is_asked_in_turn_and_a_mere_echo_is_none() {
        let mut bike = ErgofitBike { cadence: 87, power: 145 };
        for echo in [false, true] {
            let mut decoder = decoder();
            let mut answer = |request: &[u8]| if echo { request.to_vec() } else { bike.answer(request) };
            let readings = ride(decoder.as_mut(), &mut answer, 15_000);
            assert_eq!((readings.len() > 15, decoder.is_stuck()), (!echo, echo));
            if let Some(last) = readings.last() {
                assert_eq!((last.cadence, last.power), (87.0, Some(145.0)));
            }
        }
    }
}
