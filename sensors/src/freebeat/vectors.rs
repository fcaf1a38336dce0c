//! Vectors: [C] computed from the rules of the source.

use super::FreebeatDecoder;
use super::emulate::FreebeatBike;
use crate::regime::{Carrier, Regime, Vector, bytes, rpm, started};
use crate::{Decoder, Origin, Reading};

pub(super) fn decoder() -> Box<dyn Decoder> {
    started(FreebeatDecoder::default())
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    let answer = |request: &[u8]| FreebeatBike { cadence: 0, resistance: 1 }.answer(request);
    let regime = Regime { answer: &answer, noise: &[0xff, 0x00, 0xe5, 0x3f], ..Regime::of(&decoder, carry) };
    regime.run(&vectors());
}

fn vectors() -> Vec<Vector> {
    let vector = |name, hex, told: Vec<Reading>| Vector { name, asked: vec![], said: bytes(hex), told };
    let measured = Origin::Measured;
    vec![
        vector(
            "[C] at rest",
            "55 15 00 00 00 00 00 01 00 00 00 16 3F",
            vec![rpm(0.0).watts(0.0).percent(1.0, measured)],
        ),
        vector(
            "[C] 85 rpm at 37 %",
            "55 15 00 00 FE 00 00 25 55 00 00 8D 3F",
            vec![rpm(85.0).watts(143.4).percent(37.0, measured)],
        ),
        vector("[C] 300 rpm are none", "55 15 00 00 38 01 00 3C 2C 01 00 B7 3F", vec![]),
    ]
}
