//! Line sensors: a microcontroller that prints what it measures, a line at a time.
//!
//! Many dialects are about; a line is tried as, in this order: our own `$BIKE,rpm,percent*HH`, a JSON
//! object, `label: number`, a list of columns by configuration, a bare cadence. The columns of a list are
//! never guessed, for `24.80,82.00` and `82,24` can't be told apart. For the same reason a decimal comma is
//! not read: `85,5` is two columns, a sketch must print `85.5`.
//!
//! Usual ports: 9600 or 115200 baud, 8N1, no flow control. Sources: the public sketches
//! bentglasstube/bike-sensor, tpbadger/CycleInsight, kneave/dcspeedo and AndrewCouncil/aelevate-control; our
//! own frame is a proposal of this project.

mod parse;
mod sketch;
mod turns;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use std::collections::VecDeque;

use crate::ask::Ask;
use crate::events::Units;
use crate::lines::Lines;
use crate::reading::{Beside, Fault, Readings, Writes};
use crate::{Counters, Decoder, EventCounter, Millis, Reading};
pub use parse::{Column, UnknownColumn};
use parse::{Line, parse};
use sketch::START_MS;
pub use sketch::Sketch;
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

/// Reads a line sensor. It writes only to a [`Sketch`] that must be asked or started.
#[derive(Debug)]
pub struct LineDecoder {
    options: Options,
    sketch: Sketch,
    /// What a sketch that does not speak by itself is told.
    ask: Option<(Vec<u8>, Ask)>,
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
    writes: Writes,
    counters: Counters,
}

impl LineDecoder {
    /// A decoder at the start of a port.
    pub fn new(options: Options) -> Self {
        Self::with_sketch(options, Sketch::default())
    }

    /// The same for a sketch that must be asked or started, or counts in its own way.
    pub fn with_sketch(options: Options, sketch: Sketch) -> Self {
        Self {
            options,
            ask: sketch.ask(),
            sketch,
            lines: Lines::cut(b'\n'),
            framed: false,
            events: EventCounter::default(),
            turns: Turns::default(),
            windows: VecDeque::new(),
            beside: Beside::NONE,
            readings: Readings::default(),
            writes: Writes::default(),
            counters: Counters::default(),
        }
    }

    fn end_of_line(&mut self, line: &[u8], now: Millis) {
        let is_frame = line.first() == Some(&b'$');
        match parse(line, &self.options.columns, &self.sketch) {
            Line::Nothing => self.counters.skipped += line.len() as u64,
            Line::Wrong(fault) => self.counters.bad.count(fault),
            _ if self.framed && !is_frame => self.counters.bad.count(Fault::Unchecked),
            measured => {
                self.framed |= is_frame;
                self.counters.good += 1;
                if let Some((_, ask)) = &mut self.ask {
                    ask.answered();
                    // A sketch that has started is left alone as long as it speaks.
                    if self.sketch.poll.is_none() {
                        ask.defer(now + START_MS);
                    }
                }
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
                // A sketch that answers is not silent at rest.
                if self.sketch.poll.is_none() {
                    self.turns.turn(reading.cadence, now);
                }
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
                if self.windows.len() > self.sketch.windows() {
                    self.windows.pop_front();
                }
                #[expect(clippy::cast_precision_loss, reason = "a handful of windows")]
                let mean = self.windows.iter().sum::<f64>() / self.windows.len() as f64;
                let reading = Reading::new(self.sketch.pulses(mean));
                self.tell(reading.map(|reading| Reading { resistance, power, ..reading }), now);
            }
            Line::Counter { revolutions, millis } => {
                // A clock that runs faster instead of turns that are fewer: exact, also where it wraps.
                let millis = millis.wrapping_mul(u32::from(self.sketch.turns.get()));
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
    fn restart(&mut self, now: Millis) {
        let (options, sketch, counters) = (self.options.clone(), self.sketch.clone(), self.counters);
        *self = Self { counters, ..Self::with_sketch(options, sketch) };
        if let Some((_, ask)) = &mut self.ask {
            ask.restart(now, 0);
        }
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes.iter().filter(|byte| **byte != b'\r') {
            if let Some(line) = self.lines.push(*byte, &mut self.counters) {
                self.end_of_line(&line, now);
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        if let Some((request, ask)) = &mut self.ask
            && ask.is_due(now)
        {
            self.writes.push(ask.sent(request.clone(), now));
        }
        let cadence = self.turns.wake(now);
        self.tell(cadence.and_then(Reading::new), now);
    }

    fn poll_reading(&mut self) -> Option<Reading> {
        self.readings.pop()
    }

    fn poll_write(&mut self) -> Option<Vec<u8>> {
        self.writes.pop()
    }

    fn next_deadline(&self) -> Option<Millis> {
        let ask = self.ask.as_ref().map(|(_, ask)| ask.next_deadline());
        ask.into_iter().chain(self.turns.next_deadline()).min()
    }

    fn is_stuck(&self) -> bool {
        self.sketch.poll.is_some() && self.ask.as_ref().is_some_and(|(_, ask)| ask.is_stuck())
    }

    fn counters(&self) -> Counters {
        self.counters
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
