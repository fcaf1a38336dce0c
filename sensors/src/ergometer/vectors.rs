//! Vectors: [S] forms of the manuals, [C] computed from them.

use super::emulate::Ergometer;
use super::{Dialect, ErgometerDecoder};
use crate::regime::{Carrier, Regime, Vector, rpm, started};
use crate::{DEFAULT_MAX_TORQUE, Decoder, Reading};

pub(super) fn decoder(dialect: Dialect) -> Box<dyn Decoder> {
    started(ErgometerDecoder::new(dialect, DEFAULT_MAX_TORQUE))
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    for (dialect, vectors) in [(Dialect::Ergoline, ergoline()), (Dialect::Monark, monark())] {
        // Says what it is and not how it is ridden: only the vector's word is read.
        let answer = |request: &[u8]| {
            let asked = matches!(request, b"I\r" | b"id\r");
            if asked { Ergometer::new(dialect, 0, 0).answer(request) } else { Vec::new() }
        };
        let make = || decoder(dialect);
        let regime = Regime {
            answer: &answer,
            noise: b"\xff!x\0",
            separator: b"\r",
            checked: false,
            ..Regime::of(&make, carry)
        };
        regime.run(&vectors);
    }
}

fn vector(name: &'static str, asked: &str, said: &str, told: Vec<Reading>) -> Vector {
    Vector { name, asked: asked.as_bytes().to_vec(), said: said.as_bytes().to_vec(), told }
}

fn ergoline() -> Vec<Vector> {
    vec![
        vector("[C] form of the manual: 85 rpm", "D\r", "n 085\r", vec![rpm(85.0)]),
        vector("[C] form of the manual: a load is no reading", "B\r", "B 120\r", vec![]),
        vector("[C] form of the manual: a heart rate is none", "H\r", "H 132\r", vec![]),
        vector("[S] manual: it says what it is", "I\r", "0900P10V243\r", vec![]),
        vector("[S] manual: a newer one", "I\r", "er900P10VV243\r", vec![]),
        vector("[C] without its end", "D\r", "n 085", vec![]),
        vector("[C] the answer to something else", "D\r", "B 120\r", vec![]),
        vector("[C] out of range", "D\r", "n 251\r", vec![]),
    ]
}

fn monark() -> Vec<Vector> {
    vec![
        vector("[C] 78 rpm", "pedal\r", "78\r", vec![rpm(78.0)]),
        vector("[S] prefix: LC7", "id\r", "LC7\r", vec![]),
        vector("[S] prefix: novo", "id\r", "novo\r", vec![]),
        vector("[S] prefix: mec", "id\r", "mec\r", vec![]),
        vector("[C] without its end", "pedal\r", "78", vec![]),
        vector("[C] out of range", "pedal\r", "251\r", vec![]),
    ]
}
