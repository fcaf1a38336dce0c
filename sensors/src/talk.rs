//! What all decoders have: a request that may be in flight, what waits to be taken, and counters.

use crate::Millis;
use crate::ask::Ask;
use crate::reading::{Counters, Readings, Writes};

/// A decoder's side of the talk with its bike. [`crate::Decoder`] hands out what is in it.
#[derive(Clone, Debug)]
pub struct Talk {
    /// The one request that may be in flight.
    pub(crate) ask: Ask,
    pub(crate) readings: Readings,
    pub(crate) writes: Writes,
    pub(crate) counters: Counters,
}

impl Default for Talk {
    fn default() -> Self {
        Self::with(Ask::NEVER, Counters::default())
    }
}

impl Talk {
    /// With a bike that is asked one thing at a time: `pace` from one request to the next, and at most `limit` for an
    /// answer.
    pub(crate) fn asking(pace: Millis, limit: Millis) -> Self {
        Self::with(Ask::new(pace, limit), Counters::default())
    }

    /// The same from its beginning, with the counters as they are. The first request goes out `rest` after now.
    pub(crate) fn again(&self, now: Millis, rest: Millis) -> Self {
        Self::with(self.ask.again(now, rest), self.counters)
    }

    fn with(ask: Ask, counters: Counters) -> Self {
        Self { ask, readings: Readings::default(), writes: Writes::default(), counters }
    }
}
