//! A trainer that is not there: greets and streams as a CompuTrainer does. For tests and demonstrations.

/// The trainer's end of the line.
///
/// ```
/// use alleycat_sensors::computrainer::emulate::Computrainer;
///
/// let mut trainer = Computrainer::new(91, 250);
/// assert_eq!(trainer.answer(b"RacerMate"), b"LinkUp");
/// assert_eq!(trainer.says()[7..14], [0, 0, 0, 0, 0x30, 0x2d, 0xc1]);
/// ```
#[derive(Debug)]
pub struct Computrainer {
    /// Crank revolutions a minute.
    pub cadence: u8,
    /// Watts, at most 4,095.
    pub power: u16,
    heard: Vec<u8>,
    linked: bool,
}

impl Computrainer {
    /// A trainer ridden at a cadence in rpm with a power in W.
    pub const fn new(cadence: u8, power: u16) -> Self {
        Self { cadence, power, heard: Vec::new(), linked: false }
    }

    /// Takes in what the host sent, cut in any way; returns what the trainer answers.
    pub fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.heard.extend_from_slice(bytes);
        let greeted = self.heard.windows(super::GREETING.len()).any(|word| word == super::GREETING);
        if greeted {
            (self.heard, self.linked) = (Vec::new(), true);
            return super::LINK_UP.to_vec();
        }
        self.heard.drain(..self.heard.len().saturating_sub(super::GREETING.len()));
        Vec::new()
    }

    /// What it says by itself: its power and its cadence.
    pub fn says(&mut self) -> Vec<u8> {
        if !self.linked {
            return Vec::new();
        }
        [message(2, self.power), message(6, u16::from(self.cadence))].concat()
    }
}

fn message(kind: u8, value: u16) -> [u8; super::MESSAGE] {
    let high = (value >> 8) as u8;
    let (flags, low) = ((kind << 3) | (high >> 1), (value & 0xff) as u8);
    [0, 0, 0, 0, flags, low >> 1, 0xc0 | ((high & 1) << 1) | (low & 1)]
}
