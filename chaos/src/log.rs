//! What happened, for the terminal and for the report.
#![expect(clippy::print_stdout, reason = "whoever runs this wants to see it happen")]

use std::sync::{Arc, Mutex, PoisonError};

use alleycat_shared::Millis;
use serde::Serialize;

use crate::clock;

/// Lines with their times, and what was found wrong. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    start: Millis,
    lines: Arc<Mutex<Lines>>,
}

#[derive(Debug, Default)]
struct Lines {
    told: Vec<Line>,
    findings: Vec<String>,
}

/// A line, and when.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    /// Ms after the start.
    pub(crate) at: Millis,
    pub(crate) what: String,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { start: clock::now(), lines: Arc::default() }
    }

    pub(crate) fn tell(&self, what: impl Into<String>) {
        let (at, what) = (clock::now().saturating_sub(self.start), what.into());
        println!("{:>6}.{} s  {what}", at / 1_000, at % 1_000 / 100);
        self.with(|lines| lines.told.push(Line { at, what }));
    }

    /// Notes that something does not hold.
    pub(crate) fn find(&self, what: impl Into<String>) {
        let what = what.into();
        self.tell(format!("FOUND  {what}"));
        self.with(|lines| lines.findings.push(what));
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        self.with(|lines| lines.told.clone())
    }

    pub(crate) fn findings(&self) -> Vec<String> {
        self.with(|lines| lines.findings.clone())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Lines) -> T) -> T {
        act(&mut self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
