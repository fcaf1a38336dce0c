//! After the race: the result, asked for until it is official.

use alleycat_shared::api::{RaceResult, RaceState, ResultRow};
use alleycat_shared::{Millis, Score};

use super::Ride;

/// The end of a ride.
#[derive(Clone, Debug, PartialEq)]
pub struct Finish {
    /// The ride.
    pub ride: Ride,
    /// The last place and field size that the board told.
    pub last_known: Option<(u32, u32)>,
    /// The own record before this ride, if there was one; `None` if the hub has told nothing of it.
    pub best: Option<Option<Score>>,
    outcome: Option<Outcome>,
    /// When to ask for the result; `None` while the question is under way and once it is official.
    ask_at: Option<Millis>,
    failures: u32,
}

/// What the page keeps of a result, whatever the field's size.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Whether it can't change any more.
    pub official: bool,
    /// The size of the field.
    pub riders: usize,
    /// The first three.
    pub podium: Vec<ResultRow>,
    /// The own line.
    pub own: Option<ResultRow>,
    /// The line above the own one, or for the winner the one below.
    pub next: Option<ResultRow>,
}

impl Finish {
    /// The ride is over; the hub is asked a moment later.
    pub fn new(now: Millis, ride: Ride, last_known: Option<(u32, u32)>) -> Self {
        Self { ride, last_known, best: None, outcome: None, ask_at: Some(now + SETTLE_MS), failures: 0 }
    }

    /// Notes what the own record was before.
    pub fn after(mut self, best: Option<Option<Score>>) -> Self {
        self.best = best;
        self
    }

    /// Whether it is time to ask; the question is then under way.
    pub fn asks(&mut self, now: Millis) -> bool {
        self.ask_at.take_if(|at| *at <= now).is_some()
    }

    /// The hub answered. `official_in`: how long until the result can't change any more.
    pub fn answered(&mut self, now: Millis, result: &RaceResult, official_in: Millis) {
        self.failures = 0;
        let at = result.results.iter().position(|row| row.racer_id == self.ride.rider.racer);
        let own = at.and_then(|at| result.results.get(at));
        let next = at.and_then(|at| result.results.get(at.checked_sub(1).unwrap_or(1)));
        let outcome = Outcome {
            official: result.state == RaceState::Official,
            riders: result.results.len(),
            podium: result.results.iter().take(3).cloned().collect(),
            own: own.cloned(),
            next: next.cloned(),
        };
        let wait = official_in.clamp(SETTLE_MS, PROVISIONAL_MS);
        self.ask_at = (!outcome.official).then_some(now + wait);
        self.outcome = Some(outcome);
    }

    /// The hub gave no answer.
    pub fn not_answered(&mut self, now: Millis, wait: Millis) {
        self.failures = self.failures.saturating_add(1);
        self.ask_at = Some(now + wait.max(SETTLE_MS));
    }

    /// What the hub said.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// How many questions in a row had no answer.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// When to ask next.
    pub fn ask_at(&self) -> Option<Millis> {
        self.ask_at
    }
}

/// The last messages need a moment to arrive.
const SETTLE_MS: Millis = 1_000;
/// How often a provisional result is asked for again.
const PROVISIONAL_MS: Millis = 5_000;

#[cfg(test)]
mod tests {
    use alleycat_shared::plausible::Flags;
    use alleycat_shared::{ClassId, Output, RaceId, RacerId, Score, names};

    use super::*;
    use crate::state::Rider;

    fn finish() -> Finish {
        let racer = RacerId::try_from(7).unwrap();
        let rider = Rider { racer, name: names::default_name(racer), token: None };
        let ride = Ride::new(RaceId::try_from(10).unwrap(), ClassId::try_from(1).unwrap(), rider);
        Finish::new(0, ride, Some((3, 8)))
    }

    fn result(state: RaceState) -> RaceResult {
        let row = |rank: u32| {
            let racer_id = RacerId::try_from(u64::from(rank) + 2).unwrap();
            let name = names::default_name(racer_id);
            ResultRow {
                rank,
                racer_id,
                name,
                score: Score::ZERO,
                best: Output::ZERO,
                seconds: 1,
                flags: Flags::NONE,
                cleared: false,
            }
        };
        RaceResult {
            race_id: RaceId::try_from(10).unwrap(),
            class_id: ClassId::try_from(1).unwrap(),
            state,
            results: (1..=8).map(row).collect(),
            disqualified: Vec::new(),
        }
    }

    #[test]
    fn a_provisional_result_is_asked_for_until_it_is_official() {
        let mut finish = finish();
        assert!(!finish.asks(999) && finish.asks(1_000) && !finish.asks(1_001));
        finish.answered(1_100, &result(RaceState::Grace), 29_000);
        let outcome = finish.outcome().unwrap();
        assert_eq!((outcome.official, outcome.riders, outcome.podium.len()), (false, 8, 3));
        assert_eq!(outcome.own.as_ref().unwrap().rank, 5);
        assert!(!finish.asks(6_099) && finish.asks(6_100));
        finish.answered(6_200, &result(RaceState::Official), 0);
        assert!(finish.outcome().unwrap().official);
        assert_eq!(finish.ask_at(), None);
    }

    #[test]
    fn it_asks_again_just_after_the_grace_ends() {
        let mut finish = finish();
        finish.answered(0, &result(RaceState::Grace), 2_300);
        assert_eq!(finish.ask_at(), Some(2_300));
    }

    #[test]
    fn a_hub_that_does_not_answer_is_asked_again() {
        let mut finish = finish();
        assert!(finish.asks(1_000));
        finish.not_answered(1_500, 250);
        assert_eq!((finish.failures(), finish.ask_at()), (1, Some(2_500)));
    }
}
