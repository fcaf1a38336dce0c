//! What is measured and what is counted: cadence, resistance, output, score.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A measured value that can't be one.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
pub enum OutOfRange {
    /// Not a number, or outside 0..=250 rpm.
    #[error("cadence {0} is not in 0..=250 rpm")]
    Cadence(f64),
    /// Not a number, or outside 0..=100 %.
    #[error("resistance {0} is not in 0..=100 %")]
    Resistance(f64),
}

macro_rules! measured {
    ($(#[$doc:meta])* $name:ident, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            /// The largest value; the smallest is 0.
            pub const MAX: f64 = $max;

            /// The value as a plain number.
            pub const fn get(self) -> f64 {
                self.0
            }

            /// The value to one decimal, as sensors and the wire carry it.
            pub fn to_tenth(self) -> Self {
                Self((self.0 * 10.0).round() / 10.0)
            }
        }

        impl TryFrom<f64> for $name {
            type Error = OutOfRange;

            fn try_from(value: f64) -> Result<Self, OutOfRange> {
                // A NaN is in no range; -0.0 becomes 0.0.
                if (0.0..=$max).contains(&value) { Ok(Self(value + 0.0)) } else { Err(OutOfRange::$name(value)) }
            }
        }

        impl From<$name> for f64 {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

measured!(
    /// Crank revolutions a minute, 0..=250.
    Cadence, 250.0
);
measured!(
    /// How hard the bike is set, 0..=100 %.
    Resistance, 100.0
);

/// The work of one second, a count of ten-thousandths, so that sums are exact in any order.
///
/// `output = (cadence + 35) (resistance + 65) / 100`, and 0 while the cadence is 0. The formula is that of
/// the AWS sample that Alleycat grew from; it stored four decimals, half-up, and so do we.
///
/// ```
/// use alleycat_shared::{Cadence, Output, Resistance};
/// let output = Output::of(Cadence::try_from(60.4).unwrap(), Resistance::try_from(60.6).unwrap());
/// assert_eq!(output.to_string(), "119.8224");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = f64))]
pub struct Output(u32);

impl Output {
    /// No work.
    pub const ZERO: Self = Self(0);

    /// The output of one second.
    pub fn of(cadence: Cadence, resistance: Resistance) -> Self {
        if cadence.get() <= 0.0 {
            return Self::ZERO;
        }
        let ten_thousandths = (cadence.get() + 35.0) * (resistance.get() + 65.0) * 100.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 285 * 165 * 100"
        )]
        // Two decimals more than are kept are enough to undo the binary error before rounding half up.
        Self((((ten_thousandths * 100.0).round() + 50.0) / 100.0) as u32)
    }

    /// The output as a plain number.
    pub fn get(self) -> f64 {
        f64::from(self.0) / SCALE
    }

    /// An output from its count of ten-thousandths.
    pub const fn from_ten_thousandths(count: u32) -> Self {
        Self(count)
    }

    /// The count of ten-thousandths.
    pub const fn ten_thousandths(self) -> u32 {
        self.0
    }
}

/// The sum of the outputs of a race so far, in the same unit as [`Output`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = f64))]
pub struct Score(u64);

impl Score {
    /// Nothing yet.
    pub const ZERO: Self = Self(0);

    /// The score as a plain number.
    pub fn get(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a race's score is below 2^53 ten-thousandths")]
        let count = self.0 as f64;
        count / SCALE
    }

    /// A score from its count of ten-thousandths.
    pub const fn from_ten_thousandths(count: u64) -> Self {
        Self(count)
    }

    /// The count of ten-thousandths.
    pub const fn ten_thousandths(self) -> u64 {
        self.0
    }

    /// How far this score is above (positive) or below another, as a plain number.
    pub fn ahead_of(self, other: Self) -> f64 {
        if self >= other { (self - other).get() } else { -(other - self).get() }
    }
}

impl Add<Output> for Score {
    type Output = Self;

    fn add(self, output: Output) -> Self {
        Self(self.0 + u64::from(output.0))
    }
}

impl AddAssign<Output> for Score {
    fn add_assign(&mut self, output: Output) {
        *self = *self + output;
    }
}

impl Sub for Score {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

const SCALE: f64 = 10_000.0;

macro_rules! four_decimals {
    ($name:ident, $int:ty, $max:expr) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:.*}", f.precision().unwrap_or(4), self.get())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_f64(self.get())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = f64::deserialize(deserializer)?;
                if !(0.0..=$max).contains(&value) {
                    return Err(serde::de::Error::custom(concat!(stringify!($name), " out of range")));
                }
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "in range by the check above"
                )]
                Ok(Self((value * SCALE).round() as $int))
            }
        }
    };
}

// The best second is 285 * 165 / 100; the longest race has an hour of them.
four_decimals!(Output, u32, 471.0);
four_decimals!(Score, u64, 471.0 * 3_600.0);

#[cfg(test)]
mod tests {
    use super::*;

    fn output(cadence: f64, resistance: f64) -> f64 {
        Output::of(cadence.try_into().unwrap(), resistance.try_into().unwrap()).get()
    }

    #[test]
    fn output_follows_the_formula_to_four_decimals() {
        let vectors = [
            (81.0, 79.0, 167.04),
            (79.8, 79.0, 165.312),
            (60.4, 60.6, 119.8224),
            (30.0, 33.0, 63.7),
            (90.0, 86.0, 188.75),
            (62.0, 68.6, 129.592),
            (62.0, 69.2, 130.174),
            (88.0, 59.8, 153.504),
        ];
        for (cadence, resistance, expected) in vectors {
            assert_eq!(output(cadence, resistance), expected, "({cadence}, {resistance})");
        }
    }

    #[test]
    fn pedals_at_rest_put_out_nothing() {
        assert_eq!(output(0.0, 80.0), 0.0);
    }

    #[test]
    fn ranges_end_where_they_say() {
        assert!(Cadence::try_from(250.0).is_ok() && Cadence::try_from(250.1).is_err());
        assert!(Resistance::try_from(100.0).is_ok() && Resistance::try_from(-0.1).is_err());
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(Cadence::try_from(odd).is_err() && Resistance::try_from(odd).is_err());
        }
    }

    #[test]
    fn a_score_survives_json_exactly() {
        let mut score = Score::ZERO;
        for _ in 0..300 {
            score += Output::of(88.0.try_into().unwrap(), 59.8.try_into().unwrap());
        }
        assert_eq!(score.to_string(), "46051.2000");
        let text = serde_json::to_string(&score).unwrap();
        assert_eq!(serde_json::from_str::<Score>(&text).unwrap(), score);
        assert!(serde_json::from_str::<Score>("-1").is_err());
    }
}
