//! Vectors: [S] the form stands in a public sketch, [C] computed from the rules.

use std::num::NonZeroU8;

use super::{LineDecoder, Options, Sketch};
use crate::regime::{Carrier, Regime, Vector, rpm};
use crate::{Decoder, Origin, Reading};

/// A decoder of lists with these columns that has seen the end of the line that was cut.
pub(super) fn decoder(columns: &str, sketch: Sketch) -> LineDecoder {
    let columns = columns.split(',').map(|column| column.parse().expect("a column")).collect();
    let mut decoder = LineDecoder::with_sketch(Options { columns }, sketch);
    decoder.restart(0);
    decoder.push(b"\n", 0);
    decoder
}

/// A magnet on a flywheel that turns four times in a turn of the crank.
pub(super) fn flywheel() -> Sketch {
    Sketch { turns: NonZeroU8::MIN.saturating_add(3), ..Sketch::default() }
}

pub(super) fn polled(byte: u8) -> Sketch {
    Sketch { poll: Some(byte), ..Sketch::default() }
}

pub(super) fn started() -> Sketch {
    Sketch { start: b"\xffp".to_vec(), ..Sketch::default() }
}

/// Puts the decoder through all vectors.
pub(crate) fn run(carry: Carrier<'_>) {
    let usual = Sketch::default;
    let reversed = Sketch { potentiometer: (900.0, 100.0), ..usual() };
    let second = Sketch { window_ms: 1_000.0, ..usual() };
    let adc = |percent| rpm(80.0).percent(percent, Origin::Measured);
    let frame = |cadence, percent| rpm(cadence).percent(percent, Origin::Measured);
    let tries: Vec<(&str, Sketch, &'static str, Vec<Reading>)> = vec![
        ("cadence", usual(), "87\r\n", vec![rpm(87.0)]), // [S]
        ("distance,cadence,time", usual(), "12.30,85,60\r\n", vec![rpm(85.0)]), // [S]
        ("speed,cadence", usual(), "Serial port opened\r\n24.80,82.00\r\n", vec![rpm(82.0)]), // [S]
        ("pulses", usual(), "r1\n", vec![rpm(181.8)]),   // [C]
        ("pulses", usual(), "r0\n", vec![rpm(0.0)]),     // [C]
        ("cadence", usual(), "{\"rpm\": 85, \"velocity\": 24.8}\n", vec![rpm(85.0)]), // [S]
        ("cadence", usual(), "Cadence: 85\n", vec![rpm(85.0)]), // [S]
        ("cadence", usual(), "rpm : 85\n", vec![rpm(85.0)]), // [S]
        ("cadence", usual(), "$BIKE,85.5,40*17\r\n", vec![frame(85.5, 40.0)]), // [C]
        ("cadence", usual(), "$BIKE,0,40*31\r\n", vec![frame(0.0, 40.0)]), // [C]
        ("cadence", usual(), "$BIKE,92,*0E\r\n", vec![rpm(92.0)]), // [C]
        ("cadence", usual(), "$BIKE,85.5,41*17\r\n", vec![]), // [C]
        ("revolutions,millis", usual(), "10 7000\n12 8400\n", vec![rpm(85.7)]), // [C]
        (
            "cadence,adc",
            usual(),
            "80,0\n80,15\n80,200\n80,450\n80,600\n",
            [0.0, 0.0, 42.5, 100.0, 100.0].map(adc).to_vec(),
        ), // [C]
        // Extras.
        ("cadence", flywheel(), "340\n", vec![rpm(85.0)]),
        ("cadence", flywheel(), "rpm: 340\n", vec![rpm(85.0)]),
        ("pulses", flywheel(), "r2\n", vec![rpm(90.9)]),
        ("revolutions,millis", flywheel(), "10 7000\n18 8400\n", vec![rpm(85.7)]),
        ("cadence", flywheel(), "$BIKE,85.5,40*17\r\n", vec![frame(85.5, 40.0)]),
        ("cadence,adc", reversed, "80,900\n80,700\n80,100\n", [0.0, 25.0, 100.0].map(adc).to_vec()),
        ("pulses", second, "2\n", vec![rpm(120.0)]),
        ("cadence", usual(), "Speed: 24.8\n{\"velocity\": 24.8}\n", vec![]),
    ];
    for (columns, sketch, said, told) in tries {
        one(columns, &sketch, said, told, carry);
    }
    one("cadence", &polled(b'c'), "82.00\r\n", vec![rpm(82.0)], carry);
    one("speed,cadence", &polled(b'b'), "24.80,82.00\r\n", vec![rpm(82.0)], carry);
    one("revolutions,millis", &started(), "10 7000\n12 8400\n", vec![rpm(85.7)], carry);
}

fn one(columns: &str, sketch: &Sketch, said: &'static str, told: Vec<Reading>, carry: Carrier<'_>) {
    let make = || -> Box<dyn Decoder> { Box::new(decoder(columns, sketch.clone())) };
    let asked = sketch.poll.map_or_else(|| sketch.start.clone(), |byte| vec![byte]);
    let regime =
        Regime { noise: b"\xff\xfe\0garbage", separator: b"\n", checked: false, ..Regime::of(&make, carry) };
    regime.run(&[Vector { name: said, asked, said: said.as_bytes().to_vec(), told }]);
}
