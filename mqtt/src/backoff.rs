//! How long to wait before the next attempt: exponential with full jitter and a cap.

use crate::Millis;

/// Waiting between attempts. "Full jitter" draws evenly from zero to the present ceiling, so that a
/// thousand riders of a hub that came back don't knock at once.
///
/// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Ceiling of the first wait, in ms.
    pub base: Millis,
    /// Ceiling of all waits, in ms.
    pub cap: Millis,
    /// A connection counts as good only after this long; a kick before it is one more failure. In ms.
    pub stable_after: Millis,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: 1_000, cap: 8_000, stable_after: 20_000 }
    }
}

/// The present state of waiting.
#[derive(Debug)]
pub(crate) struct Retry {
    backoff: Backoff,
    failures: u32,
    random: u64,
}

impl Retry {
    pub(crate) fn new(backoff: Backoff, seed: u64) -> Self {
        Self { backoff, failures: 0, random: seed }
    }

    /// Notes a connection that ended after living for `lived` ms (0 if it never came to life) and
    /// returns how long to wait. A `lasting` refusal waits near the cap: asking again soon won't help.
    pub(crate) fn failed(&mut self, lived: Millis, lasting: bool) -> Millis {
        if lived >= self.backoff.stable_after {
            self.failures = 0;
        }
        let ceiling = self.backoff.base.saturating_mul(1 << self.failures.min(20)).min(self.backoff.cap);
        self.failures = self.failures.saturating_add(1);
        if lasting { self.backoff.cap / 2 + self.draw(self.backoff.cap / 2) } else { self.draw(ceiling) }
    }

    /// A number from 0 to `ceiling`, by the SplitMix64 generator (Steele, Lea, Flood 2014).
    fn draw(&mut self, ceiling: Millis) -> Millis {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % (ceiling + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_spread_from_zero_to_a_growing_ceiling() {
        let worst = |failures: usize| {
            let waits = (0..500).map(|seed| {
                let mut retry = Retry::new(Backoff::default(), seed);
                (0..failures).map(|_| retry.failed(0, false)).last().unwrap()
            });
            let waits: Vec<_> = waits.collect();
            (*waits.iter().min().unwrap(), *waits.iter().max().unwrap())
        };
        for (failures, ceiling) in [(1, 1_000), (2, 2_000), (4, 8_000), (40, 8_000)] {
            let (low, high) = worst(failures);
            assert!(
                low < ceiling / 20 && high > ceiling * 19 / 20 && high <= ceiling,
                "{failures}: {low}..{high}"
            );
        }
    }

    #[test]
    fn only_a_stable_connection_forgives() {
        let mut retry = Retry::new(Backoff::default(), 1);
        for _ in 0..5 {
            retry.failed(19_999, false);
        }
        assert_eq!(retry.failures, 5);
        assert!(retry.failed(20_000, false) <= 1_000);
        assert_eq!(retry.failures, 1);
    }

    #[test]
    fn a_lasting_refusal_never_retries_fast() {
        assert!((0..100).all(|seed| Retry::new(Backoff::default(), seed).failed(0, true) >= 4_000));
    }
}
