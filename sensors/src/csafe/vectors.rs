//! Vectors: [S] bytes of a public source, [C] computed from the rules.

use super::{CsafeDecoder, DEFAULT_MAX_LEVEL};
use crate::regime::{Carrier, Regime, Vector, bytes, rpm, started};
use crate::{Decoder, Origin, Reading};

pub(super) fn decoder() -> Box<dyn Decoder> {
    started(CsafeDecoder::new(DEFAULT_MAX_LEVEL))
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    let regime = Regime { noise: &[0xff, 0x00, 0x55, 0xf2], ..Regime::of(&decoder, carry) };
    regime.run(&vectors());
}

fn vectors() -> Vec<Vector> {
    let vector = |name, hex, told: Vec<Reading>| Vector { name, asked: vec![], said: bytes(hex), told };
    let level = Origin::Level;
    vec![
        vector("[S] qdomyos: a speed of 38 rpm, offline", "F1 09 A5 03 26 00 52 DB F2", vec![rpm(38.0)]),
        vector("[S] qdomyos: 65 W", "F1 89 B4 03 41 00 58 27 F2", vec![]),
        vector("[S] qdomyos: program 3, level 8", "F1 89 A4 02 03 08 24 F2", vec![]),
        vector("[S] qdomyos: no heart rate", "F1 89 B0 01 00 38 F2", vec![]),
        vector("[S] qdomyos: not supported", "F1 89 89 F2", vec![]),
        vector("[S] qdomyos: odometer", "F1 01 9B 05 00 31 6C 4B 23 AA F2", vec![]),
        vector("[S] Concept2 forum: rejected", "F1 11 11 F2", vec![]),
        vector("[S] Concept2 forum: ready, toggle 1", "F1 81 81 F2", vec![]),
        vector("[S] Concept2 forum: ready, toggle 0", "F1 01 01 F2", vec![]),
        vector("[S] csafe-fitness: a frame that is no answer", "F1 DE AD BE EF 22 F2", vec![]),
        vector("[S] csafe-fitness: its sum wrong", "F1 DE AD BE EF 00 F2", vec![]),
        vector("[C] in use, 90 rpm", "F1 85 A7 03 5A 00 52 29 F2", vec![rpm(90.0)]),
        vector(
            "[C] in use, 88 rpm, 150 W, level 12",
            "F1 05 A7 03 58 00 52 B4 03 96 00 58 A4 02 03 0C 7B F2",
            vec![rpm(88.0).watts(150.0).percent(48.0, level)],
        ),
        vector("[C] 241 W, stuffed", "F1 05 B4 03 F3 01 00 58 1B F2", vec![]),
        vector("[C] 24 W, stuffed sum", "F1 05 B4 03 18 00 58 F3 02 F2", vec![]),
        vector("[C] gear 11", "F1 85 A9 01 0B 26 F2", vec![]),
        vector(
            "[C] noise, a cut frame, 90 rpm",
            "55 00 F1 05 A7 03 F1 85 A7 03 5A 00 52 29 F2",
            vec![rpm(90.0)],
        ),
        vector("[C] strides are no turns, and the sum is wrong", "F1 05 A7 03 5A 00 53 A9 F2", vec![]),
    ]
}
