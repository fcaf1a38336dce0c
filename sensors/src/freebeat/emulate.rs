//! A bike that is not there: answers as a Freebeat's board does. For tests and demonstrations.

/// The bike's end of the line: bytes of the host in, bytes of the bike out.
///
/// ```
/// use alleycat_sensors::freebeat::emulate::FreebeatBike;
///
/// let mut bike = FreebeatBike { cadence: 85, resistance: 37 };
/// assert_eq!(bike.answer(&[0x25, 0x08, 0x00, 0x08, 0xa0])[7..10], [37, 85, 0]);
/// ```
#[derive(Debug)]
pub struct FreebeatBike {
    /// Crank revolutions a minute.
    pub cadence: u16,
    /// 1 to 100.
    pub resistance: u8,
}

impl FreebeatBike {
    /// Takes in what the host sent in one go; returns what the bike answers.
    pub fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        if !bytes.windows(super::QUERY.len()).any(|part| part == super::QUERY) {
            return Vec::new();
        }
        let [low, high] = self.cadence.to_le_bytes();
        let mut frame = vec![super::START, 0x15, 0, 0, 0xfe, 0, 0, self.resistance, low, high, 0];
        frame.push(frame[1..].iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)));
        frame.push(super::END);
        frame
    }
}
