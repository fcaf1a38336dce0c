//! Frames of an ANT stick: A4, length of the data, message id, data, XOR of all before.

use crate::Counters;

/// A message to or from the stick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) id: u8,
    pub(super) data: Vec<u8>,
}

/// Finds messages among bytes.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: Vec<u8>,
}

impl Message {
    pub(super) fn new(id: u8, data: &[u8]) -> Self {
        Self { id, data: data.to_vec() }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let length = u8::try_from(self.data.len()).unwrap_or(u8::MAX);
        let mut frame = [&[SYNC, length, self.id], self.data.as_slice()].concat();
        frame.push(frame.iter().fold(0, |xor, byte| xor ^ byte));
        frame
    }
}

impl Frames {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next message. What belongs to none is dropped byte by byte and counted.
    pub(super) fn next(&mut self, counters: &mut Counters) -> Option<Message> {
        loop {
            let [sync, length, ..] = self.buffer[..] else {
                // The stick's own filling, between frames.
                self.buffer.retain(|byte| *byte != 0);
                return None;
            };
            let whole = usize::from(length) + OVERHEAD;
            if matches!(sync, SYNC | OTHER_SYNC) && (1..=MOST_DATA).contains(&length) {
                let frame = self.buffer.get(..whole)?;
                if frame.iter().fold(0, |xor, byte| xor ^ byte) == 0 {
                    let message = Message::new(frame[2], &frame[3..whole - 1]);
                    self.buffer.drain(..whole);
                    return Some(message);
                }
            }
            counters.skipped += u64::from(sync != 0);
            self.buffer.remove(0);
        }
    }
}

const SYNC: u8 = 0xa4;
const OTHER_SYNC: u8 = 0xa5;
/// Sync, length, id and check.
const OVERHEAD: usize = 4;
/// The most data of a message.
const MOST_DATA: u8 = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regime;

    #[test]
    fn host_messages_are_those_of_the_sources() {
        let table: [(&str, u8, &[u8]); 16] = [
            ("A4 01 4A 00 EF", 0x4a, &[0]),             // [S] openant
            ("A4 02 4D 00 54 BF", 0x4d, &[0, 0x54]),    // [S] openant
            ("A4 03 42 00 00 00 E5", 0x42, &[0, 0, 0]), // [C] from here on
            ("A4 05 51 00 00 00 7A 00 8A", 0x51, &[0, 0, 0, 0x7a, 0]),
            ("A4 05 51 00 00 00 79 00 89", 0x51, &[0, 0, 0, 0x79, 0]),
            ("A4 05 51 00 00 00 0B 00 FB", 0x51, &[0, 0, 0, 0x0b, 0]),
            ("A4 05 51 00 00 00 11 00 E1", 0x51, &[0, 0, 0, 0x11, 0]),
            ("A4 02 45 00 39 DA", 0x45, &[0, 57]),
            ("A4 03 43 00 A6 1F 5D", 0x43, &[0, 0xa6, 0x1f]),
            ("A4 03 43 00 00 20 C4", 0x43, &[0, 0, 0x20]),
            ("A4 02 44 00 0C EE", 0x44, &[0, 12]),
            ("A4 01 4B 00 EE", 0x4b, &[0]),
            ("A4 01 4C 00 E9", 0x4c, &[0]),
            ("A4 01 41 00 E4", 0x41, &[0]),
            ("A4 02 4D 00 51 BA", 0x4d, &[0, 0x51]),
            (
                "A4 09 4F 00 30 FF FF FF FF FF FF 4B 99",
                0x4f,
                &[0, 0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x4b],
            ),
        ];
        for (hex, id, data) in table {
            assert_eq!(Message::new(id, data).bytes(), regime::bytes(hex), "{hex}");
        }
    }

    #[test]
    fn a_buffer_stays_bounded() {
        let (mut frames, mut counters) = (Frames::default(), Counters::default());
        for byte in (0..=255).cycle().take(100_000) {
            frames.push(&[byte]);
            frames.next(&mut counters);
            assert!(frames.buffer.len() <= usize::from(MOST_DATA) + OVERHEAD);
        }
    }
}
