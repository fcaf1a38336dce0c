//! Vectors: [S] requests of the sources, [C] answers computed from our reading of them.

use super::ProformDecoder;
use crate::regime::{Carrier, Regime, Vector, bytes, rpm, started};
use crate::{Decoder, Reading};

pub(super) fn decoder() -> Box<dyn Decoder> {
    started(ProformDecoder::default())
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    let regime =
        Regime { noise: &[0x00, 0xff, 0x3a, 0xb5], separator: &[0x8d, 0x8a], ..Regime::of(&decoder, carry) };
    regime.run(&vectors());
}

fn vectors() -> Vec<Vector> {
    let asked = || bytes("BA B5 B1 B0 B3 B0 B0 B0 B2 B0 B0 B0 B0 C1 C1 8D 8A");
    let vector = |name, hex, told: Vec<Reading>| Vector { name, asked: asked(), said: bytes(hex), told };
    vec![
        vector("[C] 85 rpm", "BA B5 B1 B0 B3 B0 B2 B0 B1 B0 B0 B0 B0 B5 B5 B5 B4 8D 8A", vec![rpm(85.0)]),
        vector("[C] 90 rpm", "BA B5 B1 B0 B3 B0 B2 B0 B1 B0 B0 B0 B0 B5 C1 B4 C6 8D 8A", vec![rpm(90.0)]),
        vector("[C] 0 rpm", "BA B5 B1 B0 B3 B0 B2 B0 B1 B0 B0 B0 B0 B0 B0 C1 B9 8D 8A", vec![rpm(0.0)]),
        vector("[C] wrong check", "BA B5 B1 B0 B3 B0 B2 B0 B1 B0 B0 B0 B0 B0 B0 C1 B8 8D 8A", vec![]),
        vector("[S] an echo of the request", "BA B5 B1 B0 B3 B0 B0 B0 B2 B0 B0 B0 B0 C1 C1 8D 8A", vec![]),
    ]
}
