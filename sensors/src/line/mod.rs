//! Line sensors: a microcontroller that prints what it measures, a line at a time.
//!
//! Many dialects are about; a line is tried as, in this order: our own `$BIKE,rpm,percent*HH`, a JSON
//! object, `label: number`, a list of columns by configuration, a bare cadence. The columns of a list are
//! never guessed, for `24.80,82.00` and `82,24` can't be told apart.

mod parse;
mod turns;

use std::collections::VecDeque;

use crate::events::Units;
use crate::reading::{Fault, Latest};
use crate::{Counters, Decoder, EventCounter, Millis, Reading, Resistance};
pub use parse::{Column, UnknownColumn};
use parse::{Line, parse, pulses};
use turns::Turns;

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
    turns: Turns,
    /// The last windows of a sensor that counts pulses: one window alone is too coarse.
    windows: VecDeque<f64>,
    resistance: Latest<Resistance>,
    power: Latest<f64>,
    readings: VecDeque<Reading>,
    counters: Counters,
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
            turns: Turns::default(),
            windows: VecDeque::new(),
            resistance: Latest::NONE,
            power: Latest::NONE,
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
            Line::Nothing => self.counters.skipped += line.len() as u64,
            Line::Wrong(fault) => self.counters.bad.count(fault),
            _ if self.framed && !is_frame => self.counters.bad.count(Fault::Unchecked),
            measured => {
                self.framed |= is_frame;
                self.counters.good += 1;
                self.measured(measured, now);
            }
        }
    }

    fn measured(&mut self, line: Line, now: Millis) {
        match line {
            Line::Nothing | Line::Wrong(_) => {}
            Line::Reading(reading) => {
                self.turns.forget();
                self.tell(Some(reading), now);
            }
            Line::Turn(reading) => {
                self.turns.turn(reading.cadence, now);
                self.tell(Some(reading), now);
            }
            Line::Part { resistance, power } => {
                if let Some(resistance) = resistance {
                    self.resistance.set(resistance, now);
                }
                if let Some(power) = power {
                    self.power.set(power, now);
                }
            }
            Line::Pulses { count, resistance, power } => {
                self.windows.push_back(count);
                if self.windows.len() > WINDOWS {
                    self.windows.pop_front();
                }
                #[expect(clippy::cast_precision_loss, reason = "a handful of windows")]
                let mean = self.windows.iter().sum::<f64>() / self.windows.len() as f64;
                self.tell(Reading::new(pulses(mean), resistance, power), now);
            }
            Line::Counter { revolutions, millis } => {
                let cadence = self.events.sample(Units::MILLIS, revolutions, millis, now);
                self.tell(cadence.and_then(|cadence| Reading::new(cadence, None, None)), now);
            }
        }
    }

    /// Queues a reading, with what was said about it in lines of its own.
    fn tell(&mut self, reading: Option<Reading>, now: Millis) {
        self.readings.extend(reading.map(|reading| Reading {
            resistance: reading.resistance.or_else(|| self.resistance.at(now)),
            power: reading.power.or_else(|| self.power.at(now)),
            ..reading
        }));
        if self.readings.len() > MAX_READINGS {
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
        let cadence = self.turns.wake(now);
        self.tell(cadence.and_then(|cadence| Reading::new(cadence, None, None)), now);
    }

    fn poll_reading(&mut self) -> Option<Reading> {
        self.readings.pop_front()
    }

    fn poll_write(&mut self) -> Option<Vec<u8>> {
        None
    }

    fn next_deadline(&self) -> Option<Millis> {
        self.turns.next_deadline()
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}

/// The longest line in bytes.
const MAX_LINE: usize = 200;
/// The most readings that wait to be taken.
const MAX_READINGS: usize = 64;
/// Over how many windows pulses are averaged: 2 s.
const WINDOWS: usize = 6;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
