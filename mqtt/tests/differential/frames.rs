//! Frames of a broker: right ones, and wrong ones made of them.

use crate::choices::Choices;
use crate::wire;

/// One to four frames, most of them as a broker may send them, then perhaps damaged.
pub fn stream(choices: &mut Choices<'_>) -> Vec<u8> {
    let mut stream = Vec::new();
    for _ in 0..=choices.below(4) {
        stream.extend(frame(choices));
    }
    if choices.one_in(2) {
        for _ in 0..=choices.below(3) {
            damage(&mut stream, choices);
        }
    }
    stream
}

/// One frame; its fields are right more often than not.
pub fn frame(choices: &mut Choices<'_>) -> Vec<u8> {
    let id = if choices.one_in(16) { 0 } else { choices.number().max(1) };
    match choices.below(12) {
        0 => wire::frame(
            0x20,
            &[u8::from(choices.one_in(4)), choices.pick(&[0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 128])],
        ),
        1..=5 => publish(id, choices),
        6 => wire::ack(4, id),
        7 => wire::ack(choices.pick(&[5, 6, 7]), id),
        8 | 9 => {
            let codes: Vec<u8> = (0..choices.below(5))
                .map(|_| choices.pick(&[0, 1, 2, 0x80, 0, 1, 2, 0x80, 3, 0x81]))
                .collect();
            wire::suback(id, &codes)
        }
        10 => wire::ack(11, id),
        _ => vec![0xd0, 0],
    }
}

fn publish(id: u16, choices: &mut Choices<'_>) -> Vec<u8> {
    const TOPICS: [&[u8]; 18] = [
        b"a",
        b"a/b",
        b"/",
        b"alleycat-subscribe/1/board",
        b"$SYS/load",
        "stra\u{df}e/\u{1f6b2}".as_bytes(),
        "\u{feff}a".as_bytes(),
        "a\u{fffd}".as_bytes(),
        "a\u{1}b".as_bytes(),
        "\u{fffe}".as_bytes(),
        b"a b",
        b"",
        b"#",
        b"a/+",
        b"a\0b",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\xc0\x80",
    ];
    let known = if choices.one_in(3) { TOPICS.len() } else { 6 };
    let topic = TOPICS[choices.below(known)];
    let flags =
        if choices.one_in(8) { choices.byte() & 15 } else { choices.pick(&[0, 1, 2, 3, 4, 5, 10, 12, 13]) };
    let size = if choices.one_in(10) { choices.below(400) } else { choices.below(12) };
    wire::publish(flags, topic, id, choices.take(size))
}

fn damage(stream: &mut Vec<u8>, choices: &mut Choices<'_>) {
    let Some(last) = stream.len().checked_sub(1) else { return };
    let at = choices.below(stream.len());
    // Most of what is worth damaging is at the front.
    let near = at.min(choices.below(8));
    match choices.below(9) {
        0 => stream[at] ^= 1 << choices.below(8),
        1 => stream[near] = choices.byte(),
        2 => stream.truncate(at),
        3 => stream[0] ^= 1 << choices.below(8),
        4 if last > 0 && stream[1] < 128 => {
            // The same length, one byte longer than needed.
            stream[1] |= 128;
            stream.insert(2, 0);
        }
        5 if last > 0 => stream[1] = stream[1].wrapping_add(choices.pick(&[1, 255, 2, 128])),
        6 => stream.insert(near, choices.byte()),
        7 => drop(stream.remove(near)),
        _ => stream.extend_from_slice(choices.take(6)),
    }
}
