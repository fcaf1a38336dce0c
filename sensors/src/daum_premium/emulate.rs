//! A bike that is not there: answers as a Daum premium cockpit does. For tests and demonstrations.

use super::frame::{Frame, Frames};
use super::{ACCEPTED, SEPARATOR, TRAINING};
use crate::Counters;

/// The bike's end of the line: bytes of the host in, bytes of the bike out.
///
/// ```
/// use alleycat_sensors::daum_premium::emulate::DaumPremiumBike;
///
/// let mut bike = DaumPremiumBike::new(90.1, 130, 10);
/// let answer = bike.answer(&[0x01, b'X', b'7', b'0', b'9', b'1', 0x17]);
/// assert_eq!(answer[..5], [0x06, 0x01, b'X', b'7', b'0']);
/// ```
#[derive(Debug)]
pub struct DaumPremiumBike {
    /// Crank revolutions a minute.
    pub cadence: f64,
    /// Watts.
    pub power: u32,
    /// 1 to 28.
    pub gear: u32,
    heard: Frames,
}

impl DaumPremiumBike {
    /// A bike ridden at a cadence in rpm with a power in W in a gear.
    pub fn new(cadence: f64, power: u32, gear: u32) -> Self {
        Self { cadence, power, gear, heard: Frames::default() }
    }

    /// Takes in what the host sent, cut in any way; returns what the bike answers.
    pub fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut counters = Counters::default();
        let frames: Vec<_> = bytes.iter().filter_map(|byte| self.heard.push(*byte, &mut counters)).collect();
        let mut said = Vec::new();
        for frame in frames {
            said.push(ACCEPTED);
            if frame.command == TRAINING {
                let Self { cadence, power, gear, .. } = self;
                let words =
                    format!("10|99|10.0|-3.3|150|{cadence:.1}|{power}|130.2|130.3|13.1|{}|1|0", *gear + 1);
                let payload = words.bytes().map(|byte| if byte == b'|' { SEPARATOR } else { byte });
                said.extend(Frame { command: TRAINING, payload: payload.collect() }.bytes());
            }
        }
        said
    }
}
