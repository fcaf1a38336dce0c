//! What sensors tell, page by page. A page number means different things on different profiles.

use std::f64::consts::PI;

use crate::events::{EventCounter, Units};
use crate::{Millis, Origin, Resistance};

/// A kind of sensor, by its ANT+ device profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Power meter, 11.
    Power,
    /// Trainer or bike with FE-C, 17.
    FitnessEquipment,
    /// Cadence sensor, 122.
    Cadence,
    /// Speed and cadence sensor, 121.
    SpeedCadence,
}

/// What a page tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Told {
    pub(super) cadence: Option<f64>,
    pub(super) power: Option<f64>,
    pub(super) resistance: Option<Resistance>,
    pub(super) heart_rate: Option<f64>,
}

/// What is remembered of one sensor between pages.
#[derive(Debug, Default)]
pub(super) struct Pages {
    events: EventCounter,
    /// Period and torque of the last torque page.
    torque: Option<(u16, u16)>,
    /// The count of the last power page that was new, and when it came.
    counted: Option<(u8, Millis)>,
}

impl Profile {
    /// All of them, the most trusted with cadence first.
    pub const ALL: [Self; 4] = [Self::Power, Self::FitnessEquipment, Self::Cadence, Self::SpeedCadence];

    /// Device type of the profile.
    pub(super) const fn device_type(self) -> u8 {
        match self {
            Self::Power => 11,
            Self::FitnessEquipment => 17,
            Self::Cadence => 122,
            Self::SpeedCadence => 121,
        }
    }

    /// Channel period in 1/32768 s.
    pub(super) const fn period(self) -> u16 {
        match self {
            Self::Power => 8_182,
            Self::FitnessEquipment => 8_192,
            Self::Cadence => 8_102,
            Self::SpeedCadence => 8_086,
        }
    }
}

impl Pages {
    /// Reads a page of eight bytes.
    pub(super) fn read(&mut self, profile: Profile, page: [u8; 8], now: Millis) -> Told {
        let word = |at: usize| u16::from_le_bytes([page[at], page[at + 1]]);
        match profile {
            Profile::Cadence => self.events(Units::CRANK, word(6).into(), word(4).into(), now),
            Profile::SpeedCadence => self.events(Units::CRANK, word(2).into(), word(0).into(), now),
            Profile::Power => self.power(page, now),
            Profile::FitnessEquipment => equipment(page),
        }
    }

    fn events(&mut self, units: Units, revolutions: u32, time: u32, now: Millis) -> Told {
        Told { cadence: self.events.sample(units, revolutions, time, now), ..Told::default() }
    }

    fn power(&mut self, page: [u8; 8], now: Millis) -> Told {
        let [number, count, ..] = page;
        let word = |at: usize| u16::from_le_bytes([page[at], page[at + 1]]);
        let cadence = known(page[3]);
        match number {
            0x10 => {
                // A meter that stands still repeats its last page, with the same count.
                let since = match self.counted {
                    Some((last, since)) if last == count => since,
                    _ => now,
                };
                self.counted = Some((count, since));
                let stopped = now.saturating_sub(since) >= STOP_MS;
                let power = if stopped { 0.0 } else { f64::from(word(6)) };
                let cadence = cadence.map(|rpm| if stopped { 0.0 } else { rpm });
                Told { cadence, power: Some(power), ..Told::default() }
            }
            // Of the wheel: its turns are not those of the crank.
            0x11 => Told { cadence, power: self.torque_power(word(4), word(6)), ..Told::default() },
            0x12 => {
                let told = self.events(Units::CRANK_TORQUE, count.into(), word(4).into(), now);
                let power = self.torque_power(word(4), word(6));
                let power = if told.cadence == Some(0.0) { Some(0.0) } else { power };
                Told { power, ..told }
            }
            // Most significant byte first; power would need the meter's offset.
            0x20 => {
                let period = u16::from_be_bytes([page[4], page[5]]);
                self.events(Units::CRANK_FREQUENCY, count.into(), period.into(), now)
            }
            _ => Told::default(),
        }
    }

    /// `W = 128 pi · torque / period`, of the differences.
    fn torque_power(&mut self, period: u16, torque: u16) -> Option<f64> {
        let (before, less) = self.torque.replace((period, torque))?;
        let (period, torque) = (period.wrapping_sub(before), torque.wrapping_sub(less));
        (period > 0).then(|| 128.0 * PI * f64::from(torque) / f64::from(period))
    }
}

fn equipment(page: [u8; 8]) -> Told {
    let told = Told::default();
    let half = |value: u8| f64::from(value) / 2.0;
    match page[0] {
        0x10 => Told { heart_rate: known(page[6]), ..told },
        0x11 => {
            let resistance = known(page[6]).and_then(|_| Resistance::new(half(page[6]), Origin::Measured));
            Told { resistance, ..told }
        }
        0x15 => {
            let power = Some(u16::from_le_bytes([page[5], page[6]])).filter(|watts| *watts != u16::MAX);
            Told { cadence: known(page[4]), power: power.map(f64::from), ..told }
        }
        0x19 => {
            let power = Some(u16::from_le_bytes([page[5], page[6] & 0x0f])).filter(|watts| *watts != 0x0fff);
            Told { cadence: known(page[2]), power: power.map(f64::from), ..told }
        }
        // What the brake was told.
        0x47 if page[1] == 0x30 => {
            Told { resistance: Resistance::new(half(page[7]), Origin::SetPoint), ..told }
        }
        _ => told,
    }
}

/// FF is none.
fn known(value: u8) -> Option<f64> {
    (value != u8::MAX).then(|| f64::from(value))
}

/// A count that has not moved for so long is of a standstill. In ms.
const STOP_MS: Millis = 3_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regime::bytes;

    fn page(profile: Profile, hex: &str) -> Told {
        Pages::default().read(profile, bytes(hex).try_into().unwrap(), 0)
    }

    #[test]
    fn pages_of_equipment_are_read() {
        let equipment = Profile::FitnessEquipment;
        let measured = |percent| Resistance::new(percent, Origin::Measured);
        let none = Told::default();
        let table = [
            ("10 19 00 00 00 00 FF 24", none), // [S] Kickr, idle: no heart rate
            ("19 03 FF 00 00 00 40 20", Told { power: Some(0.0), ..none }), // [S] no cadence
            ("11 00 00 FF 00 00 00 00", Told { resistance: measured(0.0), ..none }), // [S]
            ("11 FF FF D7 2C 01 4B 30", Told { resistance: measured(37.5), ..none }), // [C]
            ("15 FF FF FF 58 B4 00 30", Told { cadence: Some(88.0), power: Some(180.0), ..none }), // [C]
            ("19 2A 5A E8 03 2C 01 30", Told { cadence: Some(90.0), power: Some(300.0), ..none }), // [C]
            ("11 FF FF FF FF 7F FF 20", none), // [C] no resistance
            ("47 30 01 00 FF FF FF 4B", Told { resistance: Resistance::new(37.5, Origin::SetPoint), ..none }),
        ];
        for (hex, told) in table {
            assert_eq!(page(equipment, hex), told, "{hex}");
        }
    }

    #[test]
    fn a_combined_sensor_tells_its_crank_before_its_wheel() {
        // [S] thisisant thread 7182: crank 48 turns at 64918
        let mut pages = Pages::default();
        let first = bytes("96 FD 30 00 68 B5 56 00").try_into().unwrap();
        assert_eq!(pages.read(Profile::SpeedCadence, first, 0).cadence, None);
        // [C] one turn and one second later
        let second = bytes("96 01 31 00 68 B5 56 00").try_into().unwrap();
        assert_eq!(pages.read(Profile::SpeedCadence, second, 1_000).cadence, Some(60.0));
    }

    #[test]
    fn a_power_meter_that_repeats_itself_stands_still() {
        let mut pages = Pages::default();
        let page = bytes("10 05 FF 5A 10 27 C8 00").try_into().unwrap();
        for (now, expected) in [(0, 90.0), (2_900, 90.0), (3_000, 0.0), (9_000, 0.0)] {
            let told = pages.read(Profile::Power, page, now);
            assert_eq!(told.cadence, Some(expected), "at {now}");
        }
        let next = bytes("10 06 FF 50 10 27 C8 00").try_into().unwrap();
        assert_eq!(pages.read(Profile::Power, next, 9_250).cadence, Some(80.0));
    }

    #[test]
    fn torque_pages_give_cadence_and_power() {
        // [C]: 90.02 rpm, 20.0 Nm, 188.5 W
        let mut pages = Pages::default();
        pages.read(Profile::Power, bytes("12 14 14 FF 60 EA E8 03").try_into().unwrap(), 0);
        let told = pages.read(Profile::Power, bytes("12 15 15 5A B5 EF 68 06").try_into().unwrap(), 700);
        let round = |value: Option<f64>| value.map(|value| (value * 100.0).round() / 100.0);
        assert_eq!((round(told.cadence), round(told.power)), (Some(90.02), Some(188.54)));
        // SRM, most significant byte first: one event in 2000 / 1.5 ticks is 90 rpm.
        let mut pages = Pages::default();
        pages.read(Profile::Power, [0x20, 1, 0, 100, 0x00, 0x00, 0, 0], 0);
        let told = pages.read(Profile::Power, [0x20, 2, 0, 100, 0x05, 0x35, 0, 90], 700);
        assert_eq!(round(told.cadence), Some(90.02));
    }
}
