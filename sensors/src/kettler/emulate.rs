//! A bike that is not there: answers as a Kettler ergometer does. For tests and demonstrations.

use crate::Counters;
use crate::lines::Lines;

/// The bike's end of the line: bytes of the host in, bytes of the bike out.
///
/// ```
/// use alleycat_sensors::kettler::emulate::KettlerBike;
///
/// let mut bike = KettlerBike::new(91, 178);
/// assert_eq!(bike.answer(b"st\r\n"), b"000\t091\t000\t000\t000\t0000\t00:00\t178\r\n");
/// ```
#[derive(Debug)]
pub struct KettlerBike {
    /// Crank revolutions a minute, at most 999.
    pub cadence: u32,
    /// Watts, at most 999.
    pub power: u32,
    /// Beats a minute, 0 without a belt.
    pub heart_rate: u32,
    /// Knows upper-case commands only.
    pub upper: bool,
    /// Does not know that it can be led by a computer.
    pub no_pc_mode: bool,
    heard: Lines,
}

impl KettlerBike {
    /// A bike ridden at a cadence in rpm with a power in W.
    pub const fn new(cadence: u32, power: u32) -> Self {
        Self { cadence, power, heart_rate: 0, upper: false, no_pc_mode: false, heard: Lines::new(b'\n') }
    }

    /// Takes in what the host sent, cut in any way; returns what the bike answers.
    pub fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut counters = Counters::default();
        let lines: Vec<_> = bytes.iter().filter_map(|byte| self.heard.push(*byte, &mut counters)).collect();
        lines.iter().flat_map(|line| self.reply(line)).collect()
    }

    fn reply(&self, line: &[u8]) -> Vec<u8> {
        let command = line.strip_suffix(b"\r").unwrap_or(line);
        let known = !self.upper || command.iter().all(u8::is_ascii_uppercase);
        let answer = match command.to_ascii_uppercase().as_slice() {
            b"ID" if known => "SF1B1706".to_owned(),
            b"CM" if known && !self.no_pc_mode => "ACK".to_owned(),
            b"ST" if known => {
                let Self { cadence, power, heart_rate, .. } = self;
                format!("{heart_rate:03}\t{cadence:03}\t000\t000\t000\t0000\t00:00\t{power:03}")
            }
            _ => "ERROR".to_owned(),
        };
        [answer.as_bytes(), b"\r\n"].concat()
    }
}
