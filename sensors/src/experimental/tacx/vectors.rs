//! Vectors: [S] frames of the source, [C] computed from its rules.

use super::TacxDecoder;
use super::emulate::TacxBrake;
use crate::regime::{Carrier, Regime, Vector, rpm, started};
use crate::{DEFAULT_MAX_TORQUE, Decoder, Origin, Reading};

pub(super) fn decoder() -> Box<dyn Decoder> {
    started(TacxDecoder::new(DEFAULT_MAX_TORQUE))
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    let answer = |request: &[u8]| TacxBrake { cadence: 0 }.answer(request);
    let regime = Regime { answer: &answer, noise: &[0xff, 0x17, 0x30, 0x00], ..Regime::of(&decoder, carry) };
    regime.run(&vectors());
}

fn vectors() -> Vec<Vector> {
    let vector = |name, digits: &str, told: Vec<Reading>| {
        let said = [b"\x01", digits.as_bytes(), b"\x17"].concat();
        Vector { name, asked: vec![], said, told }
    };
    vec![
        vector(
            "[C] 88 rpm, 30 km/h, 101 W",
            "0313020039300000F4210000C805DC05DC0501005800029845",
            vec![rpm(88.0).watts(101.2).percent(27.4, Origin::Estimated)],
        ),
        vector("[C] 0 rpm", "03130200000000000000000000000000800600000000021F33", vec![rpm(0.0).watts(0.0)]),
        vector("[S] the brake is starting", "FF020000CDFF9D81", vec![]),
        vector("[S] its version", "030C000065090000BAC47718080C0000C470", vec![]),
        vector("[C] wrong check", "0313020039300000F4210000C805DC05DC0501005800029846", vec![]),
    ]
}
