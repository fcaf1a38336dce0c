//! Vectors: [C] computed from the manual.

use super::CateyeDecoder;
use crate::regime::{Carrier, Regime, Vector, rpm};
use crate::{DEFAULT_MAX_TORQUE, Decoder, Origin, Reading};

pub(super) fn decoder() -> Box<dyn Decoder> {
    Box::new(CateyeDecoder::new(DEFAULT_MAX_TORQUE))
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    let regime = Regime {
        noise: b"\xff\0B12",
        separator: b"\r",
        // One digit may become another whose sum agrees in the other way of reading the check.
        checked: false,
        ..Regime::of(&decoder, carry)
    };
    regime.run(&vectors());
}

fn vectors() -> Vec<Vector> {
    let vector = |name, said: &str, told: Vec<Reading>| Vector {
        name,
        asked: vec![],
        said: said.as_bytes().to_vec(),
        told,
    };
    let estimated = Origin::Estimated;
    let riding = || vec![rpm(78.0).watts(120.0).heart(132.0).percent(36.7, estimated)];
    let slow = || vec![rpm(60.0).watts(25.0).heart(96.0).percent(9.9, estimated)];
    let idle = || vec![rpm(0.0).watts(0.0)];
    vec![
        vector("[C] riding, sum of digits", "B123400851201513207800000012056\r", riding()),
        vector("[C] riding, sum of characters", "B123400851201513207800000012000\r", riding()),
        vector("[C] idle, sum of digits", "B000000000000000000000000000000\r", idle()),
        vector("[C] idle, sum of characters", "B000000000000000000000000000044\r", idle()),
        vector("[C] slow, sum of digits", "B000500010250809606000000002549\r", slow()),
        vector("[C] slow, sum of characters", "B000500010250809606000000002593\r", slow()),
        vector("[C] wrong check digits", "B123400851201513207800000012057\r", vec![]),
        vector("[C] a frame of settings", "A000000000000000000000000000000\r", vec![]),
    ]
}
