//! Vectors: [S] bytes of a public capture or test, [C] computed from the rules. What is no cadence is
//! followed by 88 rpm, which it goes with.

use super::{Mode, PelotonDecoder};
use crate::regime::{Carrier, Regime, Vector, bytes, rpm, started};
use crate::{Decoder, Origin, Reading};

fn decoder() -> Box<dyn Decoder> {
    started(PelotonDecoder::new(Mode::Passive))
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    let regime = Regime { noise: &[0xff, 0x00, 0x41, 0x31], checked: false, ..Regime::of(&decoder, carry) };
    regime.run(&vectors());
}

/// All of them; each begins with one whole frame.
pub(super) fn vectors() -> Vec<Vector> {
    let vector = |name, hex, told: Vec<Reading>| Vector { name, asked: vec![], said: bytes(hex), told };
    let beside = |name, hex, told| Vector {
        name,
        asked: vec![],
        said: [bytes(hex), bytes("F1 41 03 38 38 30 D5 F6")].concat(),
        told: vec![told],
    };
    let raw = |percent| rpm(88.0).percent(percent, Origin::Estimated);
    vec![
        vector("[S] pelomon: 88 rpm", "F1 41 03 38 38 30 D5 F6", vec![rpm(88.0)]),
        vector("[S] pelomon: pedals still", "F1 41 03 30 30 30 C5 F6", vec![rpm(0.0)]),
        vector("[S] gymnasticon: 92 rpm", "F1 41 03 32 39 30 D0 F6", vec![rpm(92.0)]),
        beside("[S] pelomon: 92.3 W", "F1 44 05 33 32 39 30 30 38 F6", rpm(88.0).watts(92.3)),
        beside("[S] gymnasticon: 233.6 W", "F1 44 05 36 33 33 32 30 38 F6", rpm(88.0).watts(233.6)),
        beside("[S] pelomon: raw 860", "F1 4A 04 30 36 38 30 0D F6", raw(59.8)),
        beside("[S] pelomon: raw 223", "F1 4A 04 33 32 32 30 06 F6", raw(10.0)),
        beside("[S] pelomon: raw 155", "F1 4A 04 35 35 31 30 0A F6", raw(0.0)),
        beside("[S] pelomon: raw 474", "F1 4A 04 34 37 34 30 0E F6", raw(22.0)),
        beside("[C] 37 %", "F1 49 03 37 33 30 D7 F6", rpm(88.0).percent(37.0, Origin::Measured)),
        beside("[C] 100 %", "F1 49 03 30 30 31 CE F6", rpm(88.0).percent(100.0, Origin::Measured)),
        vector("[C] a table's value", "F1 F7 04 34 36 31 30 B7 F6", vec![]),
        vector(
            "[S] pelomon: both conductors, and once more the cadence",
            "F5 41 36 F6 F1 41 03 38 38 30 D5 F6 F5 44 39 F6 F1 44 05 36 37 31 30 30 38 F6 F5 4A 3F F6 \
             F1 4A 04 31 39 31 30 0A F6 F1 41 03 38 38 30 D5 F6",
            vec![rpm(88.0), raw(4.7).watts(17.6)],
        ),
        vector("[C] wrong sum", "F1 41 03 37 38 30 D5 F6", vec![]),
    ]
}
