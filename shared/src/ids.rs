//! Who and what: racer, class, race, second. Each type holds valid values only.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An id or a name that can't be one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum InvalidId {
    /// A racer id above [`RacerId::MAX`].
    #[error("racer id {0} is not in 0..={max}", max = RacerId::MAX)]
    Racer(u64),
    /// A class id outside 1..=6.
    #[error("class id {0} is not in 1..={max}", max = ClassId::MAX)]
    Class(u64),
    /// A second outside 1..=[`RaceSecond::MAX`].
    #[error("second {0} is not in 1..={max}", max = RaceSecond::MAX)]
    Second(u64),
    /// A race id whose window would not fit the clock.
    #[error("race id {0} is not in 0..={max}", max = RaceId::MAX)]
    Race(u64),
    /// A name that is empty, too long, or holds control characters.
    #[error("a name has 1..={max} characters and no control characters", max = RacerName::MAX_CHARS)]
    Name,
    /// Text where a whole number was expected.
    #[error("`{0}` is not a whole number")]
    NotANumber(String),
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($int:ty), $range:expr, $error:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "u64", into = "u64")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = u64))]
        pub struct $name($int);

        impl $name {
            /// The smallest value.
            pub const MIN: u64 = *$range.start();
            /// The largest value.
            pub const MAX: u64 = *$range.end();

            /// The value as a plain number.
            pub const fn get(self) -> $int {
                self.0
            }
        }

        impl TryFrom<u64> for $name {
            type Error = InvalidId;

            fn try_from(value: u64) -> Result<Self, InvalidId> {
                if !$range.contains(&value) {
                    return Err(InvalidId::$error(value));
                }
                <$int>::try_from(value).map(Self).map_err(|_| InvalidId::$error(value))
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                Self::from(id.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let value: Option<u64> = if digits { text.parse().ok() } else { None };
                value.ok_or_else(|| InvalidId::NotANumber(text.chars().take(32).collect()))?.try_into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// One of the 40,001 known riders.
    ///
    /// ```
    /// use alleycat_shared::RacerId;
    /// assert_eq!("7".parse::<RacerId>().unwrap().get(), 7);
    /// assert!(RacerId::try_from(40_001).is_err());
    /// ```
    RacerId(u32), (0..=40_000), Racer
);
id!(
    /// One of the six classes: a label and a partition of the boards.
    ///
    /// ```
    /// use alleycat_shared::ClassId;
    /// assert!(ClassId::try_from(6).is_ok());
    /// assert!(ClassId::try_from(7).is_err());
    /// ```
    ClassId(u8), (1..=6), Class
);
id!(
    /// A window of the race clock: `floor(epoch_ms / window_ms)`, the same for every class.
    RaceId(u64), (0..=1_000_000_000_000), Race
);
id!(
    /// A second of a race, counted from 1. A race never has more than an hour.
    RaceSecond(u16), (1..=3_600), Second
);

impl ClassId {
    /// The six classes in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=6).map(Self)
    }
}

impl RaceSecond {
    /// The second's place in a list, counted from 0.
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }
}

/// A rider's display name: 1 to 24 characters, trimmed, any script, no control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct RacerName(String);

impl RacerName {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 24;

    /// A valid name from what a person typed; surrounding white space is dropped.
    ///
    /// # Errors
    /// [`InvalidId::Name`] when nothing is left, it is too long, or it holds control characters.
    pub fn new(text: &str) -> Result<Self, InvalidId> {
        let name = text.trim();
        let invisible = |c: char| {
            c.is_control()
                || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        if name.is_empty() || name.chars().count() > Self::MAX_CHARS || name.chars().any(invisible) {
            return Err(InvalidId::Name);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RacerName {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::new(&text)
    }
}

impl From<RacerName> for String {
    fn from(name: RacerName) -> Self {
        name.0
    }
}

impl fmt::Display for RacerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_a_plain_number_is_refused() {
        for text in ["", "+1", "-1", " 1", "1.0", "0x1", "99999999999999999999"] {
            assert!(text.parse::<RacerId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(RacerName::new("  Ann ").unwrap().as_str(), "Ann");
        assert_eq!(RacerName::new("Žofie 漢字").unwrap().as_str(), "Žofie 漢字");
        assert!(RacerName::new(&"x".repeat(24)).is_ok());
        for bad in ["", "   ", "a\nb", "a\0b", "a\u{202e}b", &"x".repeat(25)] {
            assert_eq!(RacerName::new(bad), Err(InvalidId::Name), "{bad:?}");
        }
    }
}
