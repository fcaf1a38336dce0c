//! Resistance from power and cadence, for bikes that tell no resistance.
//!
//! `torque = 60 W / (2 pi rpm)` and `per cent = 100 torque / most`. Torque and not watts: watts double when
//! the rider merely spins twice as fast, torque at the crank is what a resistance knob changes. The scale
//! is a proposal of ours and no standard; readings say that they are [`Origin::Estimated`].

use std::collections::VecDeque;
use std::f64::consts::TAU;

use crate::{Millis, Origin, Resistance};

/// The torque in Nm that is 100 % unless configured.
pub const DEFAULT_MAX_TORQUE: f64 = 40.0;

/// Estimates the resistance of one bike.
#[derive(Clone, Debug)]
pub(crate) struct Torque {
    /// Nm at 100 %.
    most: f64,
    /// Estimates of the last moments in per cent, with their times.
    recent: VecDeque<(Millis, f64)>,
    held: Option<(Millis, f64)>,
}

impl Torque {
    /// With this torque in Nm as 100 %.
    pub(crate) const fn new(most: f64) -> Self {
        Self { most, recent: VecDeque::new(), held: None }
    }

    /// The resistance at a power in W and a cadence in rpm, smoothed over 3 s. Pedals that hardly turn say
    /// nothing of the brake: then the last estimate holds for 5 s.
    pub(crate) fn estimate(&mut self, watts: f64, rpm: f64, now: Millis) -> Option<Resistance> {
        if rpm >= LEAST_RPM && watts >= LEAST_WATTS {
            self.recent.push_back((now, percent(watts, rpm, self.most)));
            while self.recent.len() > MOST_RECENT
                || self.recent.front().is_some_and(|(at, _)| now.saturating_sub(*at) > SMOOTH_MS)
            {
                self.recent.pop_front();
            }
            #[expect(clippy::cast_precision_loss, reason = "a handful of samples")]
            let mean = self.recent.iter().map(|(_, percent)| percent).sum::<f64>() / self.recent.len() as f64;
            self.held = Some((now, mean));
        }
        let (_, percent) = self.held.filter(|(at, _)| now.saturating_sub(*at) <= HOLD_MS)?;
        Resistance::new(percent, Origin::Estimated)
    }
}

fn percent(watts: f64, rpm: f64, most: f64) -> f64 {
    let torque = 60.0 * watts / (TAU * rpm);
    (100.0 * torque / most).clamp(0.0, 100.0)
}

const LEAST_RPM: f64 = 20.0;
const LEAST_WATTS: f64 = 5.0;
const SMOOTH_MS: Millis = 3_000;
const HOLD_MS: Millis = 5_000;
/// The most samples in 3 s: a bound, whatever the bike does.
const MOST_RECENT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torque_gives_the_percentage() {
        // [C] all
        let table = [(25, 60, 9.9), (100, 60, 39.8), (150, 85, 42.1), (250, 90, 66.3), (300, 70, 100.0)];
        for (watts, rpm, expected) in table {
            let mut torque = Torque::new(DEFAULT_MAX_TORQUE);
            let resistance = torque.estimate(f64::from(watts), f64::from(rpm), 0).unwrap();
            assert_eq!((resistance.percent, resistance.origin), (expected, Origin::Estimated), "{watts} W");
        }
    }

    #[test]
    fn slow_pedals_hold_the_last_estimate_and_then_there_is_none() {
        let mut torque = Torque::new(DEFAULT_MAX_TORQUE);
        assert_eq!(torque.estimate(0.0, 0.0, 0), None);
        torque.estimate(100.0, 60.0, 1_000);
        for (rpm, now, expected) in [(19.0, 2_000, Some(39.8)), (0.0, 6_000, Some(39.8)), (0.0, 6_001, None)]
        {
            let told = torque.estimate(100.0, rpm, now).map(|resistance| resistance.percent);
            assert_eq!(told, expected, "at {now}");
        }
    }

    #[test]
    fn estimates_are_smoothed_over_three_seconds() {
        let mut torque = Torque::new(DEFAULT_MAX_TORQUE);
        torque.estimate(100.0, 60.0, 0);
        let mean = torque.estimate(200.0, 60.0, 1_000).unwrap().percent;
        assert_eq!(mean, 59.7);
        assert_eq!(torque.estimate(200.0, 60.0, 3_500).unwrap().percent, 79.6, "the first is forgotten");
    }
}
