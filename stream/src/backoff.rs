//! How long to wait before trying again: exponential, with full jitter.
//!
//! Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

/// Waits that grow with the tries and differ from one to the next.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: u64,
    longest: u64,
    random: u64,
}

impl Backoff {
    /// Waits of at most `first` ms after the first fault and `longest` ms after many.
    pub(crate) fn new(first: u64, longest: u64, seed: u64) -> Self {
        Self { first: first.max(1), longest: longest.max(1), random: seed | 1 }
    }

    /// The wait after so many faults in a row, ms; never nothing.
    pub(crate) fn wait(&mut self, faults: u32) -> u64 {
        let doubled = self.first.saturating_mul(1 << faults.saturating_sub(1).min(32));
        let ceiling = doubled.min(self.longest);
        // xorshift64: G. Marsaglia, "Xorshift RNGs", 2003.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let floor = SHORTEST.min(ceiling);
        floor + self.random % (ceiling - floor + 1)
    }
}

/// A wait that is none would make a busy loop, ms.
const SHORTEST: u64 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_limit_and_are_spread() {
        let mut backoff = Backoff::new(100, 5_000, 1);
        let mut most = |faults| {
            (0..1_000)
                .map(|_| backoff.wait(faults))
                .fold((u64::MAX, 0), |(low, high), wait| (low.min(wait), high.max(wait)))
        };
        for (faults, ceiling) in [(1, 100), (2, 200), (6, 3_200), (7, 5_000), (u32::MAX, 5_000)] {
            let (low, high) = most(faults);
            assert!(low >= SHORTEST && low < ceiling / 4 + SHORTEST, "{faults}: {low}");
            assert!(high <= ceiling && high > ceiling * 3 / 4, "{faults}: {high}");
        }
        assert_eq!(Backoff::new(0, 0, 0).wait(9), 1);
    }
}
