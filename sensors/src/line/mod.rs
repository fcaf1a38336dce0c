//! Line sensors: a microcontroller that prints what it measures, a line at a time.
//!
//! Many dialects are about; a line is tried as, in this order: our own `$BIKE,rpm,percent*HH`, a JSON
//! object, `label: number`, a list of columns by configuration, a bare cadence. The columns of a list are
//! never guessed, for `24.80,82.00` and `82,24` can't be told apart.

mod parse;
mod turns;

use std::collections::VecDeque;

use crate::events::Units;
use crate::lines::Lines;
use crate::reading::{Beside, Fault, Readings};
use crate::{Counters, Decoder, EventCounter, Millis, Reading};
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
    lines: Lines,
    /// The sensor speaks our own checked frames: from then on nothing unchecked is believed, for a frame
    /// that noise has cut in two would end in a bare number.
    framed: bool,
    events: EventCounter,
    /// A sensor that prints a bare number at each turn falls silent when the pedals stop.
    turns: Turns,
    /// The last windows of a sensor that counts pulses: one window alone is too coarse.
    windows: VecDeque<f64>,
    beside: Beside,
    readings: Readings,
    counters: Counters,
}

impl LineDecoder {
    /// A decoder at the start of a port.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            lines: Lines::cut(b'\n'),
            framed: false,
            events: EventCounter::default(),
            turns: Turns::default(),
            windows: VecDeque::new(),
            beside: Beside::NONE,
            readings: Readings::default(),
            counters: Counters::default(),
        }
    }

    fn end_of_line(&mut self, line: &[u8], now: Millis) {
        let is_frame = line.first() == Some(&b'$');
        match parse(line, &self.options.columns) {
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
                    self.beside.resistance.set(resistance, now);
                }
                if let Some(power) = power {
                    self.beside.power.set(power, now);
                }
            }
            Line::Pulses { count, resistance, power } => {
                self.windows.push_back(count);
                if self.windows.len() > WINDOWS {
                    self.windows.pop_front();
                }
                #[expect(clippy::cast_precision_loss, reason = "a handful of windows")]
                let mean = self.windows.iter().sum::<f64>() / self.windows.len() as f64;
                let reading = Reading::new(pulses(mean));
                self.tell(reading.map(|reading| Reading { resistance, power, ..reading }), now);
            }
            Line::Counter { revolutions, millis } => {
                let cadence = self.events.sample(Units::MILLIS, revolutions, millis, now);
                self.tell(cadence.and_then(Reading::new), now);
            }
        }
    }

    /// Queues a reading, with what was said about it in lines of its own.
    fn tell(&mut self, reading: Option<Reading>, now: Millis) {
        let Some(reading) = reading else { return };
        self.readings.push(Reading {
            resistance: reading.resistance.or_else(|| self.beside.resistance.at(now)),
            power: reading.power.or_else(|| self.beside.power.at(now)),
            ..reading
        });
    }
}

impl Decoder for LineDecoder {
    fn restart(&mut self, _now: Millis) {
        let (options, counters) = (self.options.clone(), self.counters);
        *self = Self { counters, ..Self::new(options) };
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes.iter().filter(|byte| **byte != b'\r') {
            if let Some(line) = self.lines.push(*byte, &mut self.counters) {
                self.end_of_line(&line, now);
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        let cadence = self.turns.wake(now);
        self.tell(cadence.and_then(Reading::new), now);
    }

    fn poll_reading(&mut self) -> Option<Reading> {
        self.readings.pop()
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

/// Over how many windows pulses are averaged: 2 s.
const WINDOWS: usize = 6;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
