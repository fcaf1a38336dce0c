//! What holds for the decoder on any bytes at all. Shared with the fuzz target of this name.

use alleycat_mqtt::adapter::{Decoder, Packet, Violation};

use crate::choices::Choices;

/// The largest frame that the decoders here take, in bytes.
pub const LIMIT: usize = 300;

/// Everything a decoder makes of a stream: the packets up to the first violation.
pub type Heard = (Vec<Packet>, Option<Violation>);

/// Decodes a stream that comes in one piece.
pub fn whole(stream: &[u8]) -> Heard {
    let mut decoder = Decoder::new(LIMIT);
    decoder.push(stream);
    drain(&mut decoder, stream.len())
}

/// Does what bytes say: the first one says how many of the next ones decide where the rest is cut.
///
/// # Panics
/// As [`check`].
pub fn run(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else { return };
    let (cuts, stream) = rest.split_at(usize::from(*first).min(rest.len()));
    check(stream, &mut Choices::new(cuts));
}

/// Decodes the stream whole and in pieces.
///
/// # Panics
/// When cutting makes a difference, when bytes of no frame that is taken pile up, when what comes after a
/// violation changes what it was, or when the decoder panics.
pub fn check(stream: &[u8], cuts: &mut Choices<'_>) -> Heard {
    let heard = whole(stream);
    let mut decoder = Decoder::new(LIMIT);
    let (mut packets, mut violation, mut rest) = (Vec::new(), None, stream);
    let most = if cuts.one_in(2) { 4 } else { 64 };
    while !rest.is_empty() && violation.is_none() {
        let (piece, later) = rest.split_at((1 + cuts.below(most)).min(rest.len()));
        rest = later;
        decoder.push(piece);
        let (more, broken) = drain(&mut decoder, stream.len());
        packets.extend(more);
        violation = broken;
        if violation.is_none() {
            let pending = pending(&stream[..stream.len() - rest.len()]);
            assert!(pending < LIMIT, "{pending} bytes wait for the end of a frame that is too large");
        }
    }
    assert_eq!((&packets, violation), (&heard.0, heard.1), "cutting made a difference");
    if violation.is_some() {
        // A caller that goes on against the rules gets no panic and no memory out of it.
        decoder.push(&[0xd0, 0]);
        (0..3).for_each(|_| _ = decoder.next());
        let longer = whole(&[stream, &[0xd0, 0, 0x30, 0]].concat());
        assert_eq!(longer, heard, "bytes after a violation changed it");
    }
    heard
}

fn drain(decoder: &mut Decoder, bytes: usize) -> Heard {
    let mut packets = Vec::new();
    loop {
        match decoder.next() {
            Ok(Some(packet)) => packets.push(packet),
            Ok(None) => return (packets, None),
            Err(violation) => return (packets, Some(violation)),
        }
        assert!(packets.len() <= bytes / 2, "more packets than bytes allow");
    }
}

/// How many bytes at the end of a well-framed stream are not yet a whole frame.
fn pending(mut stream: &[u8]) -> usize {
    loop {
        let (mut length, mut header) = (0, 1);
        loop {
            let Some(byte) = stream.get(header) else { return stream.len() };
            length |= usize::from(byte & 127) << (7 * (header - 1));
            header += 1;
            if byte & 128 == 0 {
                break;
            }
        }
        if stream.len() < header + length {
            return stream.len();
        }
        stream = &stream[header + length..];
    }
}
