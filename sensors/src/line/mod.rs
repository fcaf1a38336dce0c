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

use crate::events::{EventCounter, Units};
use crate::lines::Lines;
use crate::reading::{Beside, Fault};
use crate::{Decoder, Millis, Reading, Talk};
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
    request: Vec<u8>,
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
    talk: Talk,
}

impl LineDecoder {
    /// A decoder at the start of a port.
    pub fn new(options: Options) -> Self {
        Self::with_sketch(options, Sketch::default())
    }

    /// The same for a sketch that must be asked or started, or counts in its own way.
    pub fn with_sketch(options: Options, sketch: Sketch) -> Self {
        let (request, talk) = sketch.talk();
        Self {
            options,
            request,
            sketch,
            lines: Lines::cut(b'\n'),
            framed: false,
            events: EventCounter::default(),
            turns: Turns::default(),
            windows: VecDeque::new(),
            beside: Beside::NONE,
            talk,
        }
    }

    fn end_of_line(&mut self, line: &[u8], now: Millis) {
        let is_frame = line.first() == Some(&b'$');
        match parse(line, &self.options.columns, &self.sketch) {
            Line::Nothing => self.talk.counters.skipped += line.len() as u64,
            Line::Wrong(fault) => self.talk.counters.bad.count(fault),
            _ if self.framed && !is_frame => self.talk.counters.bad.count(Fault::Unchecked),
            measured => {
                self.framed |= is_frame;
                self.talk.counters.good += 1;
                self.talk.ask.answered();
                // A sketch that has started is left alone as long as it speaks.
                if self.sketch.poll.is_none() {
                    self.talk.ask.defer(now + START_MS);
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
        self.talk.readings.push(Reading {
            resistance: reading.resistance.or_else(|| self.beside.resistance.at(now)),
            power: reading.power.or_else(|| self.beside.power.at(now)),
            ..reading
        });
    }
}

impl Decoder for LineDecoder {
    fn talk(&self) -> &Talk {
        &self.talk
    }

    fn talk_mut(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn restart(&mut self, now: Millis) {
        let talk = self.talk.again(now, 0);
        *self = Self { talk, ..Self::with_sketch(self.options.clone(), self.sketch.clone()) };
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes.iter().filter(|byte| **byte != b'\r') {
            if let Some(line) = self.lines.push(*byte, &mut self.talk.counters) {
                self.end_of_line(&line, now);
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        if self.talk.ask.is_due(now) {
            self.talk.writes.push(self.talk.ask.sent(self.request.clone(), now));
        }
        let cadence = self.turns.wake(now);
        self.tell(cadence.and_then(Reading::new), now);
    }

    fn next_deadline(&self) -> Option<Millis> {
        self.talk.ask.next_deadline().into_iter().chain(self.turns.next_deadline()).min()
    }

    fn is_stuck(&self) -> bool {
        self.sketch.poll.is_some() && self.talk.ask.is_stuck()
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
