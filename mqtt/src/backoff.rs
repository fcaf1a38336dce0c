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
        // A thousand clients spread their first attempts over four seconds: 25 in each tenth of one.
        Self { base: 4_000, cap: 16_000, stable_after: 20_000 }
    }
}

/// The present state of waiting.
#[derive(Debug)]
pub(crate) struct Retry {
    backoff: Backoff,
    failures: u32,
    short_sessions: u32,
    random: u64,
}

impl Retry {
    pub(crate) fn new(backoff: Backoff, seed: u64) -> Self {
        Self { backoff, failures: 0, short_sessions: 0, random: seed }
    }

    /// Notes how a connection, or an attempt at one, ended. `lived` is for how many ms the broker had
    /// accepted it, if it did. Returns whether it looks as if somebody else used our client id: a broker
    /// throws the older of two out, and so both go on for ever.
    pub(crate) fn ended(&mut self, lived: Option<Millis>, by_peer: bool) -> bool {
        let stable = lived.is_some_and(|lived| lived >= self.backoff.stable_after);
        let short = by_peer && lived.is_some() && !stable;
        self.failures = if stable { 1 } else { self.failures.saturating_add(1) };
        self.short_sessions = if short { self.short_sessions.saturating_add(1) } else { 0 };
        self.short_sessions >= SHORT_SESSIONS
    }

    /// How long to wait after that. With something that lasts, near the cap: asking again soon won't help.
    pub(crate) fn wait(&mut self, lasting: bool) -> Millis {
        let Backoff { base, cap, .. } = self.backoff;
        let ceiling = base.saturating_mul(1 << self.failures.saturating_sub(1).min(20)).min(cap);
        if lasting { cap / 2 + self.draw(cap / 2) } else { self.draw(ceiling) }
    }

    /// How many attempts in a row did not lead to a stable connection.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
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

/// So many short sessions in a row are no accident.
const SHORT_SESSIONS: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(seed: u64) -> Retry {
        Retry::new(Backoff::default(), seed)
    }

    #[test]
    fn waits_are_spread_from_zero_to_a_growing_ceiling() {
        for (failures, ceiling) in [(1, 4_000), (2, 8_000), (3, 16_000), (40, 16_000)] {
            let waits = (0..500).map(|seed| {
                let mut retry = retry(seed);
                (0..failures).for_each(|_| _ = retry.ended(None, true));
                retry.wait(false)
            });
            let waits: Vec<_> = waits.collect();
            let (low, high) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
            assert!(
                low < ceiling / 20 && high > ceiling * 19 / 20 && high <= ceiling,
                "{failures}: {low}..{high}"
            );
        }
    }

    #[test]
    fn only_a_stable_connection_forgives() {
        let mut retry = retry(1);
        (0..5).for_each(|_| _ = retry.ended(Some(19_999), true));
        assert_eq!(retry.failures(), 5);
        retry.ended(Some(20_000), true);
        assert_eq!(retry.failures(), 1);
        assert!(retry.wait(false) <= 4_000);
    }

    #[test]
    fn something_lasting_is_never_retried_fast() {
        assert!((0..100).all(|seed| retry(seed).wait(true) >= 8_000));
    }

    #[test]
    fn three_short_sessions_in_a_row_are_somebody_else() {
        let mut retry = retry(1);
        let kicked = |retry: &mut Retry| retry.ended(Some(500), true);
        assert_eq!([(); 3].map(|()| kicked(&mut retry)), [false, false, true]);
        retry.ended(None, true);
        assert!(!kicked(&mut retry), "a broker that was away is another story");
        retry.ended(Some(500), false);
        assert_eq!([(); 3].map(|()| kicked(&mut retry)), [false, false, true]);
    }

    #[test]
    fn a_thousand_clients_do_not_come_back_at_once() {
        // All lose the broker at the same moment, and it is away until the given attempt.
        for away in 1..6 {
            let mut slots = std::collections::BTreeMap::<Millis, usize>::new();
            for seed in 0..1_000 {
                let (mut retry, mut at) = (retry(seed), 0);
                retry.ended(Some(60_000), true);
                for _ in 0..away {
                    at += retry.wait(false);
                    *slots.entry(at / 100).or_default() += 1;
                    retry.ended(None, true);
                }
            }
            let attempts = 1_000 * away;
            let busiest = *slots.values().max().unwrap();
            assert!(busiest * 20 <= attempts, "{busiest} of {attempts} attempts in one tenth of a second");
        }
    }
}
