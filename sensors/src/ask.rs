//! Asking a bike one thing at a time: the next request goes out after the answer to the last one, or after
//! its time is up.

use crate::Millis;

/// The one request that may be in flight.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// Least time from one request to the next.
    pace: Millis,
    /// How long an answer may take.
    limit: Millis,
    /// When the next request may go out, if one ever does.
    due: Option<Millis>,
    in_flight: Option<(Vec<u8>, Millis)>,
    /// Requests without an answer in a row.
    misses: u32,
}

impl Ask {
    /// Nothing was asked yet; the first request may go out at once.
    pub(crate) const fn new(pace: Millis, limit: Millis) -> Self {
        Self { pace, limit, due: Some(0), in_flight: None, misses: 0 }
    }

    /// Nothing is ever asked.
    pub(crate) const NEVER: Self = Self { pace: 0, limit: 0, due: None, in_flight: None, misses: 0 };

    /// The same from its beginning: the first request may go out `rest` after now.
    pub(crate) fn again(&self, now: Millis, rest: Millis) -> Self {
        Self { due: self.due.map(|_| now + rest), ..Self::new(self.pace, self.limit) }
    }

    /// Looks at the clock: whether the next request may go out.
    pub(crate) fn is_due(&mut self, now: Millis) -> bool {
        if self.in_flight.as_ref().is_some_and(|(_, since)| now >= since + self.limit) {
            self.in_flight = None;
            self.misses = self.misses.saturating_add(1);
        }
        self.in_flight.is_none() && self.due.is_some_and(|due| now >= due)
    }

    /// The next request goes out no sooner than this.
    pub(crate) fn defer(&mut self, until: Millis) {
        self.due = self.due.map(|due| due.max(until));
    }

    /// A request goes out; returned as it was given.
    pub(crate) fn sent(&mut self, request: Vec<u8>, now: Millis) -> Vec<u8> {
        (self.in_flight, self.due) = (Some((request.clone(), now)), Some(now + self.pace));
        request
    }

    /// What was asked and not answered yet.
    pub(crate) fn in_flight(&self) -> Option<&[u8]> {
        self.in_flight.as_ref().map(|(request, _)| request.as_slice())
    }

    /// The answer came.
    pub(crate) fn answered(&mut self) {
        (self.in_flight, self.misses) = (None, 0);
    }

    /// How many requests in a row had no answer.
    pub(crate) const fn misses(&self) -> u32 {
        self.misses
    }

    /// Whether so many requests had no answer that the port is best opened again.
    pub(crate) const fn is_stuck(&self) -> bool {
        self.misses >= STUCK_MISSES
    }

    /// When [`Ask::is_due`] is to be asked again.
    pub(crate) fn next_deadline(&self) -> Option<Millis> {
        self.in_flight.as_ref().map_or(self.due, |(_, since)| Some(since + self.limit))
    }
}

/// After so many requests without an answer the port is opened again.
const STUCK_MISSES: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_request_is_in_flight_and_the_next_waits_for_its_answer_and_its_turn() {
        let mut ask = Ask::new(300, 1_000).again(100, 50);
        assert_eq!((ask.is_due(149), ask.next_deadline(), ask.is_due(150)), (false, Some(150), true));
        assert_eq!(ask.sent(b"a".to_vec(), 150), b"a");
        assert_eq!(
            (ask.is_due(1_149), ask.in_flight(), ask.next_deadline()),
            (false, Some(&b"a"[..]), Some(1_150))
        );
        ask.answered();
        assert_eq!((ask.is_due(449), ask.is_due(450)), (false, true));
    }

    #[test]
    fn what_is_not_answered_is_counted_until_an_answer_comes() {
        let mut ask = Ask::new(300, 1_000);
        let mut now = 0;
        for missed in 0..STUCK_MISSES {
            assert!(ask.is_due(now) && !ask.is_stuck());
            assert_eq!(ask.misses(), missed);
            ask.sent(b"a".to_vec(), now);
            now = ask.next_deadline().unwrap();
        }
        assert!(ask.is_due(now) && ask.is_stuck());
        ask.sent(b"a".to_vec(), now);
        ask.answered();
        assert_eq!((ask.misses(), ask.is_stuck()), (0, false));
        let mut never = Ask::NEVER.again(now, 0);
        assert_eq!((never.is_due(Millis::MAX), never.next_deadline()), (false, None));
    }
}
