//! Frames: 01, a command of three letters, a payload, two digits, 17.
//!
//! The digits are the sum of command and payload, modulo 100. Inside the payload the six bytes that mean
//! something outside of it are written as two.

use crate::Counters;
use crate::reading::Fault;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) command: [u8; 3],
    pub(super) payload: Vec<u8>,
}

/// Finds frames among bytes.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// What came after the last 01.
    inside: Option<Vec<u8>>,
}

impl Frame {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![START];
        bytes.extend(self.command);
        for byte in &self.payload {
            match ESCAPES.iter().find(|(plain, _)| plain == byte) {
                Some((_, code)) => bytes.extend([ESCAPE, *code]),
                None => bytes.push(*byte),
            }
        }
        bytes.extend(format!("{:02}", sum(&self.command, &self.payload)).bytes());
        bytes.push(END);
        bytes
    }

    /// From what stands between 01 and 17.
    fn read(inside: &[u8]) -> Result<Self, Fault> {
        let (body, digits) = inside.split_last_chunk::<2>().ok_or(Fault::Form)?;
        let (command, escaped) = body.split_first_chunk::<3>().ok_or(Fault::Form)?;
        if !command.iter().all(u8::is_ascii_alphanumeric) || !digits.iter().all(u8::is_ascii_digit) {
            return Err(Fault::Form);
        }
        let mut payload = Vec::with_capacity(escaped.len());
        let mut rest = escaped.iter();
        while let Some(byte) = rest.next() {
            payload.push(match byte {
                &ESCAPE => {
                    let code = rest.next().ok_or(Fault::Form)?;
                    ESCAPES.iter().find(|(_, known)| known == code).ok_or(Fault::Form)?.0
                }
                plain => *plain,
            });
        }
        let told = u32::from(digits[0] - b'0') * 10 + u32::from(digits[1] - b'0');
        if told != sum(command, &payload) {
            return Err(Fault::Checksum);
        }
        Ok(Self { command: *command, payload })
    }
}

impl Frames {
    /// Takes in a byte; returns the frame that it ends. All else is counted.
    pub(super) fn push(&mut self, byte: u8, counters: &mut Counters) -> Option<Frame> {
        match (byte, &mut self.inside) {
            (START, inside) => {
                let cut = inside.replace(Vec::new());
                counters.skipped += cut.map_or(0, |cut| cut.len() as u64 + 1);
            }
            // Whether our last word was taken: if not, no answer comes, and that is noticed.
            (ACCEPTED | REFUSED, None) => {}
            (_, None) => counters.skipped += 1,
            (END, Some(inside)) => {
                let outcome = Frame::read(inside);
                self.inside = None;
                return outcome.map_err(|fault| counters.bad.count(fault)).ok();
            }
            (byte, Some(inside)) if inside.len() < MOST_BYTES => inside.push(byte),
            (_, Some(inside)) => {
                counters.skipped += inside.len() as u64 + 2;
                self.inside = None;
            }
        }
        None
    }
}

fn sum(command: &[u8], payload: &[u8]) -> u32 {
    command.iter().chain(payload).map(|byte| u32::from(*byte)).sum::<u32>() % 100
}

const START: u8 = 0x01;
const END: u8 = 0x17;
/// The frame was understood.
pub(super) const ACCEPTED: u8 = 0x06;
const REFUSED: u8 = 0x15;
const ESCAPE: u8 = 0x22;
/// What stands for what after [`ESCAPE`].
const ESCAPES: [(u8, u8); 6] =
    [(0x01, 0x11), (0x17, 0x27), (0x06, 0x16), (0x15, 0x25), (0x12, 0x12), (0x22, 0x22)];
/// The longest frame.
const MOST_BYTES: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regime::bytes;

    #[test]
    fn frames_are_written_as_those_of_the_source() {
        // [S] incyclist
        let frame = |payload: &[u8]| Frame { command: *b"M72", payload: payload.to_vec() }.bytes();
        assert_eq!(frame(&[0]), bytes("01 4D 37 32 00 38 32 17"));
        assert_eq!(frame(b""), bytes("01 4D 37 32 38 32 17"));
        assert_eq!(frame(b"0"), bytes("01 4D 37 32 30 33 30 17"));
        // [C]
        assert_eq!(Frame { command: *b"X70", payload: vec![] }.bytes(), bytes("01 58 37 30 39 31 17"));
    }

    #[test]
    fn every_byte_of_a_payload_comes_back() {
        let frame = Frame { command: *b"Y00", payload: (0..=255).take(100).chain(0x10..0x30).collect() };
        let mut counters = Counters::default();
        let mut frames = Frames::default();
        let back = frame.bytes().into_iter().filter_map(|byte| frames.push(byte, &mut counters)).next();
        assert_eq!((back, counters.skipped), (Some(frame), 0));
    }

    #[test]
    fn a_frame_without_end_stays_bounded() {
        let (mut frames, mut counters) = (Frames::default(), Counters::default());
        frames.push(START, &mut counters);
        for _ in 0..10_000 {
            frames.push(b'8', &mut counters);
        }
        assert_eq!(counters.skipped, 10_001);
    }
}
