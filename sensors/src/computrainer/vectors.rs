//! Vectors: [S] bytes of a public source, [C] computed from the rules.

use super::{ComputrainerDecoder, DEFAULT_LOAD};
use crate::regime::{Carrier, Regime, Vector, bytes, rpm, started};
use crate::{DEFAULT_MAX_TORQUE, Decoder, Origin, Reading};

pub(super) fn decoder() -> Box<dyn Decoder> {
    started(ComputrainerDecoder::new(DEFAULT_MAX_TORQUE, DEFAULT_LOAD))
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    let regime = Regime { noise: &[0xff, 0x80, 0xc1], checked: false, ..Regime::of(&decoder, carry) };
    regime.run(&vectors());
}

fn vectors() -> Vec<Vector> {
    let vector = |name, hex, told: Vec<Reading>| Vector { name, asked: vec![], said: bytes(hex), told };
    let estimate = |percent| rpm(91.0).watts(250.0).percent(percent, Origin::Estimated);
    vec![
        vector("[C] 250 W alone", "00 00 00 00 10 7D C0", vec![]),
        vector("[C] 91 rpm", "00 00 00 00 30 2D C1", vec![rpm(91.0)]),
        vector("[C] 250 W, 91 rpm", "00 00 00 00 10 7D C0 00 00 00 00 30 2D C1", vec![estimate(65.6)]),
        vector(
            "[C] heart 142, 91 rpm",
            "00 00 00 00 18 47 C0 00 00 00 00 30 2D C1",
            vec![rpm(91.0).heart(142.0)],
        ),
        vector("[C] 32.4 km/h", "00 00 00 00 09 74 C2", vec![]),
        vector(
            "[C] cadence and heart sensors are there, 91 rpm",
            "00 00 00 00 5E 00 C0 00 00 00 00 30 2D C1",
            vec![rpm(91.0)],
        ),
        vector(
            "[C] no cadence sensor: its value is none",
            "00 00 00 00 5A 00 C0 00 00 00 00 30 2D C1",
            vec![],
        ),
        vector("[C] bit 7 in the middle", "00 00 00 80 30 2D C1", vec![]),
    ]
}
