//! Vectors: [S] requests of the source, [C] answers computed from its rules, their tails left open.

use super::ErgofitDecoder;
use super::emulate::ErgofitBike;
use crate::regime::{Carrier, Regime, Vector, bytes, rpm, started};
use crate::{DEFAULT_MAX_TORQUE, Decoder, Reading};

pub(super) fn decoder() -> Box<dyn Decoder> {
    started(ErgofitDecoder::new(DEFAULT_MAX_TORQUE))
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    // Acknowledges PC mode, and says no more.
    let answer = |request: &[u8]| {
        if request == super::PC_MODE { ErgofitBike { cadence: 0, power: 0 }.answer(request) } else { vec![] }
    };
    let regime = Regime {
        answer: &answer,
        noise: &[0xff, 0x44, 0x02, 0x30],
        checked: false,
        ..Regime::of(&decoder, carry)
    };
    regime.run(&vectors());
}

fn vectors() -> Vec<Vector> {
    let vector = |name, asked: &str, said: &str, told: Vec<Reading>| Vector {
        name,
        asked: bytes(asked),
        said: bytes(said),
        told,
    };
    vec![
        vector("[C] 87 rpm", "01 44 03 37 30 17", "01 44 02 30 38 37 03 37 30 17", vec![rpm(87.0)]),
        vector("[C] 145 W alone", "01 4C 03 37 38 17", "01 4C 02 31 34 35 03 37 38 17", vec![]),
        vector("[C] no pulse", "01 50 03 38 32 17", "01 50 02 30 30 30 03 38 32 17", vec![]),
        vector("[S] PC mode is acknowledged", "01 4F 03 4D 17", "01 4F 03 4D 17", vec![]),
        vector(
            "[C] the answer to something else",
            "01 44 03 37 30 17",
            "01 4C 02 31 34 35 03 37 38 17",
            vec![],
        ),
        vector("[C] 300 rpm are none", "01 44 03 37 30 17", "01 44 02 33 30 30 03 37 30 17", vec![]),
    ]
}
