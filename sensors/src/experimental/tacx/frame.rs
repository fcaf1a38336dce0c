//! Frames: 01, upper-case hexadecimal digits, a CRC of four more, 17.
//!
//! CRC-16/ARC (polynomial A001 reflected, start 0) over the 01 and the digits, low byte first.

use crate::Counters;
use crate::experimental::pairs;
use crate::reading::Fault;

/// Finds frames among bytes.
#[derive(Debug, Default)]
pub(super) struct Frames {
    inside: Option<Vec<u8>>,
}

/// A frame of a payload.
pub(super) fn bytes(payload: &[u8]) -> Vec<u8> {
    let digits: String = payload.iter().map(|byte| format!("{byte:02X}")).collect();
    let [low, high] = crc(digits.as_bytes()).to_le_bytes();
    [&[START], digits.as_bytes(), format!("{low:02X}{high:02X}").as_bytes(), &[END]].concat()
}

impl Frames {
    /// Takes in a byte; returns the payload of the frame that it ends. All else is counted.
    pub(super) fn push(&mut self, byte: u8, counters: &mut Counters) -> Option<Vec<u8>> {
        match (byte, &mut self.inside) {
            (START, inside) => {
                let cut = inside.replace(Vec::new());
                counters.skipped += cut.map_or(0, |cut| cut.len() as u64 + 1);
            }
            (_, None) => counters.skipped += 1,
            (END, Some(inside)) => {
                let outcome = payload(inside);
                self.inside = None;
                return outcome.map_err(|fault| counters.bad.count(fault)).ok();
            }
            (byte, Some(inside)) if inside.len() < MOST_DIGITS => inside.push(byte),
            (_, Some(inside)) => {
                counters.skipped += inside.len() as u64 + 2;
                self.inside = None;
            }
        }
        None
    }
}

fn payload(inside: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut bytes = pairs(inside).filter(|bytes| bytes.len() >= 3).ok_or(Fault::Form)?;
    let told = bytes.split_off(bytes.len() - 2);
    if told != crc(&inside[..inside.len() - 4]).to_le_bytes() {
        return Err(Fault::Checksum);
    }
    Ok(bytes)
}

fn crc(digits: &[u8]) -> u16 {
    [START].iter().chain(digits).fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xa001 } else { crc >> 1 })
    })
}

const START: u8 = 0x01;
const END: u8 = 0x17;
/// The most digits of a frame.
const MOST_DIGITS: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_the_source_s_check() {
        // [C] the version request
        assert_eq!(bytes(&[2, 0, 0, 0]), b"\x010200000043A8\x17");
        // [S] the brake is starting, and its version
        for inside in ["FF020000CDFF9D81", "030C000065090000BAC47718080C0000C470"] {
            assert!(payload(inside.as_bytes()).is_ok(), "{inside}");
        }
    }
}
