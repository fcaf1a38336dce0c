//! Everybody's place over a race: who stood where after each second, worked out once for the whole field.

use std::cmp::Reverse;
use std::collections::HashMap;

use crate::{RacerId, Score};

/// The places of a field over a race, at up to 300 moments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    every: u16,
    points: usize,
    riders: HashMap<RacerId, usize>,
    /// A row a rider, a place a point; 0 before the rider's first point.
    places: Vec<u16>,
}

/// A rider's places over a race.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacesOf<'a> {
    /// Seconds from one place to the next; the first one is after so many.
    pub every: u16,
    /// How many riders the field has.
    pub riders: usize,
    /// The places, from 1; 0 as long as the rider had nothing.
    pub places: &'a [u16],
}

impl Places {
    /// The places of riders whose score after each second is known, in a race that has come to `seconds`.
    /// Ranked as everywhere: score, then who reached it first, then racer id.
    ///
    /// Costs a sort of the field for each point: 1,000 riders over 300 s take some 20 ms, and 2 bytes a place.
    pub fn of(rides: &[(RacerId, &[Score])], seconds: u16) -> Self {
        let every = seconds.div_ceil(MOST_POINTS).max(1);
        let points = usize::from(seconds / every);
        let riders: HashMap<_, _> = rides.iter().enumerate().map(|(at, (racer, _))| (*racer, at)).collect();
        let mut places = vec![0; rides.len() * points];
        let mut order: Vec<(Reverse<Score>, RacerId, usize)> = Vec::with_capacity(rides.len());
        for point in 0..points {
            let second = (point + 1) * usize::from(every);
            order.clear();
            order.extend(rides.iter().enumerate().map(|(at, (racer, trace))| {
                let score = trace.get(second - 1).or_else(|| trace.last()).copied().unwrap_or_default();
                (Reverse(score), *racer, at)
            }));
            order.sort_unstable_by(|(score, racer, at), (other_score, other_racer, other_at)| {
                let reached = |at: usize| rides[at].1.partition_point(|earlier| *earlier < score.0);
                score
                    .cmp(other_score)
                    .then_with(|| reached(*at).cmp(&reached(*other_at)))
                    .then_with(|| racer.cmp(other_racer))
            });
            for ((score, _, at), place) in order.iter().zip(1..=u16::MAX) {
                if score.0 > Score::ZERO {
                    places[at * points + point] = place;
                }
            }
        }
        Self { every, points, riders, places }
    }

    /// One rider's places; `None` for who has not ridden.
    pub fn rider(&self, racer: RacerId) -> Option<PlacesOf<'_>> {
        let first = self.riders.get(&racer)? * self.points;
        let places = &self.places[first..first + self.points];
        Some(PlacesOf { every: self.every, riders: self.riders.len(), places })
    }
}

/// How many places a rider has at most, however long the race.
const MOST_POINTS: u16 = 300;

#[cfg(test)]
mod tests {
    use super::*;

    fn racer(id: u64) -> RacerId {
        id.try_into().unwrap()
    }

    fn scores(counts: &[u64]) -> Vec<Score> {
        counts.iter().map(|count| Score::from_ten_thousandths(*count)).collect()
    }

    #[test]
    fn places_follow_the_scores_second_by_second() {
        let (ann, bea, late) = (scores(&[10, 20, 30]), scores(&[5, 30]), scores(&[0, 0, 40]));
        let rides = [(racer(7), ann.as_slice()), (racer(8), &bea), (racer(9), &late)];
        let places = Places::of(&rides, 3);
        let of = |id| places.rider(racer(id)).map(|of| of.places.to_vec());
        assert_eq!(of(7), Some(vec![1, 2, 3]), "8 had 30 before 7 had");
        assert_eq!(of(8), Some(vec![2, 1, 2]), "who has left keeps the score");
        assert_eq!(of(9), Some(vec![0, 0, 1]), "none before the first point");
        assert_eq!(of(10), None);
        assert_eq!(places.rider(racer(7)).map(|of| (of.every, of.riders)), Some((1, 3)));
    }

    #[test]
    fn a_long_race_has_no_more_points_than_a_chart_can_show() {
        let long = scores(&(1..=3_600).collect::<Vec<_>>());
        let places = Places::of(&[(racer(1), &long)], 3_600);
        let of = places.rider(racer(1)).unwrap();
        assert_eq!((of.every, of.places.len(), of.places[299]), (12, 300, 1));
        assert_eq!(Places::of(&[(racer(1), &long)], 0).rider(racer(1)).unwrap().places, [0_u16; 0]);
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn the_last_place_is_the_one_of_the_result(
            outputs in proptest::collection::vec(proptest::collection::vec(0_u64..4, 5), 1..12),
        ) {
            use crate::race::{RaceClock, Race};
            use crate::message::{Event, RaceMessage};
            let (class, id) = (1_u64.try_into().unwrap(), 10_u64.try_into().unwrap());
            let mut race = Race::new(class, id, RaceClock::new(60).unwrap());
            for (rider, seconds) in (1_u64..).zip(&outputs) {
                for (second, cadence) in (1_u64..).zip(seconds) {
                    let message = RaceMessage {
                        uuid: uuid::Uuid::nil(),
                        event: Event::Update,
                        device_timestamp: 0,
                        second: second.try_into().unwrap(),
                        race_id: id,
                        name: crate::names::default_name(racer(rider)),
                        racer_id: racer(rider),
                        class_id: class,
                        cadence: (*cadence as f64 * 10.0).try_into().unwrap(),
                        resistance: 35.0.try_into().unwrap(),
                    };
                    race.take(&message, 11 * 60_000).unwrap();
                }
            }
            let rides: Vec<_> = race.rides().map(|(racer, ride)| (racer, ride.trace())).collect();
            let places = Places::of(&rides, 5);
            for second in 1..=5_u16 {
                for standing in race.standings_after(second, 0) {
                    let place = places.rider(standing.racer_id).unwrap().places[usize::from(second) - 1];
                    let expected = if standing.score == Score::ZERO { 0 } else { standing.rank };
                    proptest::prop_assert_eq!(u32::from(place), expected);
                }
            }
        }
    }
}
