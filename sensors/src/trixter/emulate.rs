//! A bike that is not there: streams as an X-Dream does. For tests and demonstrations.

/// The bike's end of the line.
///
/// ```
/// use alleycat_sensors::trixter::emulate::TrixterBike;
///
/// assert_eq!(TrixterBike { crank: 0xffff, heart_rate: 0 }.says().len(), 32);
/// ```
#[derive(Debug)]
pub struct TrixterBike {
    /// Time of a turn of the crank: 166,667 by the cadence in rpm, or 65,535 at rest.
    pub crank: u16,
    /// Beats a minute, 0 without a belt.
    pub heart_rate: u8,
}

impl TrixterBike {
    /// What it says by itself each 13 ms.
    pub fn says(&self) -> Vec<u8> {
        let [high, low] = self.crank.to_be_bytes();
        let mut message = vec![super::START, 0x56, 0x80, 1, 0xfa, 0xfa, 0xff, 0xff, 0xff, 0xff, high, low];
        message.extend([0xff, 0xfe, self.heart_rate]);
        message.push(message.iter().fold(0, |xor, byte| xor ^ byte));
        message.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()
    }
}
