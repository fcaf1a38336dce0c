//! Bluetooth sensors: indoor bikes (FTMS), power meters, cadence sensors.
//!
//! Bluetooth hands over whole notifications, so [`BleDecoder`] is given one with each push: the number of its
//! characteristic, least significant byte first as Bluetooth has it, then the value; see
//! [`Characteristic::notification`]. A cut one is refused. Nothing is ever asked: who opens the connection
//! reads the range of the resistance once and subscribes to the rest. Sources: Bluetooth SIG (Fitness Machine
//! Service 1.0, Cycling Power Service, Cycling Speed and Cadence Service and their characteristics),
//! ptx2/gymnasticon, doudar/SmartSpin2k, cagnulein/qdomyos-zwift.

mod csc;
pub mod emulate;
mod fields;
mod ftms;
mod power;
#[cfg(test)]
mod vectors;

use crate::events::{EventCounter, Units};
use crate::reading::{Beside, Fault};
use crate::torque::Torque;
use crate::{Decoder, Millis, Resistance, Talk};
use ftms::Range;

/// What a sensor tells, by its characteristic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Characteristic {
    /// Indoor Bike Data of the Fitness Machine Service.
    IndoorBike,
    /// Cycling Power Measurement.
    Power,
    /// CSC Measurement of the Cycling Speed and Cadence Service.
    Cadence,
    /// Supported Resistance Level Range of the Fitness Machine Service: read once, not notified.
    ResistanceRange,
}

impl Characteristic {
    /// All of them, the most trusted with cadence first.
    pub const ALL: [Self; 4] = [Self::IndoorBike, Self::Power, Self::Cadence, Self::ResistanceRange];

    /// Its assigned number.
    pub const fn number(self) -> u16 {
        match self {
            Self::IndoorBike => 0x2ad2,
            Self::Power => 0x2a63,
            Self::Cadence => 0x2a5b,
            Self::ResistanceRange => 0x2ad6,
        }
    }

    /// The assigned number of its service.
    pub const fn service(self) -> u16 {
        match self {
            Self::IndoorBike | Self::ResistanceRange => 0x1826,
            Self::Power => 0x1818,
            Self::Cadence => 0x1816,
        }
    }

    /// Whether it tells by itself; else it is read.
    pub const fn is_notified(self) -> bool {
        !matches!(self, Self::ResistanceRange)
    }

    /// A value of it as [`BleDecoder`] takes it.
    ///
    /// ```
    /// use alleycat_sensors::ble::Characteristic;
    ///
    /// assert_eq!(Characteristic::Cadence.notification(&[0]), [0x5b, 0x2a, 0]);
    /// ```
    pub fn notification(self, value: &[u8]) -> Vec<u8> {
        [&self.number().to_le_bytes(), value].concat()
    }

    fn of(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.number() == number)
    }
}

/// What a notification tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Told {
    cadence: Option<f64>,
    power: Option<f64>,
    resistance: Option<Resistance>,
    heart_rate: Option<f64>,
}

/// Reads one Bluetooth device. Where it tells a cadence in several ways the most trusted one is told: indoor
/// bike, power meter, cadence sensor.
#[derive(Debug)]
pub struct BleDecoder {
    /// Nm at 100 %, for those that tell a power and no resistance.
    max_torque: f64,
    range: Range,
    power_events: EventCounter,
    cadence_events: EventCounter,
    /// When each characteristic told a cadence last, in the order of [`Characteristic::ALL`].
    heard: [Option<Millis>; 4],
    beside: Beside,
    torque: Torque,
    /// It has told a resistance of its own: then none is estimated beside it.
    resists: bool,
    talk: Talk,
}

impl BleDecoder {
    /// A decoder at the start of a connection, with this torque in Nm as 100 %.
    pub fn new(max_torque: f64) -> Self {
        Self {
            max_torque,
            range: Range::default(),
            power_events: EventCounter::default(),
            cadence_events: EventCounter::default(),
            heard: [None; 4],
            beside: Beside::NONE,
            torque: Torque::new(max_torque),
            resists: false,
            talk: Talk::default(),
        }
    }

    fn notified(&mut self, characteristic: Characteristic, value: &[u8], now: Millis) -> Result<(), Fault> {
        let told = match characteristic {
            Characteristic::ResistanceRange => {
                self.range = Range::read(value)?;
                Told::default()
            }
            Characteristic::IndoorBike => ftms::read(value, &mut self.range)?,
            Characteristic::Power => {
                let told = power::read(value)?;
                let cadence = told.crank.and_then(|crank| crank.sample(&mut self.power_events, now));
                Told { cadence, power: Some(told.watts), ..Told::default() }
            }
            Characteristic::Cadence => {
                let crank = csc::read(value)?;
                let cadence = crank.and_then(|crank| crank.sample(&mut self.cadence_events, now));
                Told { cadence, ..Told::default() }
            }
        };
        self.talk.counters.good += 1;
        self.tell(characteristic, told, now);
        Ok(())
    }

    fn tell(&mut self, characteristic: Characteristic, told: Told, now: Millis) {
        let Told { cadence, power, resistance, heart_rate } = told;
        let faults = [
            power.and_then(|watts| self.beside.set_power(watts, now).err()),
            heart_rate.and_then(|rate| self.beside.set_heart_rate(rate, now).err()),
        ];
        faults.into_iter().flatten().for_each(|fault| self.talk.counters.bad.count(fault));
        if let Some(resistance) = resistance {
            self.beside.resistance.set(resistance, now);
            self.resists = true;
        }
        let Some(cadence) = cadence else { return };
        let rank = Characteristic::ALL.iter().position(|one| *one == characteristic).unwrap_or_default();
        self.heard[rank] = Some(now);
        let live = |heard: &Option<Millis>| heard.is_some_and(|at| now.saturating_sub(at) < TRUSTED_MS);
        if self.heard.iter().position(live) != Some(rank) {
            return;
        }
        match self.beside.reading(cadence, now) {
            Ok(mut reading) => {
                let watts = reading.power.filter(|_| !self.resists);
                let estimate = watts.and_then(|watts| self.torque.estimate(watts, reading.cadence, now));
                reading.resistance = reading.resistance.or(estimate);
                self.talk.readings.push(reading);
            }
            Err(fault) => self.talk.counters.bad.count(fault),
        }
    }
}

/// How often the crank has turned, and when it did last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Crank {
    revolutions: u16,
    /// In 1/1024 s.
    time: u16,
}

impl Crank {
    fn sample(self, events: &mut EventCounter, now: Millis) -> Option<f64> {
        events.sample(Units::CRANK, self.revolutions.into(), self.time.into(), now)
    }
}

impl Decoder for BleDecoder {
    fn talk(&self) -> &Talk {
        &self.talk
    }

    fn talk_mut(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn restart(&mut self, now: Millis) {
        *self = Self { talk: self.talk.again(now, 0), ..Self::new(self.max_torque) };
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        let known = bytes
            .split_first_chunk()
            .and_then(|(number, value)| Some((Characteristic::of(u16::from_le_bytes(*number))?, value)));
        match known {
            Some((characteristic, value)) => {
                if let Err(fault) = self.notified(characteristic, value, now) {
                    self.talk.counters.bad.count(fault);
                }
            }
            None => self.talk.counters.skipped += bytes.len() as u64,
        }
    }

    fn wake(&mut self, _: Millis) {}
}

/// A characteristic that has told no cadence for so long is not waited for by less trusted ones. In ms.
const TRUSTED_MS: Millis = 5_000;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
