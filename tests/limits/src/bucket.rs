//! A token bucket that holds one second's worth.

use std::time::Instant;

/// What may be taken comes back evenly, up to what a second brings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    per_second: f64,
    left: f64,
    at: Instant,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(per_second: u32, now: Instant) -> Self {
        let per_second = f64::from(per_second);
        Self { per_second, left: per_second, at: now }
    }

    /// Whether so much is there.
    pub(crate) fn has(&mut self, amount: f64, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.per_second);
        self.at = self.at.max(now);
        self.left >= amount
    }

    /// Takes it, there or not: a debt is paid by the seconds to come.
    pub(crate) fn take(&mut self, amount: f64) {
        self.left -= amount;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_brings_what_a_second_may_take_and_no_more_is_kept() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, start);
        let mut taken = |seconds: f64| {
            let now = start + Duration::from_secs_f64(seconds);
            let mut count = 0;
            while bucket.has(1.0, now) {
                bucket.take(1.0);
                count += 1;
            }
            count
        };
        assert_eq!([taken(0.0), taken(0.0), taken(0.55), taken(100.0)], [10, 0, 5, 10]);
    }

    #[test]
    fn a_debt_is_paid_by_the_seconds_to_come() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, start);
        bucket.take(50.0);
        assert!(!bucket.has(1.0, start + Duration::from_secs(4)));
        assert!(bucket.has(1.0, start + Duration::from_millis(4_101)));
    }
}
