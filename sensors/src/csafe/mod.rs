//! CSAFE, the standard of gym equipment with an RJ45 jack: Life Fitness, Precor, Star Trac, Matrix and others.
//!
//! 9600 baud, 8N1, RS-232 levels, no flow control. We ask, the console answers; it may send its status
//! unasked. Sources: droogmic/Py3Row, OpenRowingCommunity/csafe-fitness, cagnulein/qdomyos-zwift (with a log
//! of a real machine), menggaoling/Cyclops (a console's own firmware).

mod answer;
pub mod emulate;
mod frame;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::reading::{Beside, Fault};
use crate::{Decoder, Millis, Reading, Resistance, Talk};
use answer::{ALL, Answer, CADENCE, SPEED};
use frame::Frames;

/// The hardest level of a console unless configured: the protocol does not tell it.
pub const DEFAULT_MAX_LEVEL: f64 = 25.0;

/// Polls a console. Its program's level, or its gear, is the resistance.
#[derive(Debug)]
pub struct CsafeDecoder {
    /// The level that is 100 %.
    max_level: f64,
    frames: Frames,
    wanted: Wanted,
    /// What moves while somebody rides.
    moving: Moving,
    beside: Beside,
    /// Whether the console tells a cadence at all.
    turns: bool,
    talk: Talk,
}

/// What the console is asked for.
#[derive(Debug)]
struct Wanted {
    commands: Vec<u8>,
    /// All at once; or one at a time for consoles that can't do that, the next one by its place.
    at: Option<usize>,
    answered: Vec<u8>,
    /// The command that tells the cadence, once one has.
    cadence: Option<u8>,
    /// How many others were asked one at a time since.
    others: usize,
    /// Answers in a row that told nothing.
    empty: u32,
}

/// Counters that move while somebody rides: consoles freeze their last cadence and power when nobody does.
#[derive(Debug, Default)]
struct Moving {
    last: Option<(Option<u16>, Option<[u8; 3]>)>,
    /// When they moved last, once they have.
    moved: Option<Millis>,
}

impl CsafeDecoder {
    /// A decoder at the start of a port, with the level that is to be 100 %.
    pub fn new(max_level: f64) -> Self {
        Self {
            max_level,
            frames: Frames::default(),
            wanted: Wanted::default(),
            moving: Moving::default(),
            beside: Beside::NONE,
            turns: false,
            talk: Talk::asking(POLL_MS, ANSWER_MS),
        }
    }

    fn contents(&mut self, contents: &[u8], now: Millis) {
        let echo = self.talk.ask.in_flight() == Some(frame::bytes(contents).as_slice());
        if echo {
            self.talk.counters.skipped += contents.len() as u64 + 3;
            return;
        }
        match Answer::read(contents).and_then(|answer| self.answer(&answer, now)) {
            Ok(()) => self.talk.counters.good += 1,
            Err(fault) => self.talk.counters.bad.count(fault),
        }
    }

    fn answer(&mut self, answer: &Answer, now: Millis) -> Result<(), Fault> {
        if self.talk.ask.in_flight().is_some() {
            self.talk.ask.answered();
            self.wanted.answered(answer);
        }
        let at_rest = answer.at_rest || self.moving.is_frozen(answer, now);
        let faults = [
            answer.power.and_then(|watts| self.beside.set_power(watts, now).err()),
            answer.heart_rate.and_then(|rate| self.beside.set_heart_rate(rate, now).err()),
        ];
        faults.into_iter().flatten().for_each(|fault| self.talk.counters.bad.count(fault));
        let level = answer.level.and_then(|level| Resistance::level(level, 0.0, self.max_level));
        if let Some(resistance) = level {
            self.beside.resistance.set(resistance, now);
        }
        self.turns |= answer.cadence.is_some();
        // A console at rest may leave out what it has frozen.
        let left_out = self.turns && answer.at_rest;
        let cadence = answer.cadence.or(if left_out { Some(0.0) } else { None });
        let Some(cadence) = cadence else { return Ok(()) };
        let mut reading = self.beside.reading(cadence, now)?;
        if at_rest {
            reading = Reading { cadence: 0.0, power: reading.power.and(Some(0.0)), ..reading };
        }
        self.talk.readings.push(reading);
        Ok(())
    }
}

impl Default for Wanted {
    fn default() -> Self {
        Self { commands: ALL.to_vec(), at: None, answered: Vec::new(), cadence: None, others: 0, empty: 0 }
    }
}

impl Wanted {
    /// The next request's contents.
    fn next(&mut self) -> Vec<u8> {
        if self.empty >= SHY_ANSWERS {
            // Several consoles want to be in use before they tell anything.
            *self = Self { at: self.at.map_or(Some(0), |_| None), ..Self::default() };
            return vec![IN_USE];
        }
        match self.at {
            None => self.commands.clone(),
            Some(at) => vec![self.one(at)],
        }
    }

    /// The next of one at a time. The cadence comes in between: a round of all others lasts as long as a
    /// reading stays fresh.
    fn one(&mut self, mut at: usize) -> u8 {
        if let Some(cadence) = self.cadence.filter(|_| self.others >= MOST_OTHERS) {
            self.others = 0;
            return cadence;
        }
        if at >= self.commands.len() {
            at = 0;
            self.round();
        }
        self.at = Some(at + 1);
        let command = self.commands[at];
        self.others = if self.cadence == Some(command) { 0 } else { self.others + 1 };
        command
    }

    /// A whole round is over: what was not answered in it is not known there, and a speed is of no use beside
    /// a cadence.
    fn round(&mut self) {
        let answered = std::mem::take(&mut self.answered);
        let told = self.cadence == Some(CADENCE);
        let is_of_use = |command: &u8| answered.contains(command) && !(told && *command == SPEED);
        let of_use: Vec<_> = self.commands.iter().copied().filter(is_of_use).collect();
        if !of_use.is_empty() {
            self.commands = of_use;
        }
    }

    fn answered(&mut self, answer: &Answer) {
        let commands = &answer.commands;
        if answer.cadence.is_some() {
            // One at a time it is the only one.
            self.cadence = commands.iter().copied().find(|command| [CADENCE, SPEED].contains(command));
        }
        let mut told = ALL.iter().filter(|known| commands.contains(known)).copied().peekable();
        if told.peek().is_none() {
            self.empty += 1;
            return;
        }
        self.empty = 0;
        match self.at {
            // What was not answered along with others is not known there.
            None => self.commands = told.collect(),
            Some(_) => {
                self.answered.extend(told.filter(|known| !self.answered.contains(known)).collect::<Vec<_>>())
            }
        }
    }
}

impl Moving {
    /// Takes in an answer's counters; whether they have moved once, and stand still.
    fn is_frozen(&mut self, answer: &Answer, now: Millis) -> bool {
        let (distance, time) = (answer.distance, answer.time);
        if distance.is_some() || time.is_some() {
            // Distance is the surer sign; a clock may run on.
            let told = if distance.is_some() { (distance, None) } else { (None, time) };
            match self.last {
                Some(last) if last == told => {}
                // Asked for one at a time they come in turn.
                Some((Some(_), None)) if distance.is_none() => {}
                Some(last) => {
                    if last.0.is_some() == told.0.is_some() {
                        self.moved = Some(now);
                    }
                    self.last = Some(told);
                }
                None => self.last = Some(told),
            }
        }
        self.moved.is_some_and(|moved| now.saturating_sub(moved) >= FROZEN_MS)
    }
}

impl Decoder for CsafeDecoder {
    fn talk(&self) -> &Talk {
        &self.talk
    }

    fn talk_mut(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn restart(&mut self, now: Millis) {
        *self = Self { talk: self.talk.again(now, SETTLE_MS), ..Self::new(self.max_level) };
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for byte in bytes {
            if let Some(contents) = self.frames.push(*byte, &mut self.talk.counters) {
                self.contents(&contents, now);
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        let misses = self.talk.ask.misses();
        if self.talk.ask.is_due(now) {
            if self.talk.ask.misses() > misses {
                // What is not answered at all may be too much at once.
                self.wanted.empty += 1;
            }
            let request = frame::bytes(&self.wanted.next());
            self.talk.writes.push(self.talk.ask.sent(request, now));
        }
    }
}

/// Tells the console that somebody is there.
const IN_USE: u8 = 0x85;
/// After so many answers that told nothing another way is tried.
const SHY_ANSWERS: u32 = 3;
/// Counters that have stood still for so long mean that the pedals do. In ms.
const FROZEN_MS: Millis = 5_000;
/// From one request to the next. In ms.
const POLL_MS: Millis = 200;
/// So many other commands are asked between two for the cadence, where each takes a request of its own. With
/// fewer than [`SHY_ANSWERS`] those that are not known there don't make the console look shy.
const MOST_OTHERS: usize = 2;
/// How long an answer may take. In ms.
const ANSWER_MS: Millis = 1_000;
/// The console is left alone for a moment after the port was opened. In ms.
const SETTLE_MS: Millis = 100;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
