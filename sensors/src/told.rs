//! A reading as the page gets it.

use alleycat_shared::message::{self, SensorReading};
use alleycat_shared::{Cadence, Resistance};

use crate::{Origin, Reading};

/// What is told as the resistance of a bike that tells none, unless something else is wished. In per cent.
pub const DEFAULT_RESISTANCE: f64 = 35.0;

impl Reading {
    /// The reading as the page gets it. `fixed` is told for a bike that tells no resistance; one that has told
    /// it before `resists` and will tell it again in a moment.
    pub fn told(self, fixed: Option<Resistance>, resists: bool) -> Option<SensorReading> {
        let cadence = Cadence::try_from(self.cadence).ok()?;
        let (resistance, origin) = match self.resistance {
            Some(resistance) => (Resistance::try_from(resistance.percent).ok(), origin(resistance.origin)),
            None => (fixed.filter(|_| !resists), message::Origin::None),
        };
        let Self { power, heart_rate, .. } = self;
        Some(SensorReading { cadence, resistance, origin, power, heart_rate, age_ms: 0 })
    }
}

const fn origin(origin: Origin) -> message::Origin {
    match origin {
        Origin::Measured => message::Origin::Measured,
        Origin::Level => message::Origin::Level,
        Origin::SetPoint => message::Origin::SetPoint,
        Origin::Estimated => message::Origin::Estimated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regime::rpm;

    #[test]
    fn a_bike_without_a_resistance_gets_the_fixed_one_and_one_that_has_told_it_gets_none() {
        let fixed = Resistance::try_from(DEFAULT_RESISTANCE).ok();
        let told = |reading: Reading, resists| {
            let told = reading.told(fixed, resists).unwrap();
            (told.resistance.map(Resistance::get), told.origin)
        };
        assert_eq!(told(rpm(90.0), false), (Some(35.0), message::Origin::None));
        assert_eq!(told(rpm(90.0), true), (None, message::Origin::None));
        let level = rpm(90.0).percent(40.0, Origin::Level);
        assert_eq!(told(level, false), (Some(40.0), message::Origin::Level));
    }
}
