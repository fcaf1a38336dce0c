//! What a decoder hands on.

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
    /// Frames or lines with a wrong checksum, length, form or range.
    pub bad: u64,
    /// Bytes that belonged to no frame.
    pub skipped: u64,
}

pub(crate) fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The highest believable cadence in rpm.
pub(crate) const MAX_CADENCE: f64 = 250.0;
/// The highest believable power in W.
pub(crate) const MAX_POWER: f64 = 3_000.0;
