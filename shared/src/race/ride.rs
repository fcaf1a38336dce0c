//! One rider's race: every second's output and the running score.

use crate::plausible::{Flags, Plausibility};
use crate::{Cadence, Millis, Output, RaceSecond, RacerName, Resistance, Score};

/// One counted second of a ride.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ridden {
    /// What it counted.
    pub output: Output,
    /// The cadence in hundredths of rpm, at most 25,000.
    pub cadence_hundredths: u16,
    /// The resistance in hundredths of a per cent, at most 10,000.
    pub resistance_hundredths: u16,
}

impl Ridden {
    /// A second at this cadence and resistance. The output is worked out before the two are rounded.
    pub fn new(cadence: Cadence, resistance: Resistance) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 250 and 100, both 0 or more"
        )]
        let hundredths = |value: f64| (value * 100.0).round() as u16;
        Self {
            output: Output::of(cadence, resistance),
            cadence_hundredths: hundredths(cadence.get()),
            resistance_hundredths: hundredths(resistance.get()),
        }
    }

    /// The cadence in rpm.
    pub fn cadence(&self) -> f64 {
        f64::from(self.cadence_hundredths) / 100.0
    }

    /// The resistance in per cent.
    pub fn resistance(&self) -> f64 {
        f64::from(self.resistance_hundredths) / 100.0
    }
}

/// What one rider has done in one race. Seconds may come in any order; each counts once.
#[derive(Clone, Debug, PartialEq)]
pub struct Ride {
    /// The rider's display name.
    pub name: RacerName,
    /// When the hub last heard of the rider.
    pub last_heard: Millis,
    /// Each second up to the latest one heard of; `None` where no message came.
    ridden: Vec<Option<Ridden>>,
    /// Score after each second, as long as `ridden`.
    scores: Vec<Score>,
    best: Output,
    counted: u16,
    plausibility: Plausibility,
}

impl Ride {
    /// A ride without a second.
    pub fn new(name: RacerName, now: Millis) -> Self {
        Self {
            name,
            last_heard: now,
            ridden: Vec::new(),
            scores: Vec::new(),
            best: Output::ZERO,
            counted: 0,
            plausibility: Plausibility::default(),
        }
    }

    /// Counts a second unless it was counted before. Returns whether it counted now.
    pub fn count(&mut self, second: RaceSecond, ridden: Ridden) -> bool {
        let index = second.index();
        if index >= self.ridden.len() {
            self.ridden.resize(index + 1, None);
            self.scores.resize(index + 1, self.score());
        }
        if self.ridden[index].is_some() {
            return false;
        }
        self.ridden[index] = Some(ridden);
        for score in &mut self.scores[index..] {
            *score += ridden.output;
        }
        self.best = self.best.max(ridden.output);
        self.counted += 1;
        self.plausibility.look(&self.ridden, index);
        true
    }

    /// Whether a second was counted.
    pub fn has(&self, second: RaceSecond) -> bool {
        self.ridden.get(second.index()).is_some_and(Option::is_some)
    }

    /// The sum of all outputs.
    pub fn score(&self) -> Score {
        self.scores.last().copied().unwrap_or_default()
    }

    /// The score as it was at the end of a second; the present one for seconds not heard of yet.
    pub fn score_at(&self, second: u16) -> Score {
        score_at(&self.scores, second)
    }

    /// The best single second.
    pub fn best(&self) -> Output {
        self.best
    }

    /// What in it no body does.
    pub fn flags(&self) -> Flags {
        self.plausibility.flags()
    }

    /// How many seconds counted.
    pub fn seconds(&self) -> u16 {
        self.counted
    }

    /// The score after each second from the first to the latest one heard of.
    pub fn trace(&self) -> &[Score] {
        &self.scores
    }

    /// Each second from the first to the latest one heard of; `None` where no message came.
    pub fn ridden(&self) -> &[Option<Ridden>] {
        &self.ridden
    }

    /// The second in which the score after `second` was reached; 0 without a score. Two rides of the same
    /// score rank by it, so it is a matter of race seconds, never of arrival.
    pub fn reached_at(&self, second: u16) -> u16 {
        let score = self.score_at(second);
        if score == Score::ZERO {
            return 0;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a race has at most 3,600 seconds")]
        let seconds_before = self.scores.partition_point(|earlier| *earlier < score) as u16;
        seconds_before + 1
    }

    /// The time in the race, in seconds, when this ride had a score; between two seconds on a straight line.
    /// `None` if it never had it, or for a score of nothing.
    pub fn time_of(&self, score: Score) -> Option<f64> {
        time_of(&self.scores, score)
    }
}

/// [`Ride::time_of`] for a trace alone.
pub(super) fn time_of(trace: &[Score], score: Score) -> Option<f64> {
    if score == Score::ZERO || trace.last().is_none_or(|last| score > *last) {
        return None;
    }
    let index = trace.partition_point(|earlier| *earlier < score);
    let before = if index == 0 { Score::ZERO } else { trace[index - 1] };
    let share = (score - before).get() / (trace[index] - before).get();
    #[expect(clippy::cast_precision_loss, reason = "a race has at most 3,600 seconds")]
    let whole = index as f64;
    Some(whole + share)
}

/// The score of a trace after a second: its last one for seconds beyond its end.
pub(super) fn score_at(trace: &[Score], second: u16) -> Score {
    match usize::from(second) {
        0 => Score::ZERO,
        n => trace.get(n - 1).or_else(|| trace.last()).copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ride(seconds: &[(u16, f64)]) -> Ride {
        let mut ride = Ride::new(RacerName::new("Ann").unwrap(), 0);
        for (second, cadence) in seconds {
            let ridden = Ridden::new((*cadence).try_into().unwrap(), 35.0.try_into().unwrap());
            ride.count(u64::from(*second).try_into().unwrap(), ridden);
        }
        ride
    }

    #[test]
    fn a_late_second_lands_where_it_belongs() {
        let in_order = ride(&[(1, 65.0), (2, 75.0), (3, 0.0), (5, 65.0)]);
        let shuffled = ride(&[(5, 65.0), (3, 0.0), (1, 65.0), (2, 75.0)]);
        assert_eq!(in_order, shuffled);
        assert_eq!(in_order.score().get(), 310.0);
        assert_eq!((in_order.score_at(2).get(), in_order.score_at(4).get()), (210.0, 210.0));
        assert_eq!((in_order.seconds(), in_order.best().get(), in_order.reached_at(60)), (4, 110.0, 5));
    }

    #[test]
    fn the_first_of_two_same_seconds_counts() {
        let mut ride = ride(&[(1, 65.0)]);
        assert!(
            !ride.count(1.try_into().unwrap(), Ridden::new(0.0.try_into().unwrap(), 0.0.try_into().unwrap()))
        );
        assert_eq!(ride.score().get(), 100.0);
    }

    #[test]
    fn time_of_a_score_lies_on_the_line_between_seconds() {
        let ride = ride(&[(1, 65.0), (2, 65.0), (4, 65.0)]);
        let at = |hundredths: u32| {
            let mut score = Score::ZERO;
            score += Output::from_ten_thousandths(hundredths * 10_000);
            ride.time_of(score)
        };
        assert_eq!((at(0), at(50), at(100), at(250), at(310)), (None, Some(0.5), Some(1.0), Some(3.5), None));
    }
}
