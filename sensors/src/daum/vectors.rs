//! Vectors: [S] bytes of a public test, [C] computed from the rules.

use super::DaumDecoder;
use super::emulate::DaumBike;
use crate::regime::{Carrier, Regime, Vector, bytes, rpm, started};
use crate::{Decoder, Origin, Reading};

pub(super) fn decoder() -> Box<dyn Decoder> {
    started(DaumDecoder::default())
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    let answer = |request: &[u8]| DaumBike::new(0, 1).answer(request);
    let regime = Regime {
        answer: &answer,
        noise: &[0xff, 0x00, 0x55, 0x39],
        checked: false,
        ..Regime::of(&decoder, carry)
    };
    regime.run(&vectors());
}

fn vectors() -> Vec<Vector> {
    let vector =
        |name, hex, told: Vec<Reading>| Vector { name, asked: vec![0x40, 0], said: bytes(hex), told };
    let level = Origin::Level;
    vec![
        vector(
            "[S] incyclist, set to 95 W and at rest",
            "40 00 00 00 C0 13 00 00 F9 03 28 2E 03 29 00 00 07 E4 32",
            vec![rpm(0.0).watts(0.0).percent(22.2, level)],
        ),
        vector(
            "[S] incyclist, set to 25 W and at rest",
            "40 00 00 00 40 05 00 00 00 00 00 00 00 00 00 00 0A 00 00",
            vec![rpm(0.0).watts(0.0).percent(33.3, level)],
        ),
        vector(
            "[C] riding",
            "40 00 00 00 01 1E 55 1C 0C 00 2C 01 00 00 84 00 0C 00 00",
            vec![rpm(85.0).watts(150.0).percent(40.7, level).heart(132.0)],
        ),
        vector("[C] 200 rpm are none", "40 00 00 00 01 1E C8 1C 0C 00 2C 01 00 00 84 00 0C 00 00", vec![]),
        vector("[C] another address", "40 01 00 00 01 1E 55 1C 0C 00 2C 01 00 00 84 00 0C 00 00", vec![]),
    ]
}
