//! What a decoder hands on.

use std::collections::VecDeque;

use crate::Millis;

/// Where a resistance comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A sensor on the brake.
    Measured,
    /// A gear or level of the console, scaled.
    Level,
    /// What the brake was told.
    SetPoint,
    /// Worked out from something else, or by a scale that is not this bike's own.
    Estimated,
}

/// How hard the bike is set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resistance {
    /// 0..=100 %, to one decimal.
    pub percent: f64,
    /// Where it comes from.
    pub origin: Origin,
}

impl Resistance {
    /// A resistance in 0..=100 %, or `None`.
    pub(crate) fn new(percent: f64, origin: Origin) -> Option<Self> {
        (0.0..=100.0).contains(&percent).then(|| Self { percent: tenth(percent), origin })
    }

    /// A gear or level on a scale from `easiest` to `hardest`; beyond an end it is that end.
    pub(crate) fn level(level: f64, easiest: f64, hardest: f64) -> Option<Self> {
        let percent = 100.0 * (level - easiest) / (hardest - easiest);
        if percent.is_nan() { None } else { Self::new(percent.clamp(0.0, 100.0), Origin::Level) }
    }
}

/// A trustworthy reading: of a whole frame with the right length and checksum, and in range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Crank revolutions a minute, 0..=250, to one decimal. 0 is a measured standstill.
    pub cadence: f64,
    /// Resistance, if the bike told it lately.
    pub resistance: Option<Resistance>,
    /// Watts, 0..=3000, if the bike told them lately.
    pub power: Option<f64>,
    /// Beats a minute, 1..=250, if the bike told them lately.
    pub heart_rate: Option<f64>,
}

impl Reading {
    /// A cadence in range and nothing beside it, or `None`.
    pub(crate) fn new(cadence: f64) -> Option<Self> {
        let reading = Self { cadence: tenth(cadence), resistance: None, power: None, heart_rate: None };
        (0.0..=MAX_CADENCE).contains(&cadence).then_some(reading)
    }
}

/// What comes apart from the cadence and goes with the cadences of the next moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beside {
    pub(crate) resistance: Latest<Resistance>,
    pub(crate) power: Latest<f64>,
    pub(crate) heart_rate: Latest<f64>,
}

impl Beside {
    /// Nothing is known yet.
    pub(crate) const NONE: Self =
        Self { resistance: Latest::NONE, power: Latest::NONE, heart_rate: Latest::NONE };

    /// A power in W.
    pub(crate) fn set_power(&mut self, watts: f64, now: Millis) -> Result<(), Fault> {
        let in_range = (0.0..=MAX_POWER).contains(&watts);
        self.power.set(in_range.then_some(tenth(watts)).ok_or(Fault::Range)?, now);
        Ok(())
    }

    /// A heart rate in beats a minute; 0 is none.
    pub(crate) fn set_heart_rate(&mut self, rate: f64, now: Millis) -> Result<(), Fault> {
        if rate != 0.0 {
            let in_range = (1.0..=MAX_HEART_RATE).contains(&rate);
            self.heart_rate.set(in_range.then_some(rate).ok_or(Fault::Range)?, now);
        }
        Ok(())
    }

    /// A reading of a cadence in rpm with what is known beside it.
    pub(crate) fn reading(&self, cadence: f64, now: Millis) -> Result<Reading, Fault> {
        let reading = Reading::new(cadence).ok_or(Fault::Range)?;
        let (resistance, power) = (self.resistance.at(now), self.power.at(now));
        Ok(Reading { resistance, power, heart_rate: self.heart_rate.at(now), ..reading })
    }
}

/// What waits to be taken: the newest, for nobody may ever take it.
#[derive(Clone, Debug)]
pub(crate) struct Queue<T, const MOST: usize>(VecDeque<T>);

/// Readings that wait to be taken.
pub(crate) type Readings = Queue<Reading, 64>;
/// Requests that wait to be sent.
pub(crate) type Writes = Queue<Vec<u8>, 16>;

impl<T, const MOST: usize> Default for Queue<T, MOST> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T, const MOST: usize> Queue<T, MOST> {
    pub(crate) fn push(&mut self, item: T) {
        self.0.push_back(item);
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// What was understood and what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Whole frames or lines with a meaning.
    pub good: u64,
    /// Frames or lines that were refused, by reason.
    pub bad: Bad,
    /// Bytes that belonged to no frame, or to another host's request that had no answer.
    pub skipped: u64,
}

/// How many frames or lines were refused, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bad {
    /// The checksum is wrong.
    pub checksum: u64,
    /// The length, the digits or the fields are not those of the protocol.
    pub form: u64,
    /// A value is out of range.
    pub range: u64,
    /// A line without a checksum from a sensor that sends them.
    pub unchecked: u64,
}

impl Bad {
    /// All of them.
    pub const fn total(&self) -> u64 {
        self.checksum + self.form + self.range + self.unchecked
    }

    pub(crate) const fn count(&mut self, fault: Fault) {
        match fault {
            Fault::Checksum => self.checksum += 1,
            Fault::Form => self.form += 1,
            Fault::Range => self.range += 1,
            Fault::Unchecked => self.unchecked += 1,
        }
    }
}

/// Why a frame or a line was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Checksum,
    Form,
    Range,
    Unchecked,
}

/// A value that comes in a frame of its own and goes with the cadences of the next moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latest<T>(Option<(T, Millis)>);

impl<T: Copy> Latest<T> {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) const fn set(&mut self, value: T, now: Millis) {
        self.0 = Some((value, now));
    }

    /// The value, unless it is too old to go with a cadence of `now`.
    pub(crate) fn at(&self, now: Millis) -> Option<T> {
        self.0.filter(|(_, since)| now.saturating_sub(*since) < FRESH_MS).map(|(value, _)| value)
    }
}

pub(crate) fn tenth(value: f64) -> f64 {
    // Adding 0 makes a negative zero a plain one.
    (value * 10.0).round() / 10.0 + 0.0
}

/// The highest believable cadence in rpm.
pub(crate) const MAX_CADENCE: f64 = 250.0;
/// The highest believable power in W.
pub(crate) const MAX_POWER: f64 = 3_000.0;
/// The highest believable heart rate in beats a minute.
const MAX_HEART_RATE: f64 = 250.0;
/// A resistance or power older than this is not told with a new cadence. In ms.
const FRESH_MS: Millis = 2_000;
