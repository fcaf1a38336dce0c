//! The serial line of the original Peloton Bike, active and passive.
//!
//! Active: the tablet is unplugged and we poll, one request at a time. Passive: the tablet polls and we
//! listen, and never transmit. Sources: ihaque/pelomon (a capture of 4,210 exchanges), ptx2/gymnasticon,
//! doudar/SmartSpin2k.

pub mod emulate;
mod frame;
mod poll;
mod table;

use std::collections::VecDeque;

use crate::reading::{Fault, Latest, MAX_POWER};
use crate::{Counters, Decoder, Millis, Origin, Reading, Resistance};
use frame::{Answer, Frame, Frames};
use poll::{Event, Poll};
use table::Table;

/// Who polls the bike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Listen first: if somebody polls, listen on; if nobody does, poll.
    Auto,
    /// Never transmit.
    Passive,
}

/// Reads a Peloton Bike.
///
/// Its resistance sensor has a scale of its own for each bike. When it polls, the decoder asks the bike for
/// it; when it only listens, or the bike does not tell, resistances are by another bike's scale and their
/// origin is [`Origin::Estimated`].
#[derive(Debug)]
pub struct PelotonDecoder {
    mode: Mode,
    frames: Frames,
    role: Role,
    table: Table,
    resistance: Latest<Resistance>,
    power: Latest<f64>,
    readings: VecDeque<Reading>,
    writes: VecDeque<Vec<u8>>,
    counters: Counters,
}

#[derive(Clone, Copy, Debug)]
enum Role {
    /// Not decided yet.
    Listening { until: Millis, heard: u8 },
    /// The tablet polls.
    Passive,
    /// We poll.
    Polling(Poll),
}

impl PelotonDecoder {
    /// A decoder at the start of a port. Time begins with [`Decoder::restart`].
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            frames: Frames::default(),
            role: Role::Passive,
            table: Table::default(),
            resistance: Latest::NONE,
            power: Latest::NONE,
            readings: VecDeque::new(),
            writes: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    fn handle(&mut self, frame: Frame, now: Millis) {
        match frame {
            // Both conductors may be tapped: a request tells which table entry the answer is.
            Frame::Request(request) => self.table.asked(request),
            Frame::Answer(answer) => {
                match &mut self.role {
                    // A single answer may be to what was asked before the port was opened again.
                    Role::Listening { heard, .. } if *heard + 1 < TABLET_ANSWERS => *heard += 1,
                    Role::Listening { .. } => self.role = Role::Passive,
                    Role::Polling(poll) => poll.answered(answer),
                    Role::Passive => {}
                }
                match self.answered(answer, now) {
                    Ok(()) => self.counters.good += 1,
                    Err(fault) => self.counters.bad.count(fault),
                }
            }
        }
    }

    fn answered(&mut self, answer: Answer, now: Millis) -> Result<(), Fault> {
        match answer {
            Answer::Cadence(rpm) => {
                let reading = Reading::new(f64::from(rpm), self.resistance.at(now), self.power.at(now));
                self.readings.push_back(reading.ok_or(Fault::Range)?);
                if self.readings.len() > MAX_READINGS {
                    self.readings.pop_front();
                }
            }
            Answer::Power(tenths) => {
                let watts = f64::from(tenths) / 10.0;
                self.power.set(Some(watts).filter(|watts| *watts <= MAX_POWER).ok_or(Fault::Range)?, now);
            }
            Answer::Raw(raw) => {
                let (percent, origin) = self.table.percent(raw);
                self.resistance.set(Resistance::new(percent, origin).ok_or(Fault::Range)?, now);
            }
            Answer::Calibrated(percent) => {
                let resistance = Resistance::new(f64::from(percent), Origin::Measured);
                self.resistance.set(resistance.ok_or(Fault::Range)?, now);
            }
            Answer::TableEntry(raw) => self.table.entry(raw),
            Answer::Other => {}
        }
        Ok(())
    }

    /// Starts from the beginning: the bike, its scale and who polls it may all be others.
    fn listen(&mut self, now: Millis) {
        self.table = Table::default();
        self.role = Role::Listening { until: now + LISTEN_MS, heard: 0 };
    }
}

impl Decoder for PelotonDecoder {
    fn restart(&mut self, now: Millis) {
        let (mode, counters) = (self.mode, self.counters);
        *self = Self { counters, ..Self::new(mode) };
        if mode == Mode::Auto {
            self.listen(now);
        }
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for piece in bytes.chunks(PIECE) {
            self.frames.push(piece);
            while let Some(frame) = self.frames.next(&mut self.counters) {
                self.handle(frame, now);
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        if matches!(self.role, Role::Listening { until, .. } if now >= until) {
            self.role = Role::Polling(Poll::new(now));
        }
        let Role::Polling(poll) = &mut self.role else { return };
        match poll.wake(&mut self.table, now) {
            Some(Event::Ask(request)) => {
                self.table.asked(request);
                self.writes.push_back(request.bytes().to_vec());
                // Nobody takes them: only the newest is worth sending.
                if self.writes.len() > MAX_WRITES {
                    self.writes.pop_front();
                }
            }
            Some(Event::Silent) => self.listen(now),
            None => {}
        }
    }

    fn poll_reading(&mut self) -> Option<Reading> {
        self.readings.pop_front()
    }

    fn poll_write(&mut self) -> Option<Vec<u8>> {
        self.writes.pop_front()
    }

    fn next_deadline(&self) -> Option<Millis> {
        match &self.role {
            Role::Listening { until, .. } => Some(*until),
            Role::Polling(poll) => Some(poll.next_deadline()),
            Role::Passive => None,
        }
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}

/// How long to listen for a tablet before polling. In ms.
const LISTEN_MS: Millis = 500;
/// So many answers that were not asked for are a tablet's.
const TABLET_ANSWERS: u8 = 2;
/// Bytes are looked at in pieces that the frame buffer has room for.
const PIECE: usize = 64;
/// The most readings that wait to be taken.
const MAX_READINGS: usize = 64;
/// The most requests that wait to be sent.
const MAX_WRITES: usize = 4;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
