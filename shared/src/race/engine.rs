//! One race of one class: takes messages in any order, with duplicates, and gives the same board.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::api::Verdict;
use crate::message::{RaceMessage, Refusal};
use crate::race::{AHEAD_TOLERANCE_MS, DIM_AFTER_MS, GONE_AFTER_MS, MAX_RIDERS, RaceClock, Ridden, Ride};
use crate::{ClassId, Millis, RaceId, RaceSecond, RacerId, Score};

/// The state of one race in one class.
#[derive(Clone, Debug)]
pub struct Race {
    class_id: ClassId,
    race_id: RaceId,
    clock: RaceClock,
    rides: HashMap<RacerId, Ride>,
}

/// What became of a valid message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Its second counts.
    Counted,
    /// Its second was counted before.
    Duplicate,
}

/// A rider's place in a race.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Place of the field, from 1.
    pub rank: u32,
    /// The rider.
    pub racer_id: RacerId,
    /// The ride so far, seconds after [`Standing::second`] included.
    pub ride: &'a Ride,
    /// The second after which this is the place.
    pub second: u16,
    /// The score after that second.
    pub score: Score,
    /// Nothing heard for 5 s.
    pub dim: bool,
    /// Nothing heard for 15 s.
    pub gone: bool,
    /// Something in the ride no body does, and the host has not cleared it.
    pub flagged: bool,
    /// Out of the ranking by the host's word.
    pub disqualified: bool,
}

impl Race {
    /// A race without riders.
    pub fn new(class_id: ClassId, race_id: RaceId, clock: RaceClock) -> Self {
        Self { class_id, race_id, clock, rides: HashMap::new() }
    }

    /// Takes in one message of this race and class.
    ///
    /// # Errors
    /// A [`Refusal`] for a second that is not in the race or has not begun, or a race that is full.
    /// Whether the race is still open is for the caller to know.
    pub fn take(&mut self, message: &RaceMessage, now: Millis) -> Result<Taken, Refusal> {
        debug_assert_eq!((message.class_id, message.race_id), (self.class_id, self.race_id));
        if message.second > self.clock.last_second() {
            return Err(Refusal::NotInRace { second: message.second, length: self.clock.seconds() });
        }
        if self.clock.second_starts(self.race_id, message.second) > now + AHEAD_TOLERANCE_MS {
            return Err(Refusal::AheadOfClock { race: self.race_id, second: message.second });
        }
        if self.rides.len() >= MAX_RIDERS && !self.rides.contains_key(&message.racer_id) {
            return Err(Refusal::RaceFull(self.race_id));
        }
        let ride = self.rides.entry(message.racer_id).or_insert_with(|| Ride::new(message.name.clone(), now));
        ride.last_heard = ride.last_heard.max(now);
        let counted = ride.count(message.second, Ridden::new(message.cadence, message.resistance));
        Ok(if counted { Taken::Counted } else { Taken::Duplicate })
    }

    /// Everybody in order, all seconds counted: score descending, then who reached it first, then racer id.
    /// A total order.
    pub fn standings(&self, now: Millis) -> Vec<Standing<'_>> {
        self.standings_after(self.clock.seconds(), now)
    }

    /// Everybody in order as it was after a second of the race. In mid-race the running second is told by
    /// some and not yet by others; only a second that is over compares like with like.
    pub fn standings_after(&self, second: u16, now: Millis) -> Vec<Standing<'_>> {
        let key = |id, ride: &Ride| (Reverse(ride.score_at(second)), ride.reached_at(second), id);
        let mut order: Vec<_> = self.rides.iter().map(|(id, ride)| (key(*id, ride), ride)).collect();
        order.sort_unstable_by_key(|(key, _)| *key);
        order
            .into_iter()
            .zip(1..)
            .map(|((key, ride), rank)| {
                let silence = now.saturating_sub(ride.last_heard);
                Standing {
                    rank,
                    racer_id: key.2,
                    ride,
                    second,
                    score: key.0.0,
                    dim: silence >= DIM_AFTER_MS,
                    gone: silence >= GONE_AFTER_MS,
                    flagged: !ride.flags().is_empty(),
                    disqualified: false,
                }
            })
            .collect()
    }

    /// Whether everybody who told of the second before has told of this one: then it compares like with like
    /// before it is over. Of a race's first second nobody can say.
    pub fn is_told(&self, second: RaceSecond) -> bool {
        let Ok(before) = RaceSecond::try_from(u64::from(second.get()) - 1) else { return false };
        self.rides.values().all(|ride| ride.has(second) || !ride.has(before))
    }

    /// Takes a rider out, with all that was ridden. Returns whether the rider was in it.
    pub fn remove(&mut self, racer: RacerId) -> bool {
        self.rides.remove(&racer).is_some()
    }

    /// The class.
    pub fn class_id(&self) -> ClassId {
        self.class_id
    }

    /// The race.
    pub fn race_id(&self) -> RaceId {
        self.race_id
    }

    /// How many riders have joined.
    pub fn riders(&self) -> usize {
        self.rides.len()
    }

    /// All rides, in no order.
    pub fn rides(&self) -> impl Iterator<Item = (RacerId, &Ride)> {
        self.rides.iter().map(|(racer, ride)| (*racer, ride))
    }

    /// One rider's ride.
    pub fn ride(&self, racer: RacerId) -> Option<&Ride> {
        self.rides.get(&racer)
    }
}

/// Puts the host's verdicts into effect: who is disqualified stands behind all others, and what was cleared
/// is no longer flagged. Still a total order.
pub fn judge(standings: &mut [Standing<'_>], verdict: impl Fn(RacerId) -> Option<Verdict>) {
    for standing in &mut *standings {
        let verdict = verdict(standing.racer_id);
        standing.disqualified = verdict == Some(Verdict::Disqualified);
        standing.flagged &= verdict != Some(Verdict::Cleared);
    }
    // Stable: among themselves both parts keep their order.
    standings.sort_by_key(|standing| standing.disqualified);
    for (standing, rank) in standings.iter_mut().zip(1..) {
        standing.rank = rank;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RacerName;
    use crate::message::Event;

    fn race() -> Race {
        Race::new(ClassId::try_from(1).unwrap(), RaceId::try_from(10).unwrap(), RaceClock::new(60).unwrap())
    }

    fn message(racer: u64, second: u64, cadence: f64) -> RaceMessage {
        RaceMessage {
            uuid: uuid::Uuid::nil(),
            event: Event::Update,
            device_timestamp: 0,
            second: second.try_into().unwrap(),
            race_id: RaceId::try_from(10).unwrap(),
            name: RacerName::new("Ann").unwrap(),
            racer_id: racer.try_into().unwrap(),
            class_id: ClassId::try_from(1).unwrap(),
            cadence: cadence.try_into().unwrap(),
            resistance: 35.0.try_into().unwrap(),
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn board(race: &Race) -> Vec<(u32, u32, String)> {
        let standings = race.standings(END);
        standings.iter().map(|s| (s.rank, s.racer_id.get(), s.ride.score().to_string())).collect()
    }

    const END: Millis = 11 * 60_000;

    #[test]
    fn seconds_outside_the_race_or_ahead_of_the_clock_are_refused() {
        let mut race = race();
        let start = 600_000;
        assert_eq!(race.take(&message(1, 61, 80.0), END).unwrap_err().reason(), "not-in-race");
        assert_eq!(race.take(&message(1, 3, 80.0), start + 999).unwrap_err().reason(), "ahead-of-clock");
        assert_eq!(race.take(&message(1, 2, 80.0), start), Ok(Taken::Counted));
        assert_eq!(race.take(&message(1, 2, 90.0), start), Ok(Taken::Duplicate));
    }

    #[test]
    fn ties_go_to_who_was_there_first_then_to_the_lower_id() {
        let mut race = race();
        for m in [message(9, 1, 65.0), message(3, 2, 65.0), message(2, 2, 65.0), message(5, 1, 0.0)] {
            race.take(&m, END).unwrap();
        }
        let order: Vec<_> = race.standings(END).iter().map(|s| s.racer_id.get()).collect();
        assert_eq!(order, [9, 2, 3, 5]);
    }

    #[test]
    fn a_second_that_is_over_compares_like_with_like() {
        let mut race = race();
        // Racer 1 rides harder; racer 2 has told of the running second already.
        for m in [message(1, 1, 70.0), message(2, 1, 65.0), message(2, 2, 65.0)] {
            race.take(&m, END).unwrap();
        }
        let leader = |second| {
            let standings = race.standings_after(second, END);
            (standings[0].racer_id.get(), standings[0].score.get())
        };
        assert_eq!(leader(1), (1, 105.0));
        assert_eq!(leader(2), (2, 200.0));
        assert_eq!(leader(0), (1, 0.0));
    }

    #[test]
    fn a_second_is_told_when_all_have_told_of_it_who_told_of_the_one_before() {
        let mut race = race();
        let mut told_after = |m: &[RaceMessage], second: u64| {
            for m in m {
                race.take(m, END).unwrap();
            }
            race.is_told(second.try_into().unwrap())
        };
        assert!(!told_after(&[message(1, 1, 80.0), message(2, 1, 80.0)], 1), "others may be to come");
        assert!(!told_after(&[message(1, 2, 80.0), message(3, 2, 80.0)], 2), "2 has not told");
        assert!(told_after(&[message(2, 2, 80.0)], 2));
        assert!(told_after(&[message(1, 4, 80.0)], 4), "nobody told of the third");
    }

    #[test]
    fn who_is_disqualified_stands_behind_all_others() {
        let mut race = race();
        for m in [message(1, 1, 90.0), message(2, 1, 80.0), message(3, 1, 70.0), message(4, 1, 60.0)] {
            race.take(&m, END).unwrap();
        }
        let mut standings = race.standings(END);
        judge(&mut standings, |racer| match racer.get() {
            1 | 3 => Some(Verdict::Disqualified),
            _ => None,
        });
        let order: Vec<_> = standings.iter().map(|s| (s.rank, s.racer_id.get(), s.disqualified)).collect();
        assert_eq!(order, [(1, 2, false), (2, 4, false), (3, 1, true), (4, 3, true)]);
    }

    #[test]
    fn silent_riders_dim_then_go_and_keep_their_place() {
        let mut race = race();
        race.take(&message(1, 1, 80.0), 600_500).unwrap();
        let seen = |now| {
            let s = race.standings(now);
            (s.len(), s[0].dim, s[0].gone)
        };
        assert_eq!(seen(605_499), (1, false, false));
        assert_eq!(seen(605_500), (1, true, false));
        assert_eq!(seen(615_500), (1, true, true));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn any_order_with_duplicates_gives_the_same_board(
            sent in proptest::collection::vec((0_u64..6, 1_u64..20, 0_u32..2_500), 1..60),
            seed in proptest::prelude::any::<u64>(),
        ) {
            // One message a (racer, second): the same set, whatever happens to it on the way.
            let mut set: HashMap<(u64, u64), RaceMessage> = HashMap::new();
            for (racer, second, cadence) in sent {
                set.entry((racer, second)).or_insert_with(|| message(racer, second, f64::from(cadence) / 10.0));
            }
            let (mut once, mut again) = (race(), race());
            for m in set.values() {
                once.take(m, END).unwrap();
            }
            let mut shuffled: Vec<_> = set.values().chain(set.values()).collect();
            shuffled.sort_by_key(|m| {
                (u64::from(m.second.get()) * 31 + u64::from(m.racer_id.get())).wrapping_mul(seed | 1).rotate_left(17)
            });
            for m in shuffled {
                again.take(m, END).unwrap();
            }
            proptest::prop_assert_eq!(board(&once), board(&again));
        }
    }
}
