//! Cycling Power Measurement, 0x2A63: a power, and what of a dozen other things the meter has.

use super::Crank;
use super::fields::{Fields, Flags};
use crate::reading::Fault;

/// What is wanted of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measurement {
    pub(super) watts: f64,
    pub(super) crank: Option<Crank>,
}

/// Reads a measurement; fields that are not wanted must be there all the same if the flags say so.
pub(super) fn read(value: &[u8]) -> Result<Measurement, Fault> {
    let mut fields = Fields::of(value);
    let flags = Flags(fields.u16()?);
    // Below 0 while the pedals are turned back.
    let watts = f64::from(fields.i16()?.max(0));
    // Balance.
    fields.skip::<1>(flags.has(0))?;
    // Torque.
    fields.skip::<2>(flags.has(2))?;
    // Wheel: revolutions of 32 bits and their time.
    fields.skip::<6>(flags.has(4))?;
    let crank = match flags.has(5) {
        true => Some(Crank { revolutions: fields.u16()?, time: fields.u16()? }),
        false => None,
    };
    // Extremes of force, of torque, of angles.
    fields.skip::<4>(flags.has(6))?;
    fields.skip::<4>(flags.has(7))?;
    fields.skip::<3>(flags.has(8))?;
    // Dead spots at top and bottom, energy.
    for bit in 9..=11 {
        fields.skip::<2>(flags.has(bit))?;
    }
    Ok(Measurement { watts, crank })
}
