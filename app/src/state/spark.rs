//! The last two minutes of output as a line, and the same seconds of the own record ride behind it.

use alleycat_shared::{Millis, Output, RaceSecond};

use super::rooms::{Answer, Question, Remote, chart};
use super::{Flow, Page, Ride};

/// Two lines to draw, each an SVG path in a box of [`Spark::WIDTH`] by [`Spark::HEIGHT`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spark {
    /// This race.
    pub own: String,
    /// The record ride; empty if there is none.
    pub record: String,
}

impl Spark {
    /// The width of the box.
    pub const WIDTH: u32 = 240;
    /// The height of the box.
    pub const HEIGHT: u32 = 60;
}

/// The own record ride's output by second.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    question: Question,
    outputs: Remote<Vec<(u16, Output)>>,
}

impl Record {
    pub(super) fn wanted(now: Millis, question: Question) -> Self {
        Self { question, outputs: Remote::wanted(now) }
    }

    pub(super) fn question(&self) -> Question {
        self.question
    }

    pub(super) fn asks(&mut self, now: Millis) -> Option<Question> {
        self.outputs.asks(now).then_some(self.question)
    }

    pub(super) fn ask_at(&self) -> Option<Millis> {
        self.outputs.ask_at()
    }

    pub(super) fn answered(&mut self, now: Millis, wait: Millis, answer: Option<&Answer>) {
        match answer {
            Some(Answer::Trace(trace)) => {
                let outputs = trace.seconds.iter().map(|second| (second.second, second.output));
                self.outputs.answered(now, outputs.collect(), None);
            }
            // A ride of long ago may be forgotten: its line is done without, and asked for seldom.
            _ => self.outputs.failed(now, String::new(), wait.max(SELDOM_MS)),
        }
    }
}

impl Page {
    /// What the sparkline depends on: the second, how many were sent, and whether the record ride is there.
    pub fn spark_key(&self) -> (Option<RaceSecond>, usize, bool) {
        let sent = if let Flow::Racing(ride) = &self.flow { ride.outputs.len() } else { 0 };
        let record = self.record.as_ref().is_some_and(|record| record.outputs.value().is_some());
        (self.moment().map(|moment| moment.second), sent, record)
    }

    /// The outputs of the record ride of the same racer and class, if they are known.
    pub(super) fn record_of(&self, ride: &Ride) -> &[(u16, Output)] {
        let record = self.record.as_ref().filter(|record| {
            matches!(record.question, Question::Trace(_, class, racer) if (class, racer) == (ride.class, ride.rider.racer))
        });
        record.and_then(|record| record.outputs.value()).map(Vec::as_slice).unwrap_or_default()
    }

    /// The sparkline of the race.
    pub fn spark(&self) -> Spark {
        let (Flow::Racing(ride), Some(moment)) = (&self.flow, self.moment()) else { return Spark::default() };
        let last = moment.second.get();
        let first = last.saturating_sub(WINDOW - 1).max(1);
        let record = self.record_of(ride);
        let part = |outputs: &[(u16, Output)]| -> Vec<(u16, f64)> {
            let seen = outputs.iter().filter(|(second, _)| (first..=last).contains(second));
            seen.map(|(second, output)| (second - first + 1, output.get())).collect()
        };
        let (own, record) = (part(&ride.outputs), part(record));
        let top = own.iter().chain(&record).map(|(_, value)| *value).fold(1.0, f64::max);
        let line = |values: Vec<(u16, f64)>| chart(values, WINDOW, top, (Spark::WIDTH, Spark::HEIGHT));
        Spark { own: line(own), record: line(record) }
    }
}

/// How many seconds the sparkline shows.
const WINDOW: u16 = 120;
/// How often a record ride that can't be had is asked for again.
const SELDOM_MS: Millis = 30_000;
