//! How much may be on its way: a pace for a broker that counts publishes, and a credit in bytes so that
//! a slow link fills up no buffer.

use std::collections::VecDeque;

use crate::Millis;

/// Lets at most so many publishes through in any second: a burst of a tenth of them, the rest evenly.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Earned per second, in thousandths of a publish.
    rate: Option<u64>,
    burst: u64,
    /// Publishes in hand, in thousandths.
    credit: u64,
    at: Millis,
}

impl Pace {
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        let most = per_second.map(|count| u64::from(count) * PUBLISH);
        let burst = (most.unwrap_or_default() / 10).max(PUBLISH);
        Self { rate: most.map(|most| most.saturating_sub(burst).max(PUBLISH)), burst, credit: 0, at: 0 }
    }

    /// How many publishes may leave now.
    pub(crate) fn allows(&mut self, now: Millis) -> usize {
        let Some(rate) = self.rate else { return usize::MAX };
        // A clock that was put back earns from there on.
        self.at = self.at.min(now);
        let earned = now.saturating_sub(self.at).saturating_mul(rate) / 1_000;
        // What is less than a thousandth of a publish is not lost between two calls.
        if earned > 0 {
            self.credit = self.credit.saturating_add(earned).min(self.burst);
            self.at = now;
        }
        usize::try_from(self.credit / PUBLISH).unwrap_or(usize::MAX)
    }

    /// So many have left.
    pub(crate) fn spend(&mut self, count: usize) {
        self.credit = self.credit.saturating_sub((count as u64).saturating_mul(PUBLISH));
    }

    /// When the next one may leave.
    pub(crate) fn next(&self) -> Option<Millis> {
        let missing = PUBLISH.saturating_sub(self.credit);
        self.rate.map(|rate| self.at + (missing * 1_000).div_ceil(rate))
    }
}

/// Counts what was sent and not yet proven to have arrived.
///
/// A browser never says when its socket's buffer drains: it can only be asked again and again. So every
/// few KiB a PINGREQ goes along; TCP keeps order, and its PINGRESP proves that all before it is through.
#[derive(Debug)]
pub(crate) struct Credit {
    limit: usize,
    /// Bytes since the last ping.
    open: usize,
    /// Bytes before each ping that is not answered yet.
    pinged: VecDeque<usize>,
}

impl Credit {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, open: 0, pinged: VecDeque::new() }
    }

    /// Whether more may be sent.
    pub(crate) fn is_left(&self) -> bool {
        self.open + self.pinged.iter().sum::<usize>() < self.limit
    }

    /// So many bytes were sent. Returns whether a ping is to follow them.
    pub(crate) fn sent(&mut self, bytes: usize) -> bool {
        self.open += bytes;
        self.open >= self.limit / MARKS
    }

    /// A ping was sent, for whatever reason.
    pub(crate) fn pinged(&mut self) {
        self.pinged.push_back(std::mem::take(&mut self.open));
    }

    /// A ping was answered.
    pub(crate) fn answered(&mut self) {
        self.pinged.pop_front();
    }
}

/// One publish in the units of [`Pace`].
const PUBLISH: u64 = 1_000;
/// Pings in one credit.
const MARKS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_gets_more_than_the_rate() {
        let mut pace = Pace::new(Some(100));
        let mut sent = Vec::new();
        for now in 10_000..13_000 {
            let count = pace.allows(now);
            pace.spend(count);
            sent.extend(std::iter::repeat_n(now, count));
        }
        let in_a_second =
            |start: &Millis| sent.iter().filter(|at| (*start..start + 1_000).contains(at)).count();
        assert!((275..=285).contains(&sent.len()), "{} in three seconds", sent.len());
        assert!((95..=100).contains(&sent.iter().map(in_a_second).max().unwrap()));
    }

    #[test]
    fn the_next_one_is_due_when_it_is_earned() {
        let mut pace = Pace::new(Some(100));
        let burst = pace.allows(5_000);
        pace.spend(burst);
        assert_eq!((burst, pace.next()), (10, Some(5_012)));
        assert_eq!((pace.allows(5_011), pace.allows(5_012)), (0, 1));
        assert_eq!(Pace::new(None).allows(0), usize::MAX);
    }

    #[test]
    fn a_clock_that_is_put_back_does_not_stop_the_pace() {
        let mut pace = Pace::new(Some(100));
        let burst = pace.allows(3_600_000);
        pace.spend(burst);
        assert_eq!((pace.allows(5_000), pace.next()), (0, Some(5_012)));
        assert_eq!(pace.allows(5_012), 1);
    }

    #[test]
    fn an_unanswered_link_stops_at_its_credit() {
        let mut credit = Credit::new(1_000);
        assert!(!credit.sent(249) && credit.sent(1));
        credit.pinged();
        assert!(credit.sent(749) && credit.is_left());
        credit.sent(1);
        assert!(!credit.is_left());
        credit.answered();
        assert!(credit.is_left());
    }
}
