//! How a simulated rider rides: the AWS sample's model, its permanent range depending on the id alone.

use alleycat_shared::{Cadence, RaceId, RacerId, Resistance};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A rider in one race: cadence and resistance rise on a straight line from the race's first second to
/// its last.
///
/// A rider's permanent range is a pair of nested draws: cadence in 30..=90 rpm, resistance in 33..=86 %.
/// Each race is ridden in a range drawn from within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiderModel {
    cadence: (u32, u32),
    resistance: (u32, u32),
}

impl RiderModel {
    /// The rider in a race. `seed` changes the day's form, never the rider's permanent range.
    pub fn new(racer: RacerId, race: RaceId, seed: u64) -> Self {
        let racer = u64::from(racer.get());
        let mut body = ChaCha8Rng::seed_from_u64(racer);
        let cadence = nested(&mut body, CADENCE);
        let resistance = nested(&mut body, RESISTANCE);
        let mut day = ChaCha8Rng::seed_from_u64(seed ^ race.get().rotate_left(32) ^ racer.rotate_left(16));
        Self { cadence: nested(&mut day, cadence), resistance: nested(&mut day, resistance) }
    }

    /// Cadence and resistance when `progress` (0 to 1) of the race is done, to one decimal as a sensor
    /// gives them.
    pub fn at(&self, progress: f64) -> (Cadence, Resistance) {
        let progress = progress.clamp(0.0, 1.0);
        let on_line = |(from, to): (u32, u32)| f64::from(from) + f64::from(to - from) * progress;
        let cadence = Cadence::try_from(on_line(self.cadence)).expect("within 30..=90");
        let resistance = Resistance::try_from(on_line(self.resistance)).expect("within 33..=86");
        (cadence.to_tenth(), resistance.to_tenth())
    }
}

/// A range within a range: its lower end first, then its upper end above that.
fn nested(random: &mut ChaCha8Rng, (from, to): (u32, u32)) -> (u32, u32) {
    let low = random.random_range(from..=to);
    (low, random.random_range(low..=to))
}

const CADENCE: (u32, u32) = (30, 90);
const RESISTANCE: (u32, u32) = (33, 86);

#[cfg(test)]
mod tests {
    use super::*;

    fn model(racer: u64, race: u64, seed: u64) -> RiderModel {
        RiderModel::new(racer.try_into().unwrap(), race.try_into().unwrap(), seed)
    }

    #[test]
    fn rides_stay_in_range_and_never_fall() {
        for racer in 0..500 {
            let model = model(racer, 1, 1);
            let mut last = (0.0, 0.0);
            for second in 1..=300 {
                let (cadence, resistance) = model.at(f64::from(second) / 300.0);
                let now = (cadence.get(), resistance.get());
                assert!((30.0..=90.0).contains(&now.0) && (33.0..=86.0).contains(&now.1), "{now:?}");
                assert!(now.0 >= last.0 && now.1 >= last.1, "{racer}: {last:?} then {now:?}");
                last = now;
            }
        }
    }

    #[test]
    fn the_same_seed_rides_the_same_race_and_another_does_not() {
        assert_eq!(model(7, 1, 1), model(7, 1, 1));
        let differs = |other: fn(u64) -> RiderModel| {
            (0..50).filter(|racer| model(*racer, 1, 1) != other(*racer)).count()
        };
        assert!(differs(|racer| model(racer, 2, 1)) > 40);
        assert!(differs(|racer| model(racer, 1, 2)) > 40);
        assert!(differs(|racer| model(racer + 1, 1, 1)) > 40);
    }
}
