//! A bike that is not there: answers as a clinical ergometer does. For tests and demonstrations.

use super::Dialect;
use crate::Counters;
use crate::lines::Lines;

/// The ergometer's end of the line: bytes of the host in, bytes of the ergometer out.
///
/// ```
/// use alleycat_sensors::ergometer::Dialect;
/// use alleycat_sensors::ergometer::emulate::Ergometer;
///
/// let mut ergometer = Ergometer::new(Dialect::Ergoline, 85, 120);
/// assert_eq!(ergometer.answer(b"D\r"), b"n 085\r");
/// ```
#[derive(Debug)]
pub struct Ergometer {
    dialect: Dialect,
    /// Crank revolutions a minute.
    pub cadence: u32,
    /// The load in W.
    pub power: u32,
    /// Beats a minute, 0 without a belt.
    pub heart_rate: u32,
    heard: Lines,
}

impl Ergometer {
    /// An ergometer ridden at a cadence in rpm with a load in W.
    pub const fn new(dialect: Dialect, cadence: u32, power: u32) -> Self {
        Self { dialect, cadence, power, heart_rate: 0, heard: Lines::new(b'\r') }
    }

    /// Takes in what the host sent, cut in any way; returns what the ergometer answers.
    pub fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut counters = Counters::default();
        let lines: Vec<_> = bytes.iter().filter_map(|byte| self.heard.push(*byte, &mut counters)).collect();
        let Self { cadence, power, heart_rate, .. } = self;
        let reply = |line: &Vec<u8>| match (self.dialect, line.as_slice()) {
            (Dialect::Ergoline, b"I") => "er900P10VV243\r".to_owned(),
            (Dialect::Ergoline, b"D") => format!("n {cadence:03}\r"),
            (Dialect::Ergoline, b"B") => format!("B {power:03}\r"),
            (Dialect::Ergoline, b"H") => format!("H {heart_rate:03}\r"),
            (Dialect::Monark, b"id") => "novo\r".to_owned(),
            (Dialect::Monark, b"pedal") => format!("{cadence}\r"),
            (Dialect::Monark, b"power") => format!("{power}\r"),
            (Dialect::Monark, b"pulse") => format!("{heart_rate}\r"),
            _ => String::new(),
        };
        lines.iter().map(reply).collect::<String>().into_bytes()
    }
}
