//! Vectors: [S] recorded messages of the source, [C] computed from its rules.

use super::TrixterDecoder;
use crate::regime::{Carrier, Regime, Vector, rpm, started};
use crate::{Decoder, Reading};

pub(super) fn decoder(load: Option<u8>) -> Box<dyn Decoder> {
    started(TrixterDecoder::new(load))
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    let make = || decoder(None);
    let regime = Regime { noise: b"6\xff6a\0z", separator: b" ", ..Regime::of(&make, carry) };
    regime.run(&vectors());
}

fn vectors() -> Vec<Vector> {
    let vector = |name, said: &str, told: Vec<Reading>| Vector {
        name,
        asked: vec![],
        said: said.as_bytes().to_vec(),
        told,
    };
    vec![
        vector("[S] at rest", "6a568001fafaffffffff0000fffe00bc", vec![rpm(0.0)]),
        vector("[S] at rest, heart 97", "6a6d8001fafaffffffff0000fffe61e6", vec![rpm(0.0).heart(97.0)]),
        vector("[S] crank 3552, heart none", "6a5b8026fafafffffff70de009f4008f", vec![rpm(46.9)]),
        vector("[S] crank 1694", "6a5e8008fafafffffff7069e047a0052", vec![rpm(98.4)]),
        vector("[S] crank 60037", "6a4c801cfafafffffff7ea85fffe00dc", vec![rpm(2.8)]),
        vector("[S] crank 65535, the flywheel turns", "6a6b801cfafaffffffffffff02d4004b", vec![rpm(0.0)]),
        vector("[C] wrong XOR", "6a6b801cfafaffffffffffff02d4004c", vec![]),
    ]
}
