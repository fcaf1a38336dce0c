//! Indoor Bike Data, 0x2AD2, and the range of its resistance, 0x2AD6.
//!
//! A bike may spread one record over several notifications: each tells what it has, and the decoder puts
//! together what comes within the same moments.

use super::Told;
use super::fields::{Fields, Flags};
use crate::Resistance;
use crate::reading::Fault;

/// Reads a notification. The text of FTMS 1.0 has the cadence's bit the wrong way round in one table; bikes
/// set it where the cadence is there.
pub(super) fn read(value: &[u8], range: &mut Range) -> Result<Told, Fault> {
    let mut fields = Fields::of(value);
    let flags = Flags(fields.u16()?);
    // Speed, which is there while "more data" is not set, and its mean.
    fields.skip::<2>(!flags.has(0))?;
    fields.skip::<2>(flags.has(1))?;
    let cadence = flags.has(2).then(|| fields.u16()).transpose()?;
    // Its mean, the distance.
    fields.skip::<2>(flags.has(3))?;
    fields.skip::<3>(flags.has(4))?;
    let level = flags.has(5).then(|| fields.i16()).transpose()?;
    let power = flags.has(6).then(|| fields.i16()).transpose()?;
    // Its mean, energies.
    fields.skip::<2>(flags.has(7))?;
    fields.skip::<5>(flags.has(8))?;
    let heart_rate = flags.has(9).then(|| fields.u8()).transpose()?;
    // Metabolic equivalent, elapsed and remaining time.
    fields.skip::<1>(flags.has(10))?;
    fields.skip::<2>(flags.has(11))?;
    fields.skip::<2>(flags.has(12))?;
    Ok(Told {
        cadence: cadence.map(|halves| f64::from(halves) / 2.0),
        power: power.map(|watts| f64::from(watts.max(0))),
        resistance: level.and_then(|level| range.percent(level.into())),
        heart_rate: heart_rate.map(f64::from),
    })
}

/// From the easiest to the hardest level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    easiest: f64,
    hardest: f64,
    /// Levels are told whole, and the range in tenths.
    tenths: bool,
}

impl Default for Range {
    /// A bike that tells none is taken to mean per cent.
    fn default() -> Self {
        Self { easiest: 0.0, hardest: 100.0, tenths: false }
    }
}

impl Range {
    /// Reads the range: by the standard in tenths, while levels are whole. Bikes that have it in whole levels
    /// give themselves away by a step that is no multiple of ten.
    pub(super) fn read(value: &[u8]) -> Result<Self, Fault> {
        let mut fields = Fields::of(value);
        let (easiest, hardest, step) = (fields.i16()?, fields.i16()?, fields.u16()?);
        if easiest >= hardest {
            return Err(Fault::Range);
        }
        let tenths = step > 0 && step % 10 == 0 && easiest % 10 == 0 && hardest % 10 == 0;
        Ok(Self { easiest: easiest.into(), hardest: hardest.into(), tenths })
    }

    /// A level in per cent. A bike whose level is beyond the range in tenths tells levels in tenths as well.
    fn percent(&mut self, level: f64) -> Option<Resistance> {
        self.tenths &= 10.0 * level <= self.hardest;
        let level = if self.tenths { 10.0 * level } else { level };
        Resistance::level(level, self.easiest, self.hardest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(easiest: i16, hardest: i16, step: u16) -> Result<Range, Fault> {
        Range::read(&[easiest.to_le_bytes(), hardest.to_le_bytes(), step.to_le_bytes()].concat())
    }

    #[test]
    fn levels_are_scaled_by_the_range_whatever_its_unit() {
        // [C] all: level 12 of 1 to 32 is 35.5 %, as for other bikes with 32 levels.
        let table = [
            ((10, 320, 10), vec![12.0, 1.0, 32.0], vec![35.5, 0.0, 100.0]),
            ((1, 32, 1), vec![12.0, 1.0, 40.0], vec![35.5, 0.0, 100.0]),
            ((0, 100, 1), vec![37.0, -3.0], vec![37.0, 0.0]),
            // Once it is clear that levels come in tenths they stay so.
            ((10, 320, 10), vec![120.0, 20.0], vec![35.5, 3.2]),
        ];
        for ((easiest, hardest, step), levels, percents) in table {
            let mut range = range(easiest, hardest, step).unwrap();
            let told: Vec<_> = levels.iter().map(|level| range.percent(*level).unwrap().percent).collect();
            assert_eq!(told, percents, "{easiest} to {hardest} by {step}");
        }
    }

    #[test]
    fn a_range_that_is_none_is_refused() {
        assert_eq!((range(5, 5, 1), range(9, 1, 1)), (Err(Fault::Range), Err(Fault::Range)));
        assert_eq!(Range::read(&[0, 0, 100, 0, 1]), Err(Fault::Form));
    }
}
