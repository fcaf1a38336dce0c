//! Which request goes out when: one in flight, the bike's own table first, then the values in turn.

use super::frame::{Answer, Request};
use super::table::Table;
use crate::Millis;

/// The polling of one bike.
#[derive(Clone, Copy, Debug)]
pub(super) struct Poll {
    /// When the next request may go out.
    due: Millis,
    /// What was asked and not answered yet, and since when.
    in_flight: Option<(Request, Millis)>,
    /// The place in the round of resistance, cadence and power.
    turn: usize,
    /// Requests without an answer in a row.
    misses: u8,
    /// Requests for the table, or else for calibrated values, without an answer in a row.
    refused: u8,
    /// The bike does not tell calibrated values.
    uncalibrated: bool,
    /// The bike answered what it was asked last: it is there and awake.
    awake: bool,
    /// How long an answer may take: longer after each miss, for then a busy machine or a slow adapter holds
    /// answers back, and to ask again too soon would never hear one in time.
    limit: Millis,
}

/// What a wake-up comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// This is to be sent.
    Ask(Request),
    /// The bike has not answered for so long that all must begin again.
    Silent,
}

impl Poll {
    /// Nothing was asked yet.
    pub(super) const fn new(now: Millis) -> Self {
        Self {
            due: now,
            in_flight: None,
            turn: 0,
            misses: 0,
            refused: 0,
            uncalibrated: false,
            awake: false,
            limit: ANSWER_MS,
        }
    }

    /// The bike said something; tells whether it was asked for.
    pub(super) fn answered(&mut self, answer: Answer) -> bool {
        let Some((request, _)) = self.in_flight.filter(|(request, _)| request.is_answered_by(answer)) else {
            return false;
        };
        (self.in_flight, self.misses, self.awake) = (None, 0, true);
        if tells_scale(request) {
            self.refused = 0;
        }
        true
    }

    /// Looks at the clock.
    pub(super) fn wake(&mut self, table: &mut Table, now: Millis) -> Option<Event> {
        if let Some((request, since)) = self.in_flight
            && now >= since + self.limit
        {
            self.missed(request, table);
            if self.misses >= SILENT_MISSES {
                return Some(Event::Silent);
            }
        }
        if self.in_flight.is_some() || now < self.due {
            return None;
        }
        let request = self.request(table);
        let pace = if matches!(request, Request::TableEntry(_)) { TABLE_MS } else { POLL_MS };
        (self.in_flight, self.due) = (Some((request, now)), now + pace);
        Some(Event::Ask(request))
    }

    /// Whether a request that was heard may be the echo of our own.
    pub(super) fn has_asked(&self, heard: Request) -> bool {
        self.in_flight.is_some_and(|(request, _)| request == heard)
    }

    /// When [`Poll::wake`] is due.
    pub(super) fn next_deadline(&self) -> Millis {
        self.in_flight.map_or(self.due, |(_, since)| since + self.limit)
    }

    fn missed(&mut self, request: Request, table: &mut Table) {
        (self.in_flight, self.awake) = (None, false);
        self.limit = (2 * self.limit).min(LONGEST_ANSWER_MS);
        self.misses = self.misses.saturating_add(1);
        table.missed();
        if tells_scale(request) {
            self.refused += 1;
        }
        if self.refused >= REFUSALS {
            self.refused = 0;
            match request {
                Request::TableEntry(_) => table.give_up(),
                _ => self.uncalibrated = true,
            }
        }
    }

    /// What did not answer is asked for its cadence, which every bike tells: one that sleeps must not seem
    /// to hide its table.
    fn request(&mut self, table: &Table) -> Request {
        if !self.awake {
            return Request::Cadence;
        }
        if let Some(entry) = table.wanted() {
            return Request::TableEntry(entry);
        }
        self.turn = (self.turn + 1) % ROUND;
        match self.turn {
            // Resistance first: the cadence after it is a whole reading.
            1 if table.is_whole() || self.uncalibrated => Request::Raw,
            1 => Request::Calibrated,
            2 => Request::Cadence,
            _ => Request::Power,
        }
    }
}

/// Requests that some bikes do not know.
const fn tells_scale(request: Request) -> bool {
    matches!(request, Request::TableEntry(_) | Request::Calibrated)
}

/// Resistance, cadence and power.
const ROUND: usize = 3;
/// The bike answers within 3 ms; after this long it does not. In ms.
const ANSWER_MS: Millis = 50;
/// The longest that an answer is waited for. In ms.
const LONGEST_ANSWER_MS: Millis = 400;
/// One request in this time: each of the three values renews every 300 ms.
const POLL_MS: Millis = 100;
/// The table is 31 requests, which the rider waits for. In ms.
const TABLE_MS: Millis = 20;
/// A bike that is awake and leaves so many requests for its scale unanswered does not tell it.
const REFUSALS: u8 = 3;
/// After so many requests without an answer the bike is gone, or asleep.
const SILENT_MISSES: u8 = 10;
