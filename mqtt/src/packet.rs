//! What both ends know of a packet before they read it: its type's number, its flags, its lengths.

use crate::adapter::Violation;

pub(crate) const CONNECT: u8 = 1;
pub(crate) const CONNACK: u8 = 2;
pub(crate) const PUBLISH: u8 = 3;
pub(crate) const PUBACK: u8 = 4;
pub(crate) const PUBREC: u8 = 5;
pub(crate) const PUBREL: u8 = 6;
pub(crate) const PUBCOMP: u8 = 7;
pub(crate) const SUBSCRIBE: u8 = 8;
pub(crate) const SUBACK: u8 = 9;
pub(crate) const UNSUBSCRIBE: u8 = 10;
pub(crate) const UNSUBACK: u8 = 11;
pub(crate) const PINGREQ: u8 = 12;
pub(crate) const PINGRESP: u8 = 13;
pub(crate) const DISCONNECT: u8 = 14;
/// The largest value of a two-byte length, in bytes.
pub(crate) const MAX_FIELD: usize = 65_535;
/// The largest remaining length, of four bytes.
pub(crate) const MAX_REMAINING: usize = 268_435_455;

/// Checks the flags in a first byte: [MQTT-2.2.2-2], and for PUBLISH [MQTT-3.3.1-2] and [MQTT-3.3.1-4].
pub(crate) fn check_flags(kind: u8, flags: u8) -> Result<(), Violation> {
    let right = match kind {
        PUBLISH => {
            let (qos, dup) = (flags >> 1 & 3, flags & 8 != 0);
            qos != 3 && (qos > 0 || !dup)
        }
        PUBREL | SUBSCRIBE | UNSUBSCRIBE => flags == 0b0010,
        _ => flags == 0,
    };
    if right { Ok(()) } else { Err(Violation::Flags(flags)) }
}

/// The remaining length and how many bytes it took, or `None` while it is cut off.
pub(crate) fn remaining_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, Violation> {
    let mut length = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let shortest = index == 0 || *byte != 0;
            return if shortest { Ok(Some((index + 1, length))) } else { Err(Violation::RemainingLength) };
        }
    }
    if bytes.len() >= 4 { Err(Violation::RemainingLength) } else { Ok(None) }
}
