//! Line sensors: a microcontroller that prints what it measures, a line at a time.
//!
//! Many dialects are about; a line is tried as, in this order: our own `$BIKE,rpm,percent*HH`, a JSON
//! object, `label: number`, a list of columns by configuration, a bare cadence. The columns of a list are
//! never guessed, for `24.80,82.00` and `82,24` can't be told apart.

mod parse;

use std::collections::VecDeque;

use crate::events::Units;
use crate::{Counters, Decoder, EventCounter, Millis, Reading};
pub use parse::{Column, UnknownColumn};
use parse::{Line, parse};

/// How to read lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What each column of a list is.
    pub columns: Vec<Column>,
}

impl Default for Options {
    fn default() -> Self {
        Self { columns: vec![Column::Cadence, Column::Resistance] }
    }
}

/// Reads a line sensor. It never writes.
#[derive(Debug)]
pub struct LineDecoder {
    options: Options,
    line: Vec<u8>,
    /// The sensor speaks our own checked frames: from then on nothing unchecked is believed, for a frame
    /// that noise has cut in two would end in a bare number.
    framed: bool,
    /// What is left of a line that was cut by opening the port, or is too long, is thrown away.
    skipping: bool,
    events: EventCounter,
    /// A sensor that prints a bare number at each turn falls silent when the pedals stop.
    turns: Option<Turns>,
    readings: VecDeque<Reading>,
    counters: Counters,
}

#[derive(Clone, Copy, Debug)]
struct Turns {
    last: Millis,
    /// When to say that the pedals stand still.
    stop_at: Millis,
}

impl LineDecoder {
    /// A decoder at the start of a port.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            line: Vec::new(),
            framed: false,
            skipping: true,
            events: EventCounter::default(),
            turns: None,
            readings: VecDeque::new(),
            counters: Counters::default(),
        }
    }

    fn end_of_line(&mut self, now: Millis) {
        let line = std::mem::take(&mut self.line);
        if std::mem::take(&mut self.skipping) {
            self.counters.skipped += line.len() as u64;
            return;
        }
        let is_frame = line.first() == Some(&b'$');
        match parse(&line, &self.options.columns) {
            Line::Reading(_) | Line::Turn(_) | Line::Counter { .. } if self.framed && !is_frame => {
                self.counters.bad += 1;
            }
            Line::Blank => {}
            Line::Nothing => self.counters.skipped += line.len() as u64,
            Line::Wrong => self.counters.bad += 1,
            Line::Reading(reading) => {
                self.framed |= is_frame;
                self.turns = None;
                self.good(reading);
            }
            Line::Turn(reading) => {
                let interval = self.turns.map_or(0, |turns| now.saturating_sub(turns.last));
                let stop_at = now + STOP_MS.max(3 * interval);
                self.turns = Some(Turns { last: now, stop_at });
                self.good(reading);
            }
            Line::Counter { revolutions, millis } => {
                self.counters.good += 1;
                let cadence = self.events.sample(Units::MILLIS, revolutions, millis, now);
                self.readings.extend(cadence.and_then(|cadence| Reading::new(cadence, None, None)));
            }
        }
        self.bound();
    }

    fn good(&mut self, reading: Reading) {
        self.counters.good += 1;
        self.readings.push_back(reading);
    }

    fn bound(&mut self) {
        while self.readings.len() > MAX_READINGS {
            self.readings.pop_front();
        }
    }
}

impl Decoder for LineDecoder {
    fn restart(&mut self, _now: Millis) {
        let (options, counters) = (self.options.clone(), self.counters);
        *self = Self { counters, ..Self::new(options) };
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes {
            match byte {
                b'\n' => self.end_of_line(now),
                b'\r' => {}
                _ if self.line.len() < MAX_LINE => self.line.push(*byte),
                // Too long for a line: noise, or a sensor of another kind.
                _ => {
                    self.skipping = true;
                    self.counters.skipped += 1;
                }
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        if let Some(turns) = &mut self.turns
            && now >= turns.stop_at
        {
            turns.stop_at = now + REPEAT_STOP_MS;
            self.readings.extend(Reading::new(0.0, None, None));
            self.bound();
        }
    }

    fn poll_reading(&mut self) -> Option<Reading> {
        self.readings.pop_front()
    }

    fn poll_write(&mut self) -> Option<Vec<u8>> {
        None
    }

    fn next_deadline(&self) -> Option<Millis> {
        self.turns.map(|turns| turns.stop_at)
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}

/// The longest line in bytes.
const MAX_LINE: usize = 200;
/// The most readings that wait to be taken.
const MAX_READINGS: usize = 64;
/// A sensor that prints at each turn has stopped after this long, or three times the last turn's time.
const STOP_MS: Millis = 2_000;
/// A standstill is said again as long as it lasts: it is known, not old.
const REPEAT_STOP_MS: Millis = 1_000;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
