//! Holds acknowledgements back until what they acknowledge is on the disk.
//!
//! The hub has taken a message, and the journal has its number, before the broker writes its PUBACK (or
//! PUBREC, at QoS 2). So an acknowledgement that is read here may go once the journal is durable up to what
//! was appended by then. All other packets go at once: a disk that fails does not stop the boards.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::BytesMut;

use crate::metrics;

/// The stream of one client, from the broker's bytes to those that may leave.
#[derive(Default)]
pub(super) struct Acks {
    cutter: Cutter,
    held: VecDeque<Held>,
    held_bytes: usize,
}

/// Acknowledgements that wait for one number of the journal.
struct Held {
    number: u64,
    bytes: BytesMut,
    since: Instant,
}

impl Acks {
    /// Takes what the broker has written: `out` gets the packets that may leave at once, and the
    /// acknowledgements wait for `number`.
    pub(super) fn take(&mut self, bytes: &[u8], number: u64, out: &mut BytesMut) {
        let mut acks = BytesMut::new();
        self.cutter.split(bytes, out, &mut acks);
        if acks.is_empty() {
            return;
        }
        self.held_bytes += acks.len();
        match self.held.back_mut() {
            // Also the rest of one that was cut by a read: it must follow its beginning.
            Some(last) if last.number == number => last.bytes.extend_from_slice(&acks),
            _ => self.held.push_back(Held { number, bytes: acks, since: Instant::now() }),
        }
    }

    /// Lets go what is on the disk by now.
    pub(super) fn release(&mut self, durable: u64, out: &mut BytesMut) {
        while let Some(first) = self.held.pop_front_if(|first| first.number <= durable) {
            metrics::acknowledgement_waited(first.since.elapsed());
            self.held_bytes -= first.bytes.len();
            out.extend_from_slice(&first.bytes);
        }
    }

    /// The number that the next acknowledgement waits for.
    pub(super) fn waits_for(&self) -> Option<u64> {
        self.held.front().map(|first| first.number)
    }

    /// Whether more is held than any client has in flight.
    pub(super) fn is_full(&self) -> bool {
        self.held_bytes > MAX_HELD
    }
}

/// Cuts a stream into packets and sorts them; packets may be cut anywhere between two reads.
#[derive(Default)]
struct Cutter {
    header: Vec<u8>,
    /// How many bytes of the packet's body are still to come.
    left: usize,
    is_ack: bool,
}

impl Cutter {
    fn split(&mut self, mut bytes: &[u8], rest: &mut BytesMut, acks: &mut BytesMut) {
        while let Some((byte, tail)) = bytes.split_first() {
            if self.left > 0 {
                let (body, tail) = bytes.split_at(self.left.min(bytes.len()));
                if self.is_ack { &mut *acks } else { &mut *rest }.extend_from_slice(body);
                self.left -= body.len();
                bytes = tail;
                continue;
            }
            self.header.push(*byte);
            bytes = tail;
            // The fixed header: a byte with the type, then the length, 7 bits a byte, 4 bytes at most.
            let whole = self.header.len() > 1 && (byte & 0x80 == 0 || self.header.len() == 5);
            if whole {
                let length = self.header[1..].iter().rev().fold(0, |sum, b| sum << 7 | usize::from(b & 0x7f));
                self.is_ack = matches!(self.header[0] >> 4, PUBACK | PUBREC);
                if self.is_ack { &mut *acks } else { &mut *rest }.extend_from_slice(&self.header);
                self.left = length;
                self.header.clear();
            }
        }
    }
}

const PUBACK: u8 = 4;
const PUBREC: u8 = 5;
/// In bytes: all packet ids that there are, acknowledged once.
const MAX_HELD: usize = 4 * 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    const PINGRESP: [u8; 2] = [0xd0, 0];

    fn puback(id: u8) -> [u8; 4] {
        [0x40, 2, 0, id]
    }

    /// A PUBLISH whose body looks like acknowledgements, long enough for a length of two bytes.
    fn board() -> Vec<u8> {
        [&[0x30, 0xc8, 0x01][..], &[0x40; 200]].concat()
    }

    #[test]
    fn acknowledgements_wait_for_their_number_and_nothing_else_does() {
        let (mut acks, mut out) = (Acks::default(), BytesMut::new());
        acks.take(&[&puback(1)[..], &board(), &puback(2)].concat(), 7, &mut out);
        assert_eq!(out.split().to_vec(), board());
        acks.take(&[&puback(3)[..], &PINGRESP].concat(), 9, &mut out);
        assert_eq!((out.split().to_vec(), acks.waits_for()), (PINGRESP.to_vec(), Some(7)));
        acks.release(6, &mut out);
        assert!(out.is_empty());
        acks.release(8, &mut out);
        assert_eq!(out.split().to_vec(), [puback(1), puback(2)].concat());
        acks.release(9, &mut out);
        assert_eq!((out.split().to_vec(), acks.waits_for()), (puback(3).to_vec(), None));
    }

    #[test]
    fn packets_may_be_cut_anywhere() {
        let stream = [&[0x20, 2, 0, 0][..], &puback(1), &board(), &[0x50, 2, 0, 2], &PINGRESP].concat();
        for cut in 0..=stream.len() {
            let (mut acks, mut out) = (Acks::default(), BytesMut::new());
            acks.take(&stream[..cut], 1, &mut out);
            acks.take(&stream[cut..], 2, &mut out);
            assert_eq!(out.split().to_vec(), [&[0x20, 2, 0, 0][..], &board(), &PINGRESP].concat(), "{cut}");
            acks.release(2, &mut out);
            assert_eq!(out.to_vec(), [puback(1), [0x50, 2, 0, 2]].concat(), "{cut}");
        }
    }
}
