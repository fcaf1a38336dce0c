//! CSC Measurement, 0x2A5B: turns of the wheel, turns of the crank, or both.

use super::Crank;
use super::fields::{Fields, Flags};
use crate::reading::Fault;

/// The crank, if the sensor has one.
pub(super) fn read(value: &[u8]) -> Result<Option<Crank>, Fault> {
    let mut fields = Fields::of(value);
    let flags = Flags(fields.u8()?.into());
    // Wheel: revolutions of 32 bits and their time.
    fields.skip::<6>(flags.has(0))?;
    if !flags.has(1) {
        return Ok(None);
    }
    Ok(Some(Crank { revolutions: fields.u16()?, time: fields.u16()? }))
}
