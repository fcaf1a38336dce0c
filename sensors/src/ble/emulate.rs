//! Sensors that are not there: what they would notify. For tests and demonstrations.

/// An indoor bike that tells what most do: speed, cadence, resistance, power.
///
/// ```
/// use alleycat_sensors::ble::emulate::IndoorBike;
///
/// let bike = IndoorBike { cadence: 90.0, level: 37, watts: 175 };
/// assert_eq!(bike.says(), [0x64, 0, 0xc4, 9, 0xb4, 0, 37, 0, 175, 0]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct IndoorBike {
    /// In rpm; told in halves.
    pub cadence: f64,
    /// The level as the bike tells it.
    pub level: i16,
    /// In W.
    pub watts: i16,
}

impl IndoorBike {
    /// A value of Indoor Bike Data.
    pub fn says(self) -> Vec<u8> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let halves = (2.0 * self.cadence).round() as u16;
        let mut value = FLAGS.to_le_bytes().to_vec();
        value.extend(SPEED.to_le_bytes());
        value.extend(halves.to_le_bytes());
        value.extend(self.level.to_le_bytes());
        value.extend(self.watts.to_le_bytes());
        value
    }
}

/// A crank whose turns are counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct TurningCrank {
    /// Turns so far, wrapping.
    pub revolutions: u16,
    /// When the last one was, in 1/1024 s, wrapping.
    pub time: u16,
}

impl TurningCrank {
    /// The crank turns on, so many times in so many 1/1024 s.
    pub const fn turn(&mut self, revolutions: u16, time: u16) {
        self.revolutions = self.revolutions.wrapping_add(revolutions);
        self.time = self.time.wrapping_add(time);
    }

    /// A value of CSC Measurement without a wheel.
    pub fn cadence(self) -> Vec<u8> {
        [&[2], self.counts().as_slice()].concat()
    }

    /// A value of Cycling Power Measurement.
    pub fn power(self, watts: i16) -> Vec<u8> {
        [&[0x20, 0], watts.to_le_bytes().as_slice(), &self.counts()].concat()
    }

    fn counts(self) -> [u8; 4] {
        let ([low, high], [early, late]) = (self.revolutions.to_le_bytes(), self.time.to_le_bytes());
        [low, high, early, late]
    }
}

/// Cadence, resistance and power are there.
const FLAGS: u16 = 1 << 2 | 1 << 5 | 1 << 6;
/// 25 km/h; nobody reads it.
const SPEED: u16 = 2_500;
