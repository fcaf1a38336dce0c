//! Frames: F1, contents, the XOR of the contents, F2; F0 to F3 inside are written as F3 and 0 to 3.
//!
//! An extended frame begins with F0, a destination and a source instead of F1. A start byte begins a new
//! frame wherever it comes.

use crate::Counters;
use crate::reading::Fault;

/// Finds frames among bytes.
#[derive(Debug, Default)]
pub(super) struct Frames {
    inside: Option<Inside>,
}

/// A frame that has begun.
#[derive(Debug, Default)]
struct Inside {
    /// Without the stuffing.
    bytes: Vec<u8>,
    /// The last byte was F3.
    stuffed: bool,
    extended: bool,
    /// A byte that can't follow F3, or too many of them.
    broken: bool,
    raw: u64,
}

/// The frame of contents.
pub(super) fn bytes(contents: &[u8]) -> Vec<u8> {
    let sum = contents.iter().fold(0, |sum, byte| sum ^ byte);
    let mut frame = vec![START];
    for byte in contents.iter().copied().chain([sum]) {
        match byte {
            EXTENDED..=STUFF => frame.extend([STUFF, byte - EXTENDED]),
            plain => frame.push(plain),
        }
    }
    frame.push(END);
    frame
}

impl Frames {
    /// Takes in a byte; returns the contents of the frame that it ends. All else is counted.
    pub(super) fn push(&mut self, byte: u8, counters: &mut Counters) -> Option<Vec<u8>> {
        match (byte, &mut self.inside) {
            (START | EXTENDED, inside) => {
                let begun = Inside { extended: byte == EXTENDED, raw: 1, ..Inside::default() };
                counters.skipped += inside.replace(begun).map_or(0, |cut| cut.raw);
            }
            (_, None) => counters.skipped += 1,
            (END, Some(inside)) => {
                let outcome = inside.contents();
                self.inside = None;
                return outcome.map_err(|fault| counters.bad.count(fault)).ok();
            }
            (byte, Some(inside)) => inside.push(byte),
        }
        None
    }
}

impl Inside {
    fn push(&mut self, byte: u8) {
        self.raw += 1;
        match (std::mem::take(&mut self.stuffed), byte) {
            (false, STUFF) => self.stuffed = true,
            (true, 0..=3) => self.bytes.push(EXTENDED + byte),
            (true, _) => self.broken = true,
            (false, plain) => self.bytes.push(plain),
        }
        if self.bytes.len() > MOST_BYTES {
            self.broken = true;
            self.bytes.clear();
        }
    }

    fn contents(&mut self) -> Result<Vec<u8>, Fault> {
        let mut bytes = std::mem::take(&mut self.bytes);
        if self.broken || self.stuffed {
            return Err(Fault::Form);
        }
        let sum = bytes.pop().ok_or(Fault::Form)?;
        if self.extended {
            // Nobody says whether the addresses are part of the sum.
            let (addresses, contents) = bytes.split_at_checked(2).ok_or(Fault::Form)?;
            let apart = xor(contents);
            if sum != apart && sum != apart ^ xor(addresses) {
                return Err(Fault::Checksum);
            }
            return Ok(contents.to_vec());
        }
        if xor(&bytes) == sum { Ok(bytes) } else { Err(Fault::Checksum) }
    }
}

fn xor(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

const EXTENDED: u8 = 0xf0;
const START: u8 = 0xf1;
const END: u8 = 0xf2;
const STUFF: u8 = 0xf3;
/// The longest contents: a frame has at most 96 bytes.
const MOST_BYTES: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regime;

    fn read(frame: &[u8]) -> (Vec<Vec<u8>>, Counters) {
        let (mut frames, mut counters) = (Frames::default(), Counters::default());
        let read = frame.iter().filter_map(|byte| frames.push(*byte, &mut counters)).collect();
        (read, counters)
    }

    #[test]
    fn requests_are_those_of_the_sources() {
        // [C]
        let table = [
            ("A7", "F1 A7 A7 F2"),
            ("B4", "F1 B4 B4 F2"),
            ("A7 B4", "F1 A7 B4 13 F2"),
            ("A5 A7 B4 A4", "F1 A5 A7 B4 A4 12 F2"),
        ];
        for (contents, frame) in table {
            assert_eq!(bytes(&regime::bytes(contents)), regime::bytes(frame));
        }
    }

    #[test]
    fn a_valid_frame_of_anything_is_valid_and_another_sum_is_not() {
        // [S] csafe-fitness
        assert_eq!(read(&regime::bytes("F1 DE AD BE EF 22 F2")).0, [[0xde, 0xad, 0xbe, 0xef]]);
        assert_eq!(read(&regime::bytes("F1 DE AD BE EF 00 F2")).1.bad.checksum, 1);
        assert_eq!(read(&regime::bytes("F1 00 F2")).0, [Vec::<u8>::new()], "the empty frame is a ping");
    }

    #[test]
    fn every_byte_comes_back_through_the_stuffing() {
        for byte in 0..=255 {
            assert_eq!(read(&bytes(&[byte, 0xf2, byte])).0, [[byte, 0xf2, byte]]);
        }
    }

    #[test]
    fn extended_frames_are_read_with_either_sum() {
        for frame in ["F0 FD 00 81 81 F2", "F0 FD 00 81 7C F2"] {
            assert_eq!(read(&regime::bytes(frame)).0, [[0x81]], "{frame}");
        }
    }

    #[test]
    fn a_frame_without_end_stays_bounded() {
        let (mut frames, mut counters) = (Frames::default(), Counters::default());
        frames.push(START, &mut counters);
        for _ in 0..10_000 {
            frames.push(0x55, &mut counters);
        }
        assert!(frames.inside.as_ref().unwrap().bytes.len() <= MOST_BYTES);
    }
}
