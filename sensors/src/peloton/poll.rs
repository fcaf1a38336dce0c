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
    /// The place in the round of cadence, power and resistance.
    turn: usize,
    /// Requests without an answer in a row.
    misses: u8,
    /// The bike has answered: it is there and awake.
    awake: bool,
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
        Self { due: now, in_flight: None, turn: 0, misses: 0, awake: false }
    }

    /// The bike said something.
    pub(super) fn answered(&mut self, answer: Answer) {
        if self.in_flight.is_some_and(|(request, _)| request.is_answered_by(answer)) {
            (self.in_flight, self.misses, self.awake) = (None, 0, true);
        }
    }

    /// Looks at the clock.
    pub(super) fn wake(&mut self, table: &mut Table, now: Millis) -> Option<Event> {
        if let Some((request, since)) = self.in_flight
            && now >= since + ANSWER_MS
        {
            self.in_flight = None;
            self.misses = self.misses.saturating_add(1);
            table.missed();
            if matches!(request, Request::TableEntry(_)) && self.misses >= TABLE_MISSES {
                table.give_up();
            }
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

    /// When [`Poll::wake`] is due.
    pub(super) fn next_deadline(&self) -> Millis {
        self.in_flight.map_or(self.due, |(_, since)| since + ANSWER_MS)
    }

    /// A bike that sleeps is asked for its cadence only: it must not seem to hide its table.
    fn request(&mut self, table: &Table) -> Request {
        if !self.awake {
            return Request::Cadence;
        }
        if let Some(entry) = table.wanted() {
            return Request::TableEntry(entry);
        }
        let request = ROUND[self.turn % ROUND.len()];
        self.turn = (self.turn + 1) % ROUND.len();
        request
    }
}

/// Resistance first: the cadence after it is a whole reading.
const ROUND: [Request; 3] = [Request::Raw, Request::Cadence, Request::Power];
/// The bike answers within 3 ms; after this long it does not. In ms.
const ANSWER_MS: Millis = 50;
/// One request in this time: each of the three values renews every 300 ms.
const POLL_MS: Millis = 100;
/// The table is 31 requests, which the rider waits for: as fast as bikes are known to take.
const TABLE_MS: Millis = 50;
/// A bike that is awake and leaves so many requests for its table unanswered does not tell it.
const TABLE_MISSES: u8 = 5;
/// After so many requests without an answer the bike is gone, or asleep.
const SILENT_MISSES: u8 = 10;
