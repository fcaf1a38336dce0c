//! Vectors: [S] fields of a public test, [C] computed from the rules.

use super::DaumPremiumDecoder;
use super::emulate::DaumPremiumBike;
use crate::regime::{Carrier, Regime, Vector, bytes, rpm, started};
use crate::{Decoder, Origin, Reading};

pub(super) fn decoder() -> Box<dyn Decoder> {
    started(DaumPremiumDecoder::default())
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    let answer = |request: &[u8]| DaumPremiumBike::new(0.0, 0, 1).answer(request);
    let regime = Regime {
        answer: &answer,
        noise: b"\xff\0X70",
        // The sum is modulo 100: a flipped bit that changes it by a hundred is not caught, but there is none.
        checked: true,
        ..Regime::of(&decoder, carry)
    };
    regime.run(&vectors());
}

fn vectors() -> Vec<Vector> {
    let asked = || bytes("01 58 37 30 39 31 17");
    let vector = |name, said, told: Vec<Reading>| Vector { name, asked: asked(), said, told };
    let fields = "01 58 37 30 31 30 1D 39 39 1D 31 30 2E 30 1D 2D 33 2E 33 1D 31 35 30 1D 39 30 2E 31 1D 31 33 \
        30 1D 31 33 30 2E 32 1D 31 33 30 2E 33 1D 31 33 2E 31 1D 31 31 1D 31 1D 30 31 31 17";
    let riding = || vec![rpm(90.1).watts(130.0).percent(33.3, Origin::Level).heart(99.0)];
    vec![
        vector("[S] fields, [C] frame: riding in gear 10", bytes(fields), riding()),
        vector("[C] the same after its acknowledgement", [vec![0x06], bytes(fields)].concat(), riding()),
        vector("[C] another answer", bytes("01 4D 37 32 30 33 30 17"), vec![]),
        vector("[C] wrong digits", bytes("01 58 37 30 39 32 17"), vec![]),
    ]
}
