//! Event counters to cadence: a sensor tells how many revolutions there were and when the last one was.
//!
//! `rpm = 60000 · Δrevolutions / Δms`, both counters wrapping. The rules for repeated events follow
//! GoldenCheetah's ANT channel: between events the cadence can only be lower than one turn in the time
//! since the last one, and below half of the last measured value it is a stop.

use crate::Millis;
use crate::reading::MAX_CADENCE;

/// Turns a sensor's two counters into cadence.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EventCounter {
    last: Option<Event>,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    revolutions: u32,
    time: u32,
    arrived: Millis,
    rpm: Option<f64>,
    stopped: bool,
}

/// How wide the two counters are, and the time unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Units {
    /// Ticks of the sensor's clock in a second.
    ticks_per_second: u32,
    /// The clock starts again from 0 after this value.
    time_mask: u32,
    /// Revolutions start again from 0 after this value.
    revolutions_mask: u32,
}

impl Units {
    /// Cadence sensors of Bluetooth and ANT+: 16 bits, 1/1024 s.
    pub(crate) const CRANK: Self = Self::wide(1_024, 0xffff);
    /// ANT+ crank torque: 8 bits of events, 1/2048 s.
    pub(crate) const CRANK_TORQUE: Self = Self::wide(2_048, 0xff);
    /// ANT+ crank torque frequency, as of SRM: 8 bits of events, 1/2000 s.
    pub(crate) const CRANK_FREQUENCY: Self = Self::wide(2_000, 0xff);
    /// A microcontroller's millisecond clock: 32 bits.
    pub(crate) const MILLIS: Self =
        Self { ticks_per_second: 1_000, time_mask: u32::MAX, revolutions_mask: u32::MAX };

    /// A clock of 16 bits.
    const fn wide(ticks_per_second: u32, revolutions_mask: u32) -> Self {
        Self { ticks_per_second, time_mask: 0xffff, revolutions_mask }
    }
}

impl EventCounter {
    /// Takes in a sample; `None` while nothing trustworthy can be said.
    pub(crate) fn sample(&mut self, units: Units, revolutions: u32, time: u32, now: Millis) -> Option<f64> {
        let base = Event { revolutions, time, arrived: now, rpm: None, stopped: false };
        let Some(last) = self.last else {
            self.last = Some(base);
            return None;
        };
        let turns = revolutions.wrapping_sub(last.revolutions) & units.revolutions_mask;
        let ticks = time.wrapping_sub(last.time) & units.time_mask;
        // Some sensors move their clock while coasting: without a turn there is no new event.
        if ticks == 0 || turns == 0 {
            return self.idle(now);
        }
        if now.saturating_sub(last.arrived) > AMBIGUOUS_MS {
            // Who stood still is not unknown again for one push of the pedals.
            self.last = Some(Event { rpm: last.rpm.filter(|_| last.stopped), stopped: last.stopped, ..base });
            return None;
        }
        let rpm = 60.0 * f64::from(units.ticks_per_second) * f64::from(turns) / f64::from(ticks);
        if rpm > MAX_CADENCE {
            self.last = Some(base);
            return None;
        }
        self.last = Some(Event { rpm: Some(rpm), ..base });
        Some(rpm)
    }

    /// The cadence while no new event comes: falling, then 0 for good.
    pub(crate) fn idle(&mut self, now: Millis) -> Option<f64> {
        let last = self.last.as_mut()?;
        let rpm = last.rpm?;
        let silence = now.saturating_sub(last.arrived);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of one ride")]
        let bound = if silence == 0 { rpm } else { (60_000.0 / silence as f64).min(rpm) };
        last.stopped |= bound < rpm / 2.0 || silence >= STOP_MS;
        Some(if last.stopped { 0.0 } else { bound })
    }
}

/// The pedals stand still after this long without an event. In ms.
const STOP_MS: Millis = 3_000;
/// After this long a 16-bit clock may have wrapped any number of times. In ms.
const AMBIGUOUS_MS: Millis = 60_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(first: (u32, u32), second: (u32, u32)) -> Option<f64> {
        let mut counter = EventCounter::default();
        assert_eq!(counter.sample(Units::CRANK, first.0, first.1, 0), None);
        counter.sample(Units::CRANK, second.0, second.1, 1_000).map(|rpm| (rpm * 100.0).round() / 100.0)
    }

    #[test]
    fn pairs_of_samples_give_the_cadence() {
        // [C] all
        assert_eq!(pair((100, 1_000), (101, 2_024)), Some(60.0));
        assert_eq!(pair((65_535, 65_000), (1, 829)), Some(90.02));
        assert_eq!(pair((50, 10_000), (52, 11_536)), Some(80.0));
        assert_eq!(pair((10, 5_000), (11, 5_683)), Some(89.96));
        assert_eq!(pair((500, 40_000), (1, 1_024)), None, "a restart is a new base");
    }

    #[test]
    fn counters_of_eight_bits_wrap() {
        // Extras: both counters start again.
        for (units, first, second, expected) in [
            (Units::CRANK_TORQUE, (255, 65_000), (1, 2_584), 78.8),
            (Units::CRANK_FREQUENCY, (255, 64_000), (1, 1_464), 80.0),
        ] {
            let mut counter = EventCounter::default();
            counter.sample(units, first.0, first.1, 0);
            let rpm = counter.sample(units, second.0, second.1, 1_500).unwrap();
            assert_eq!((rpm * 10.0).round() / 10.0, expected, "{units:?}");
        }
    }

    #[test]
    fn a_clock_that_runs_while_coasting_is_no_event_and_three_seconds_are_a_stop() {
        let mut counter = EventCounter::default();
        counter.sample(Units::CRANK, 1, 1_000, 0);
        // 30 rpm
        assert_eq!(counter.sample(Units::CRANK, 2, 3_048, 2_000), Some(30.0));
        assert_eq!(counter.sample(Units::CRANK, 2, 3_148, 3_000), Some(30.0));
        assert_eq!(counter.sample(Units::CRANK, 2, 5_900, 4_990).map(f64::round), Some(20.0));
        assert_eq!(counter.sample(Units::CRANK, 2, 5_948, 5_000), Some(0.0));
    }

    #[test]
    fn without_events_the_cadence_falls_and_stays_at_zero() {
        // [C] last measured 90 rpm
        let trace = [
            (250, 90.0),
            (500, 90.0),
            (650, 90.0),
            (750, 80.0),
            (1_000, 60.0),
            (1_250, 48.0),
            (1_330, 45.1),
            (1_340, 0.0),
            (1_341, 0.0),
        ];
        let mut counter = EventCounter::default();
        counter.sample(Units::MILLIS, 0, 0, 0);
        counter.sample(Units::MILLIS, 3, 2_000, 10_000);
        for (after, expected) in trace {
            let rpm = counter.idle(10_000 + after).unwrap();
            assert_eq!((rpm * 10.0).round() / 10.0, expected, "after {after} ms");
        }
    }

    #[test]
    fn a_sensor_that_repeats_itself_for_minutes_tells_a_standstill_all_the_while() {
        let mut counter = EventCounter::default();
        counter.sample(Units::CRANK, 1, 1_000, 0);
        assert_eq!(counter.sample(Units::CRANK, 2, 2_024, 1_000), Some(60.0));
        for now in (4_000..184_000).step_by(250) {
            assert_eq!(counter.sample(Units::CRANK, 2, 2_024, now), Some(0.0), "at {now}");
        }
        // One push after that: when it began can't be told, and that it is over can.
        assert_eq!(counter.sample(Units::CRANK, 3, 60_000, 184_000), None);
        assert_eq!(counter.sample(Units::CRANK, 3, 60_000, 184_250), Some(0.0));
        assert_eq!(counter.sample(Units::CRANK, 4, 61_024, 185_000), Some(60.0));
    }

    #[test]
    fn a_long_gap_is_a_new_base() {
        let mut counter = EventCounter::default();
        counter.sample(Units::CRANK, 1, 1_000, 0);
        assert_eq!(counter.sample(Units::CRANK, 2, 2_024, 60_001), None);
        assert_eq!(counter.sample(Units::CRANK, 3, 3_048, 61_001), Some(60.0));
    }
}
