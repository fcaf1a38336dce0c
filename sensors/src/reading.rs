//! What a decoder hands on.

use crate::Millis;

/// Where a resistance comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A sensor on the brake.
    Measured,
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
}

impl Reading {
    /// A reading of a cadence in range, or `None`.
    pub(crate) fn new(cadence: f64, resistance: Option<Resistance>, power: Option<f64>) -> Option<Self> {
        (0.0..=MAX_CADENCE).contains(&cadence).then(|| Self { cadence: tenth(cadence), resistance, power })
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
/// A resistance or power older than this is not told with a new cadence. In ms.
const FRESH_MS: Millis = 2_000;
