//! A bike that is not there: answers as a Daum cockpit does. For tests and demonstrations.

/// The bike's end of the line: bytes of the host in, bytes of the bike out.
///
/// ```
/// use alleycat_sensors::daum::emulate::DaumBike;
///
/// let mut bike = DaumBike::new(85, 12);
/// assert_eq!(bike.answer(&[0x11]), [0x11, 0]);
/// assert_eq!(bike.answer(&[0x40, 0])[6], 85);
/// ```
#[derive(Debug)]
pub struct DaumBike {
    /// Crank revolutions a minute.
    pub cadence: u8,
    /// 1 to 28.
    pub gear: u8,
    /// The power that is set, in steps of 5 W.
    pub power: u8,
    /// Beats a minute, 0 without a belt.
    pub heart_rate: u8,
    /// An old cockpit tells 17 bytes.
    pub old: bool,
    heard: Vec<u8>,
}

impl DaumBike {
    /// A bike ridden at a cadence in rpm and a gear, with 150 W.
    pub const fn new(cadence: u8, gear: u8) -> Self {
        Self { cadence, gear, power: 30, heart_rate: 0, old: false, heard: Vec::new() }
    }

    /// Takes in what the host sent, cut in any way; returns what the bike answers.
    pub fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut said = Vec::new();
        for byte in bytes {
            self.heard.push(*byte);
            match self.heard[..] {
                [0x11] => said.extend([0x11, 0]),
                [0x40, 0] => said.extend(self.run_data()),
                // The address is still to come.
                [0x40] => continue,
                _ => {}
            }
            self.heard.clear();
        }
        said
    }

    fn run_data(&self) -> Vec<u8> {
        let mut data = vec![0x40, 0, 0, 0, 1, self.power, self.cadence, 28, 12, 0, 0x2c, 1];
        data.extend([0, 0, self.heart_rate, 0, self.gear, 0, 0]);
        data.truncate(if self.old { 17 } else { 19 });
        data
    }
}
