//! One message of the journal as bytes: fixed fields, little-endian, then the name.
//!
//! ```text
//! length u16 | version u8 | flags u8 | taken at u64 | device timestamp u64 | uuid 16 bytes | race u64 |
//! second u16 | class u8 | racer u32 | cadence f64 | resistance f64 | name, UTF-8, the rest
//! ```
//! `length` counts what follows it. Flags: 1 = `final`, 2 = came too late and is not ranked.

use alleycat_shared::message::{Event, RaceMessage};
use alleycat_shared::{Millis, RacerName};
use thiserror::Error;
use uuid::Uuid;

/// A message as the journal keeps it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// When the hub took it.
    pub(crate) at: Millis,
    /// Came after the race's grace: kept, not ranked.
    pub(crate) late: bool,
    pub(crate) message: RaceMessage,
}

/// Bytes that are no record.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the store holds bytes that are no record")]
pub(crate) struct Damaged;

impl Record {
    /// Appends the record to `out`.
    pub(crate) fn write(message: &RaceMessage, at: Millis, late: bool, out: &mut Vec<u8>) {
        let name = message.name.as_str().as_bytes();
        let length = u16::try_from(FIXED + name.len()).expect("a name has at most 24 characters");
        out.extend(length.to_le_bytes());
        let last = if message.event == Event::Final { FINAL } else { 0 };
        out.extend([VERSION, last | if late { LATE } else { 0 }]);
        out.extend(at.to_le_bytes());
        out.extend(message.device_timestamp.to_le_bytes());
        out.extend(message.uuid.as_bytes());
        out.extend(message.race_id.get().to_le_bytes());
        out.extend(message.second.get().to_le_bytes());
        out.push(message.class_id.get());
        out.extend(message.racer_id.get().to_le_bytes());
        out.extend(message.cadence.get().to_le_bytes());
        out.extend(message.resistance.get().to_le_bytes());
        out.extend(name);
    }

    /// Takes the next record from `bytes`; `None` at the end.
    pub(crate) fn read(bytes: &mut &[u8]) -> Result<Option<Self>, Damaged> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let length = usize::from(u16::from_le_bytes(take(bytes)?));
        let (mut body, rest) = bytes.split_at_checked(length).ok_or(Damaged)?;
        *bytes = rest;
        let [version, flags] = take(&mut body)?;
        if version != VERSION || flags & !(FINAL | LATE) != 0 {
            return Err(Damaged);
        }
        let at = u64::from_le_bytes(take(&mut body)?);
        let message = RaceMessage {
            event: if flags & FINAL != 0 { Event::Final } else { Event::Update },
            device_timestamp: u64::from_le_bytes(take(&mut body)?),
            uuid: Uuid::from_bytes(take(&mut body)?),
            race_id: valid(u64::from_le_bytes(take(&mut body)?))?,
            second: valid(u64::from(u16::from_le_bytes(take(&mut body)?)))?,
            class_id: valid(u64::from(u8::from_le_bytes(take(&mut body)?)))?,
            racer_id: valid(u64::from(u32::from_le_bytes(take(&mut body)?)))?,
            cadence: valid(f64::from_le_bytes(take(&mut body)?))?,
            resistance: valid(f64::from_le_bytes(take(&mut body)?))?,
            name: RacerName::new(std::str::from_utf8(body).map_err(|_| Damaged)?).map_err(|_| Damaged)?,
        };
        Ok(Some(Self { at, late: flags & LATE != 0, message }))
    }
}

/// Takes the next bytes off; there may be too few.
pub(crate) fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Damaged> {
    let (head, rest) = bytes.split_first_chunk().ok_or(Damaged)?;
    *bytes = rest;
    Ok(*head)
}

fn valid<V, T: TryFrom<V>>(value: V) -> Result<T, Damaged> {
    value.try_into().map_err(|_| Damaged)
}

const VERSION: u8 = 1;
const FINAL: u8 = 1;
const LATE: u8 = 2;
/// Bytes after the length and before the name.
const FIXED: usize = 2 + 8 + 8 + 16 + 8 + 2 + 1 + 4 + 8 + 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> RaceMessage {
        RaceMessage {
            uuid: Uuid::from_u128(0x6c4e_2a37_32f0_4b14_a2c1_3e2e_6f7c_1b5d),
            event: Event::Final,
            device_timestamp: 1_620_824_038_331,
            second: 300.try_into().unwrap(),
            race_id: 5_402_746.try_into().unwrap(),
            name: RacerName::new("Žofie 漢字").unwrap(),
            racer_id: 40_000.try_into().unwrap(),
            class_id: 6.try_into().unwrap(),
            cadence: 79.812_345.try_into().unwrap(),
            resistance: 0.1.try_into().unwrap(),
        }
    }

    #[test]
    fn what_is_written_is_read_to_the_bit() {
        let mut bytes = Vec::new();
        Record::write(&message(), 7, false, &mut bytes);
        Record::write(&message(), 8, true, &mut bytes);
        let mut rest = bytes.as_slice();
        for (at, late) in [(7, false), (8, true)] {
            let record = Record::read(&mut rest).unwrap().unwrap();
            assert_eq!(record, Record { at, late, message: message() });
        }
        assert_eq!(Record::read(&mut rest), Ok(None));
    }

    #[test]
    fn damaged_bytes_are_an_error_and_never_a_panic() {
        let mut whole = Vec::new();
        Record::write(&message(), 7, false, &mut whole);
        for length in 1..whole.len() {
            assert_eq!(Record::read(&mut &whole[..length]), Err(Damaged), "cut at {length}");
        }
        for (at, byte) in (0..whole.len()).flat_map(|at| [0, 0x7f, 0xff].map(|byte| (at, byte))) {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            let mut rest = bytes.as_slice();
            while let Ok(Some(_)) = Record::read(&mut rest) {}
        }
    }
}
