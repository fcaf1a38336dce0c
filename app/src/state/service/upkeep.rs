//! When the page loads itself again: for a newer one that waits, and because pages grow in a day. Only when
//! nobody is there to be interrupted.

use alleycat_shared::Millis;

/// The page's age, and when it was last of use to somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// When the page began; known from the first look on.
    began: Option<Millis>,
    touched: Millis,
    newer: bool,
    /// Whether it has been said.
    said: bool,
}

impl Upkeep {
    /// A newer page waits.
    pub fn newer(&mut self) {
        self.newer = true;
    }

    /// Somebody is here.
    pub fn touched(&mut self, now: Millis) {
        self.touched = now;
    }

    /// How long nobody has touched anything.
    pub fn untouched(&self, now: Millis) -> Millis {
        now.saturating_sub(self.touched)
    }

    /// Whether a newer page waits.
    pub fn waits(&self) -> bool {
        self.newer
    }

    /// Since when the page runs.
    pub fn age(&self, now: Millis) -> Millis {
        now.saturating_sub(self.began.unwrap_or(now))
    }

    /// Whether to load again now; said once. `idle`: nobody races, reads or has something unsent.
    pub fn is_due(&mut self, now: Millis, idle: bool) -> bool {
        if self.began.is_none() {
            (self.began, self.touched) = (Some(now), now);
        }
        let quiet = self.untouched(now);
        let newer = self.newer && quiet >= NEWER_MS;
        let old = self.age(now) >= OLD_MS && quiet >= QUIET_MS;
        let due = idle && (newer || old) && !self.said;
        self.said |= due;
        due
    }
}

/// How long nobody must have touched anything for a newer page.
const NEWER_MS: Millis = 60_000;
/// A page of this age is loaded again. Before the kiosk starts its browser again, which takes longer.
const OLD_MS: Millis = 18 * 3_600_000;
/// When nobody has touched it for this long.
const QUIET_MS: Millis = 1_800_000;

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = 3_600_000;

    #[test]
    fn an_old_page_waits_for_a_quiet_half_hour() {
        let mut upkeep = Upkeep::default();
        assert!(!upkeep.is_due(1_000, true));
        assert!(!upkeep.is_due(17 * HOUR, true));
        upkeep.touched(18 * HOUR);
        let quiet = 18 * HOUR + HOUR / 2;
        assert!(!upkeep.is_due(quiet - 1, true), "somebody is here");
        assert!(!upkeep.is_due(quiet, false), "somebody races");
        assert!(upkeep.is_due(quiet, true));
        assert!(!upkeep.is_due(quiet + 1_000, true), "it is under way");
    }

    #[test]
    fn a_newer_page_waits_for_a_quiet_minute() {
        let mut upkeep = Upkeep::default();
        assert!(!upkeep.is_due(0, true));
        upkeep.newer();
        assert!(!upkeep.is_due(59_999, true) && !upkeep.is_due(60_000, false));
        upkeep.touched(60_000);
        assert!(!upkeep.is_due(61_000, true));
        assert!(upkeep.is_due(120_000, true));
    }
}
