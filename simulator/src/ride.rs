//! What a rider sends in a race, and when: worked out from seed, racer and race alone, before anybody rides.
//!
//! The same field sends the same messages to a broker and into a stream, so that the two can be compared.

use alleycat_shared::message::{Event, RaceMessage};
use alleycat_shared::race::RaceClock;
use alleycat_shared::{ClassId, Millis, RaceId, RaceSecond, RacerId, names};
use clap::ValueEnum;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Builder;

use crate::model::RiderModel;

/// How riders send what they ride.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Pattern {
    /// One message each second.
    #[default]
    Each,
    /// Five messages every five seconds: cheaper to carry, and later.
    Buffered,
}

/// What goes wrong, as parts of 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Habits {
    /// Riders who drop out: half of them for good, half for a while, and then send what they rode meanwhile.
    pub dropouts: f64,
    /// Riders who join after the start.
    pub late: f64,
    /// Messages that are sent twice.
    pub duplicates: f64,
    /// Messages that are sent up to three seconds after their time, behind later ones.
    pub reorder: f64,
    /// How riders send what they ride.
    pub pattern: Pattern,
}

/// One rider's race.
#[derive(Clone, Debug)]
pub struct Ride {
    racer: RacerId,
    class: ClassId,
    race: RaceId,
    clock: RaceClock,
    seed: u64,
    model: RiderModel,
    /// When in each second this rider sends, ms.
    phase: Millis,
    sends: Vec<Send>,
}

/// A second that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Send {
    /// When, in ms from the race's start.
    pub at: Millis,
    /// Which second.
    pub second: RaceSecond,
    /// Not for the first time.
    pub again: bool,
}

impl Ride {
    /// The ride of `racer`. `phase` is when in each second it sends, ms.
    pub fn new(
        clock: RaceClock,
        race: RaceId,
        class: ClassId,
        racer: RacerId,
        phase: Millis,
        seed: u64,
        habits: &Habits,
    ) -> Self {
        let model = RiderModel::new(racer, race, seed);
        let mut ride = Self { racer, class, race, clock, seed, model, phase, sends: Vec::new() };
        ride.plan(habits);
        ride
    }

    /// What is sent, in the order of time.
    pub fn sends(&self) -> &[Send] {
        &self.sends
    }

    /// The message of a second.
    pub fn message(&self, second: RaceSecond) -> RaceMessage {
        let (cadence, resistance) = self.model.at(f64::from(second.get()) / f64::from(self.clock.seconds()));
        let mut random = self.random(u64::from(second.get()) + 1);
        RaceMessage {
            uuid: Builder::from_random_bytes(random.random()).into_uuid(),
            event: if second == self.clock.last_second() { Event::Final } else { Event::Update },
            device_timestamp: self.clock.second_starts(self.race, second) + self.phase,
            second,
            race_id: self.race,
            name: names::default_name(self.racer),
            racer_id: self.racer,
            class_id: self.class,
            cadence,
            resistance,
        }
    }

    /// Chance that depends on who, which race and what for.
    fn random(&self, what: u64) -> ChaCha8Rng {
        let racer = u64::from(self.racer.get());
        let mut random = ChaCha8Rng::seed_from_u64(
            self.seed ^ self.race.get().rotate_left(24) ^ racer.rotate_left(44) ^ u64::from(self.class.get()),
        );
        random.set_stream(what);
        random
    }

    fn plan(&mut self, habits: &Habits) {
        let seconds = self.clock.seconds();
        let mut random = self.random(0);
        let middle = |random: &mut ChaCha8Rng| {
            random.random_range(seconds / 10 + 1..=(seconds * 9 / 10).max(seconds / 10 + 1))
        };
        let first =
            if random.random_bool(habits.late) { random.random_range(2..=(seconds / 2).max(2)) } else { 1 };
        let drops =
            random.random_bool(habits.dropouts).then(|| (random.random_bool(0.5), middle(&mut random)));
        let (last, away) = match drops {
            Some((true, second)) => (second, None),
            Some((false, second)) => (seconds, Some((second, second + random.random_range(3..=20)))),
            None => (seconds, None),
        };
        for second in first..=last {
            let at = match (away, habits.pattern) {
                // The link is back: what was ridden without it comes at once.
                (Some((from, to)), _) if (from..to).contains(&second) => {
                    Millis::from(to.min(seconds)) * SECOND
                }
                (_, Pattern::Each) => Millis::from(second - 1) * SECOND,
                (_, Pattern::Buffered) => {
                    Millis::from((second - 1) / BUFFERED * BUFFERED + BUFFERED - 1)
                        .min(Millis::from(seconds) - 1)
                        * SECOND
                }
            };
            let late =
                if random.random_bool(habits.reorder) { random.random_range(1..=3 * SECOND) } else { 0 };
            let Ok(second) = RaceSecond::try_from(u64::from(second)) else { continue };
            let send = Send { at: at + self.phase + late, second, again: false };
            self.sends.push(send);
            if random.random_bool(habits.duplicates) {
                let later = send.at + random.random_range(0..=2 * SECOND);
                self.sends.push(Send { at: later, second, again: true });
            }
        }
        self.sends.sort_by_key(|send| send.at);
    }
}

const SECOND: Millis = 1_000;
/// Seconds that are sent together.
const BUFFERED: u16 = 5;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn ride(racer: u64, seed: u64, habits: &Habits) -> Ride {
        let clock = RaceClock::new(60).unwrap();
        Ride::new(
            clock,
            9_u64.try_into().unwrap(),
            2_u64.try_into().unwrap(),
            racer.try_into().unwrap(),
            250,
            seed,
            habits,
        )
    }

    fn seconds(ride: &Ride) -> Vec<u16> {
        ride.sends().iter().map(|send| send.second.get()).collect()
    }

    #[test]
    fn a_rider_without_mishaps_sends_each_second_at_its_time() {
        let ride = ride(7, 1, &Habits::default());
        assert_eq!(seconds(&ride), (1..=60).collect::<Vec<_>>());
        assert!(ride.sends().iter().all(|send| send.at == u64::from(send.second.get() - 1) * 1_000 + 250));
        assert_eq!(ride.message(60_u64.try_into().unwrap()).event, Event::Final);
    }

    #[test]
    fn buffered_seconds_travel_five_at_a_time_and_not_before_they_are_over() {
        let ride = ride(7, 1, &Habits { pattern: Pattern::Buffered, ..Habits::default() });
        let times: BTreeSet<_> = ride.sends().iter().map(|send| send.at).collect();
        assert_eq!((ride.sends().len(), times.len()), (60, 12));
        assert!(ride.sends().iter().all(|send| send.at >= u64::from(send.second.get() - 1) * 1_000));
    }

    #[test]
    fn about_as_many_riders_have_mishaps_as_are_asked_for() {
        let habits = Habits { dropouts: 0.2, late: 0.3, ..Habits::default() };
        let rides: Vec<Ride> = (0..1_000).map(|racer| ride(racer, 1, &habits)).collect();
        let late = rides.iter().filter(|ride| !seconds(ride).contains(&1)).count();
        let gone = rides.iter().filter(|ride| !seconds(ride).contains(&60)).count();
        assert!((250..350).contains(&late) && (70..130).contains(&gone), "{late} late, {gone} gone");
    }

    proptest! {
        #[test]
        fn the_seed_decides_everything_and_no_second_comes_before_its_time(
            racer in 0..40_000_u64, seed in any::<u64>(), dropouts in 0.0..=1.0_f64, late in 0.0..=1.0_f64,
            duplicates in 0.0..=1.0_f64, reorder in 0.0..=1.0_f64,
        ) {
            let habits = Habits { dropouts, late, duplicates, reorder, pattern: Pattern::Each };
            let (one, same) = (ride(racer, seed, &habits), ride(racer, seed, &habits));
            prop_assert_eq!(one.sends(), same.sends());
            prop_assert!(one.sends().is_sorted_by_key(|send| send.at));
            for send in one.sends() {
                prop_assert!(send.at >= u64::from(send.second.get() - 1) * 1_000);
                prop_assert!(send.at < 90_000, "within a grace");
                prop_assert_eq!(one.message(send.second), same.message(send.second));
            }
            let once = one.sends().iter().filter(|send| !send.again).map(|send| send.second);
            prop_assert_eq!(once.clone().collect::<BTreeSet<_>>().len(), once.count(), "first sends are of different seconds");
        }
    }
}
