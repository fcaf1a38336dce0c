//! What is worth a sound, and for how long a change of place is shown: each sound has its twin on the screen.

use alleycat_shared::Millis;

use super::{Effect, Flow, Page};

/// A sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// Three, two, one.
    Count,
    /// The race begins.
    Go,
    /// One of the last ten seconds.
    LastSeconds,
    /// A better place.
    Gained,
    /// A worse place.
    Lost,
    /// The race is over.
    Finish,
}

/// What was heard and seen last.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cues {
    /// The second that was counted last, and whether in a race.
    counted: Option<(bool, u64)>,
    place: Option<u32>,
    /// The latest change of place: better, and when.
    moved: Option<(bool, Millis)>,
    /// When a change of place was last heard.
    told_at: Option<Millis>,
}

/// Where the rider is, as far as sounds go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Elsewhere,
    /// So many seconds before the start.
    Countdown(u64),
    /// So many seconds before the end.
    Race(u64),
    Finish,
}

impl Cues {
    /// What is to be heard now.
    fn hear(&mut self, now: Millis, at: At, place: Option<u32>) -> Option<Cue> {
        let before = self.counted;
        let counts = |racing, left| (before != Some((racing, left))).then_some((racing, left));
        match at {
            At::Countdown(left @ 1..=3) => {
                self.counted = Some((false, left));
                counts(false, left).map(|_| Cue::Count)
            }
            At::Race(left) => {
                let moved = self.moves(now, place);
                self.counted = Some((true, left));
                match before {
                    Some((false, _)) => Some(Cue::Go),
                    _ if left <= LAST => counts(true, left).map(|_| Cue::LastSeconds),
                    _ => moved.filter(|_| self.may_tell(now)),
                }
            }
            At::Finish => {
                let over = matches!(before, Some((true, _)));
                *self = Self::default();
                over.then_some(Cue::Finish)
            }
            At::Countdown(_) | At::Elsewhere => {
                *self = Self::default();
                None
            }
        }
    }

    fn moves(&mut self, now: Millis, place: Option<u32>) -> Option<Cue> {
        let before = self.place;
        self.place = place.or(before);
        let (before, place) = (before?, place?);
        if before == place {
            return None;
        }
        self.moved = Some((place < before, now));
        Some(if place < before { Cue::Gained } else { Cue::Lost })
    }

    fn may_tell(&mut self, now: Millis) -> bool {
        let may = self.told_at.is_none_or(|told| now >= told + EVERY_MS);
        if may {
            self.told_at = Some(now);
        }
        may
    }
}

impl Page {
    /// Says what is to be heard, where sounds are wanted.
    pub(super) fn cue(&mut self, effects: &mut Vec<Effect>) {
        let left = self.countdown();
        let (at, place) = match &self.flow {
            Flow::Countdown(_) => (At::Countdown(left), None),
            Flow::Racing(ride) => {
                (At::Race(left), self.standings.rider(ride.race).map(|rider| rider.own.rank))
            }
            Flow::Finished(_) => (At::Finish, None),
            Flow::Idle | Flow::Setup | Flow::Joining | Flow::Joined(..) | Flow::Choosing(_) => {
                (At::Elsewhere, None)
            }
        };
        let cue = self.cues.hear(self.now, at, place);
        effects.extend(cue.filter(|_| self.settings.sound).map(Effect::Cue));
    }

    /// For a moment after the place has changed: `up` or `down`; else empty.
    pub fn moved(&self) -> &'static str {
        match self.cues.moved {
            Some((better, at)) if self.now < at + SHOWN_MS => {
                if better {
                    "up"
                } else {
                    "down"
                }
            }
            _ => "",
        }
    }

    /// Whether the race is in its last seconds.
    pub fn is_closing(&self) -> bool {
        matches!(self.flow, Flow::Racing(_)) && self.countdown() <= LAST
    }
}

/// From here on each second is heard.
const LAST: u64 = 10;
/// How often a change of place is heard.
const EVERY_MS: Millis = 15_000;
/// How long it is shown.
const SHOWN_MS: Millis = 1_500;

#[cfg(test)]
mod tests {
    use super::*;

    /// What is heard at each second of a story.
    fn heard(story: &[(Millis, At, Option<u32>)]) -> Vec<Option<Cue>> {
        let mut cues = Cues::default();
        story.iter().map(|(second, at, place)| cues.hear(second * 1_000, *at, *place)).collect()
    }

    #[test]
    fn the_start_is_counted_down_once_a_second() {
        let story = [
            (0, At::Countdown(4), None),
            (1, At::Countdown(3), None),
            (1, At::Countdown(3), None),
            (2, At::Countdown(2), None),
            (3, At::Countdown(1), None),
            (4, At::Race(60), None),
            (4, At::Race(60), None),
        ];
        let [count, go] = [Some(Cue::Count), Some(Cue::Go)];
        assert_eq!(heard(&story), [None, count, None, count, count, go, None]);
    }

    #[test]
    fn who_comes_into_a_race_that_runs_hears_no_start() {
        assert_eq!(heard(&[(0, At::Countdown(40), None), (0, At::Race(40), None)]), [None, None]);
    }

    #[test]
    fn places_are_told_at_most_every_fifteen_seconds() {
        let places = [
            (0, None),
            (1, Some(5)),
            (2, Some(4)),
            (3, Some(3)),
            (16, Some(6)),
            (17, Some(5)),
            (40, Some(4)),
        ];
        let story: Vec<_> = places.iter().map(|(at, place)| (*at, At::Race(60), *place)).collect();
        let [gained, none] = [Some(Cue::Gained), None];
        assert_eq!(heard(&story), [none, none, gained, none, none, gained, gained]);
        let story = [(0, At::Race(60), Some(3)), (20, At::Race(50), Some(9))];
        assert_eq!(heard(&story), [none, Some(Cue::Lost)]);
    }

    #[test]
    fn the_last_ten_seconds_and_the_finish_are_heard() {
        let story = [
            (0, At::Race(11), Some(3)),
            (1, At::Race(10), Some(2)),
            (1, At::Race(10), Some(2)),
            (2, At::Race(9), None),
            (3, At::Finish, None),
            (4, At::Finish, None),
        ];
        let [last, finish] = [Some(Cue::LastSeconds), Some(Cue::Finish)];
        assert_eq!(heard(&story), [None, last, None, last, finish, None]);
        assert_eq!(heard(&[(0, At::Finish, None)]), [None], "a result that was fetched after a reload");
    }
}
