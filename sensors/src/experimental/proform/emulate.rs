//! A board that is not there: answers as the sources describe. For tests and demonstrations.

/// The board's end of the line.
#[derive(Debug)]
pub struct ProformBoard {
    /// Crank revolutions a minute.
    pub cadence: u8,
}

impl ProformBoard {
    /// Takes in a request; returns what the board answers.
    pub fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        let asked = request.len() == super::REQUEST.len()
            && request.iter().zip(super::REQUEST).all(|(heard, known)| *heard == known | 0x80);
        if !asked {
            return Vec::new();
        }
        let body = [0x51, 0x03, 0x02, 0x01, 0x00, 0x00, self.cadence];
        let check = body.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte));
        let digits: String = body.iter().chain([&check]).map(|byte| format!("{byte:02X}")).collect();
        format!(":{digits}\r\n").bytes().map(|byte| byte | 0x80).collect()
    }
}
