//! A brake that is not there: answers as the source describes. For tests and demonstrations.

use super::frame::bytes;

/// The brake's end of the line, at 30 km/h.
#[derive(Debug)]
pub struct TacxBrake {
    /// Crank revolutions a minute.
    pub cadence: u8,
}

impl TacxBrake {
    /// Takes in a request; returns what the brake answers.
    pub fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        if request == bytes(&super::VERSION) {
            return bytes(&[0x03, 0x0c, 0, 0, 0x65, 0x09, 0, 0, 0xba, 0xc4, 0x77, 0x18, 0x08, 0x0c, 0, 0]);
        }
        if request != bytes(&super::COMMAND) {
            return Vec::new();
        }
        let mut data = vec![0x03, 0x13, 0x02, 0x00, 0x39, 0x30, 0, 0, 0xf4, 0x21, 0, 0, 0xc8, 0x05];
        data.extend([0xdc, 0x05, 0xdc, 0x05, 0x01, 0x00, self.cadence, 0x00, 0x02]);
        bytes(&data)
    }
}
