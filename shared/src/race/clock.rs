//! Which race it is and which second of it, from the hub's time alone.

use crate::{Millis, RaceId, RaceSecond};

/// Cuts time into races that run back to back, in every class the same.
///
/// ```
/// use alleycat_shared::race::RaceClock;
/// let moment = RaceClock::new(300).unwrap().at(1_620_824_038_331);
/// assert_eq!((moment.race_id.get(), moment.second.get()), (5_402_746, 239));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RaceClock {
    seconds: u16,
}

/// A point in time, seen as a place in a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RaceMoment {
    /// The race whose window it is.
    pub race_id: RaceId,
    /// The second of it, 1 to the race's length.
    pub second: RaceSecond,
    /// Ms since the race began.
    pub elapsed_ms: Millis,
    /// Ms until the next race begins.
    pub left_ms: Millis,
}

impl RaceClock {
    /// A clock of races of this many seconds, or `None` if a race can't have that many.
    pub fn new(seconds: u16) -> Option<Self> {
        RaceSecond::try_from(u64::from(seconds)).ok().map(|_| Self { seconds })
    }

    /// The race and second at `now` on the hub's clock.
    pub fn at(&self, now: Millis) -> RaceMoment {
        let elapsed_ms = now % self.window_ms();
        RaceMoment {
            race_id: (now / self.window_ms())
                .min(RaceId::MAX)
                .try_into()
                .expect("at most the largest race id"),
            second: (elapsed_ms / 1_000 + 1).try_into().expect("a window has as many seconds as the race"),
            elapsed_ms,
            left_ms: self.window_ms() - elapsed_ms,
        }
    }

    /// When a race begins on the hub's clock.
    pub fn start(&self, race: RaceId) -> Millis {
        race.get() * self.window_ms()
    }

    /// When a race ends and the next one begins.
    pub fn end(&self, race: RaceId) -> Millis {
        self.start(race) + self.window_ms()
    }

    /// The race after this one.
    pub fn next(&self, race: RaceId) -> RaceId {
        (race.get() + 1).min(RaceId::MAX).try_into().expect("at most the largest race id")
    }

    /// When a second of a race begins.
    pub fn second_starts(&self, race: RaceId, second: RaceSecond) -> Millis {
        self.start(race) + u64::from(second.get() - 1) * 1_000
    }

    /// The race's last second.
    pub fn last_second(&self) -> RaceSecond {
        u64::from(self.seconds).try_into().expect("checked on construction")
    }

    /// The length of a race in seconds.
    pub const fn seconds(&self) -> u16 {
        self.seconds
    }

    /// The length of a race in ms.
    pub const fn window_ms(&self) -> Millis {
        self.seconds as u64 * 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_the_unix_clock() {
        let clock = RaceClock::new(300).unwrap();
        assert_eq!(clock.at(1_620_240_672_076).race_id.get(), 5_400_802);
        let race = clock.at(1_620_824_038_331).race_id;
        assert_eq!(clock.start(race), 1_620_823_800_000); // 2021-05-12T12:50:00Z
        let first = clock.at(clock.start(race));
        assert_eq!((first.second.get(), first.left_ms), (1, 300_000));
        let last = clock.at(clock.end(race) - 1);
        assert_eq!((last.race_id, last.second), (race, clock.last_second()));
        assert_eq!(clock.at(clock.end(race)).race_id, clock.next(race));
    }

    #[test]
    fn any_time_is_a_moment() {
        let clock = RaceClock::new(1).unwrap();
        for now in [0, 1, u64::MAX / 2, u64::MAX] {
            assert_eq!(clock.at(now).second.get(), 1);
        }
        assert!(RaceClock::new(0).is_none() && RaceClock::new(3_601).is_none());
    }
}
