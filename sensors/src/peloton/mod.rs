//! The serial line of the original Peloton Bike, active and passive.
//!
//! Active: the tablet is unplugged and we poll, one request every 100 ms in turn. Passive: the tablet
//! polls and we listen, and never transmit. Sources: ihaque/pelomon (a capture of 4,210 exchanges),
//! ptx2/gymnasticon, doudar/SmartSpin2k.

mod frame;
mod table;

use std::collections::VecDeque;

use crate::reading::MAX_POWER;
use crate::{Counters, Decoder, Millis, Origin, Reading, Resistance};
use frame::{Answer, Frame, Frames, Request};
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
#[derive(Debug)]
pub struct PelotonDecoder {
    mode: Mode,
    frames: Frames,
    role: Role,
    table: Table,
    resistance: Option<(Resistance, Millis)>,
    power: Option<(f64, Millis)>,
    readings: VecDeque<Reading>,
    writes: VecDeque<Vec<u8>>,
    counters: Counters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Not decided yet, until then.
    Listening(Millis),
    /// The tablet polls.
    Passive,
    /// We poll; the next request is due then.
    Polling { due: Millis, turn: u8, in_flight: Option<Request>, misses: u8 },
}

impl PelotonDecoder {
    /// A decoder at the start of a port. Time begins with [`Decoder::restart`].
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            frames: Frames::default(),
            role: Role::Passive,
            table: Table::default(),
            resistance: None,
            power: None,
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
                self.counters.good += 1;
                if matches!(self.role, Role::Listening(_)) {
                    self.role = Role::Passive;
                }
                self.answered(answer, now);
            }
        }
    }

    fn answered(&mut self, answer: Answer, now: Millis) {
        if let Role::Polling { in_flight, misses, .. } = &mut self.role
            && in_flight.is_some_and(|request| request.is_answered_by(answer))
        {
            (*in_flight, *misses) = (None, 0);
        }
        match answer {
            Answer::Cadence(rpm) => {
                let reading =
                    Reading::new(f64::from(rpm), fresh(self.resistance, now), fresh(self.power, now));
                match reading {
                    Some(reading) => self.readings.push_back(reading),
                    None => self.counters.bad += 1,
                }
                while self.readings.len() > MAX_READINGS {
                    self.readings.pop_front();
                }
            }
            Answer::Power(tenths) => {
                let watts = f64::from(tenths) / 10.0;
                self.power = (watts <= MAX_POWER).then_some((watts, now));
            }
            Answer::Raw(raw) => {
                let (percent, origin) = self.table.percent(raw);
                self.resistance = Resistance::new(percent, origin).map(|resistance| (resistance, now));
            }
            Answer::Calibrated(percent) => {
                let resistance = Resistance::new(f64::from(percent), Origin::Measured);
                self.resistance = resistance.map(|resistance| (resistance, now));
            }
            Answer::TableEntry(raw) => self.table.entry(raw),
            Answer::Other => {}
        }
    }

    /// The next request: the bike's own table first, then cadence, power and resistance in turn.
    fn request(&mut self, turn: u8) -> Request {
        match self.table.wanted() {
            Some(entry) => Request::TableEntry(entry),
            None => [Request::Cadence, Request::Power, Request::Raw][usize::from(turn % 3)],
        }
    }

    fn poll_bike(&mut self, now: Millis) {
        let Role::Polling { due, turn, in_flight, misses } = self.role else { return };
        if now < due {
            return;
        }
        let misses = if in_flight.is_some() { misses.saturating_add(1) } else { 0 };
        // A bike that does not tell its table is read by another bike's, and said to be an estimate.
        if matches!(in_flight, Some(Request::TableEntry(_))) && misses >= TABLE_TRIES {
            self.table.give_up();
        }
        let request = self.request(turn);
        self.table.asked(request);
        self.writes.push_back(request.bytes().to_vec());
        let turn = if matches!(request, Request::TableEntry(_)) { turn } else { (turn + 1) % 3 };
        self.role = Role::Polling { due: now + POLL_MS, turn, in_flight: Some(request), misses };
    }
}

impl Decoder for PelotonDecoder {
    fn restart(&mut self, now: Millis) {
        let (mode, counters) = (self.mode, self.counters);
        *self = Self { counters, ..Self::new(mode) };
        if mode == Mode::Auto {
            self.role = Role::Listening(now + LISTEN_MS);
        }
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        self.frames.push(bytes);
        while let Some(frame) = self.frames.next(&mut self.counters) {
            self.handle(frame, now);
        }
    }

    fn wake(&mut self, now: Millis) {
        if matches!(self.role, Role::Listening(until) if now >= until) {
            self.role = Role::Polling { due: now, turn: 0, in_flight: None, misses: 0 };
        }
        self.poll_bike(now);
    }

    fn poll_reading(&mut self) -> Option<Reading> {
        self.readings.pop_front()
    }

    fn poll_write(&mut self) -> Option<Vec<u8>> {
        self.writes.pop_front()
    }

    fn next_deadline(&self) -> Option<Millis> {
        match self.role {
            Role::Listening(until) => Some(until),
            Role::Polling { due, .. } => Some(due),
            Role::Passive => None,
        }
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}

fn fresh<T: Copy>(value: Option<(T, Millis)>, now: Millis) -> Option<T> {
    value.filter(|(_, since)| now.saturating_sub(*since) < FRESH_MS).map(|(value, _)| value)
}

/// How long to listen for a tablet before polling. In ms.
const LISTEN_MS: Millis = 500;
/// One request in this time: each of the three values renews every 300 ms.
const POLL_MS: Millis = 100;
/// How often the bike is asked for an entry of its table.
const TABLE_TRIES: u8 = 5;
/// A resistance or power older than this is not told with a new cadence. In ms.
const FRESH_MS: Millis = 2_000;
/// The most readings that wait to be taken.
const MAX_READINGS: usize = 64;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
