//! The riders of now against everybody's record ride, at the same second of the race.

use crate::message::{AllTime, AllTimeRow};
use crate::race::Standing;
use crate::race::ride::score_at;
use crate::race::view::since;
use crate::{RacerId, RacerName, Score};

/// How many record rides a rider sees above, and as many below: the one to hunt and the one that hunts.
/// More would not fit the 2 KB a second that a page may cost.
pub const ALL_TIME_NEIGHBOURS: usize = 1;

/// A rider's best official ride of the class.
#[derive(Clone, Copy, Debug)]
pub struct RecordRide<'a> {
    /// Who rode it.
    pub racer_id: RacerId,
    /// The display name then.
    pub name: &'a RacerName,
    /// The score after each second.
    pub trace: &'a [Score],
}

/// All record rides of a class as they stood after one second, best first: made once a second for all.
pub struct AllTimeField<'a> {
    second: u16,
    rides: Vec<(Score, RecordRide<'a>)>,
}

impl<'a> AllTimeField<'a> {
    /// The record rides after a second.
    pub fn after(second: u16, rides: impl Iterator<Item = RecordRide<'a>>) -> Self {
        let mut rides: Vec<_> = rides.map(|ride| (score_at(ride.trace, second), ride)).collect();
        rides.sort_unstable_by_key(|(score, ride)| (std::cmp::Reverse(*score), ride.racer_id));
        Self { second, rides }
    }

    /// How a rider stands among them; `record` is the trace of the rider's own, if it is one of them. `None`
    /// without anybody else's record ride.
    pub fn seen_by(&self, own: &Standing<'_>, record: Option<&[Score]>) -> Option<AllTime> {
        let count = self.rides.len() - usize::from(record.is_some());
        if count == 0 {
            return None;
        }
        let others = |(_, ride): &&(Score, RecordRide<'a>)| ride.racer_id != own.racer_id;
        let split = self.rides.partition_point(|(score, _)| *score >= own.score);
        let above_self = record.is_some_and(|trace| score_at(trace, self.second) >= own.score);
        let index = split - usize::from(above_self);
        let row = |place: usize, (score, ride): &(Score, RecordRide<'a>)| AllTimeRow {
            rank: number(place),
            racer_id: ride.racer_id,
            name: ride.name.clone(),
            score: *score,
            gap_seconds: if place <= index {
                since(ride.trace, own.score, self.second)
            } else {
                since(own.ride.trace(), *score, self.second).map(|seconds| -seconds)
            },
        };
        let above = self.rides[..split].iter().rev().filter(others).take(ALL_TIME_NEIGHBOURS);
        let mut above: Vec<_> = above.zip(0..).map(|(ride, up)| row(index - up, ride)).collect();
        above.reverse();
        let below = self.rides[split..].iter().filter(others).take(ALL_TIME_NEIGHBOURS);
        let below = below.zip(index + 2..).map(|(ride, place)| row(place, ride)).collect();
        Some(AllTime { rank: number(index + 1), riders: number(count + 1), above, below })
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{BoardMessage, BoardRow};
    use crate::race::{Ridden, Ride};
    use crate::{ClassId, names};

    /// A ride of 10 seconds at this output a second.
    fn ride(output: u32) -> Ride {
        let mut ride = Ride::new(RacerName::new("Ann").unwrap(), 0);
        for second in 1..=10_u64 {
            let cadence = f64::from(output) - 35.0;
            let ridden = Ridden::new(cadence.try_into().unwrap(), 35.0.try_into().unwrap());
            ride.count(second.try_into().unwrap(), ridden);
        }
        ride
    }

    fn standing(racer: u64, ride: &Ride, second: u16) -> Standing<'_> {
        let score = ride.score_at(second);
        Standing {
            rank: 1,
            racer_id: racer.try_into().unwrap(),
            ride,
            second,
            score,
            dim: false,
            gone: false,
            flagged: false,
            disqualified: false,
        }
    }

    /// How racer 5, at 100 a second, stands after a second among records of (racer, output).
    fn seen(second: u16, records: &[(u64, u32)]) -> Option<AllTime> {
        let rides: Vec<_> = records.iter().map(|(racer, output)| (*racer, ride(*output))).collect();
        let records = rides.iter().map(|(racer, ride)| RecordRide {
            racer_id: (*racer).try_into().unwrap(),
            name: &ride.name,
            trace: ride.trace(),
        });
        let own = rides.iter().find(|(racer, _)| *racer == 5).map(|(_, ride)| ride.trace());
        AllTimeField::after(second, records).seen_by(&standing(5, &ride(100), second), own)
    }

    fn lines(rows: &[AllTimeRow]) -> Vec<(u32, u32, Option<f64>)> {
        rows.iter().map(|row| (row.rank, row.racer_id.get(), row.gap_seconds)).collect()
    }

    #[test]
    fn records_are_compared_at_the_same_second_and_the_own_one_is_left_out() {
        let records = [(1, 130), (2, 120), (3, 110), (5, 105), (6, 90), (7, 80), (8, 70)];
        let view = seen(5, &records).unwrap();
        assert_eq!((view.rank, view.riders), (4, 7));
        // Racer 3 had my 500 after 4.5 s; I had racer 6's 450 after 4.5 s.
        assert_eq!(
            (lines(&view.above), lines(&view.below)),
            (vec![(3, 3, Some(0.5))], vec![(5, 6, Some(-0.5))])
        );
        assert_eq!(view.above[0].score.get(), 550.0, "its score then, not its final one");
    }

    #[test]
    fn the_ends_and_ties_and_nobody_at_all() {
        let first = seen(5, &[(1, 90), (5, 99)]).unwrap();
        assert_eq!((first.rank, first.riders, first.above.len()), (1, 2, 0));
        let last = seen(5, &[(1, 110), (5, 101)]).unwrap();
        assert_eq!((last.rank, last.riders, last.below.len()), (2, 2, 0));
        let tied = seen(5, &[(1, 100)]).unwrap();
        assert_eq!((tied.rank, lines(&tied.above)), (2, vec![(1, 1, Some(0.0))]));
        assert_eq!((seen(5, &[]), seen(5, &[(5, 100)])), (None, None));
        assert_eq!(seen(0, &[(1, 100)]).unwrap().above[0].gap_seconds, None);
    }

    #[test]
    fn a_page_in_a_race_gets_under_two_kilobytes_a_second() {
        // Late in a race of 1,000 with the longest of the usual names.
        let own = ride(250);
        let name = names::default_name(40_000.try_into().unwrap());
        let score = Score::from_ten_thousandths(712_345_678);
        let row = BoardRow {
            rank: 999,
            racer_id: 40_000.try_into().unwrap(),
            name,
            score,
            dim: false,
            gone: false,
            flagged: false,
            disqualified: false,
        };
        let class_id = ClassId::try_from(6).unwrap();
        let race_id = 5_402_746.try_into().unwrap();
        let top = vec![row.clone(); super::super::TOP];
        let board = BoardMessage {
            class_id,
            race_id,
            second: 300,
            server_time: 1_620_824_038_331,
            riders: 1_000,
            top,
        };
        let neighbour =
            crate::message::Neighbour { row: row.clone(), gap: -1_234.567_8, gap_seconds: Some(-12.3) };
        let near = vec![neighbour; super::super::NEIGHBOURS];
        let record = AllTimeRow {
            rank: 40_000,
            racer_id: row.racer_id,
            name: row.name.clone(),
            score,
            gap_seconds: Some(-12.3),
        };
        let records = vec![record; ALL_TIME_NEIGHBOURS];
        let view = crate::message::RiderMessage {
            class_id,
            race_id,
            second: 300,
            server_time: 1_620_824_038_331,
            riders: 1_000,
            own: row,
            best: own.best(),
            above: near.clone(),
            below: near,
            record: Some(crate::message::OwnRecord {
                score,
                // Told in one second of ten.
                race_id: None,
                ahead: -1_234.567_8,
                ahead_seconds: Some(-12.3),
            }),
            all_time: Some(AllTime { rank: 40_000, riders: 40_001, above: records.clone(), below: records }),
        };
        let bytes = serde_json::to_vec(&board).unwrap().len() + serde_json::to_vec(&view).unwrap().len();
        // Two packets with their topics, and one WebSocket header.
        assert!(bytes + 80 < 2_000, "{bytes}");
    }
}
