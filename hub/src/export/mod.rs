//! Rides and results as files for other programs: FIT, TCX, CSV.
//!
//! An output is a game's number and not a power in watts, so no file claims a power, a speed or a
//! distance; they hold what was measured: cadence and resistance, second by second.

mod fit;
mod table;
mod tcx;

use alleycat_shared::race::Ride;
use alleycat_shared::{ClassId, Millis, RaceId, RacerId};
use thiserror::Error;

pub(crate) use table::result;

/// A ride with all that its files need to know.
pub(crate) struct Exported {
    pub(crate) race: RaceId,
    pub(crate) class: ClassId,
    pub(crate) racer: RacerId,
    /// When the race began, epoch ms.
    pub(crate) start: Millis,
    pub(crate) ride: Ride,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Fit,
    Tcx,
    Csv,
}

/// A file that could not be written.
#[derive(Debug, Error)]
#[error("the ride can't be written as a file: {0}")]
pub(crate) struct Unwritable(String);

impl Format {
    /// The format that an extension names.
    pub(crate) fn of(extension: &str) -> Option<Self> {
        [Self::Fit, Self::Tcx, Self::Csv].into_iter().find(|format| format.extension() == extension)
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Tcx => "tcx",
            Self::Csv => "csv",
        }
    }

    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Fit => "application/vnd.ant.fit",
            Self::Tcx => "application/vnd.garmin.tcx+xml",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// The file.
    pub(crate) fn write(self, exported: &Exported) -> Result<Vec<u8>, Unwritable> {
        match self {
            Self::Fit => fit::write(exported),
            Self::Tcx => tcx::write(exported),
            Self::Csv => table::ride(exported),
        }
    }
}

impl Exported {
    /// The seconds that counted: number, epoch second at which it had been ridden, cadence, resistance.
    fn seconds(&self) -> impl Iterator<Item = Second> {
        let start = i64::try_from(self.start / 1_000).unwrap_or(i64::MAX);
        (1..).zip(self.ride.ridden()).filter_map(move |(number, ridden)| {
            let ridden = (*ridden)?;
            Some(Second { number, at: start.saturating_add(number.into()), ridden })
        })
    }
}

/// One second that counted.
struct Second {
    number: u16,
    /// Epoch seconds at its end.
    at: i64,
    ridden: alleycat_shared::race::Ridden,
}

fn unwritable(error: impl std::fmt::Debug) -> Unwritable {
    Unwritable(format!("{error:?}"))
}

#[cfg(test)]
mod tests {
    use alleycat_shared::RacerName;
    use alleycat_shared::race::Ridden;

    use super::*;

    /// 10 seconds, of which the 4th is missing: cadence 81 to 90, resistance 50.
    pub(super) fn exported(name: &str) -> Exported {
        let mut ride = Ride::new(RacerName::new(name).unwrap(), 0);
        for second in (1..=10_u64).filter(|second| *second != 4) {
            let cadence = (80.0 + second as f64).try_into().unwrap();
            ride.count(second.try_into().unwrap(), Ridden::new(cadence, 50.0.try_into().unwrap()));
        }
        let (race, class, racer) = (5_402_746, 1, 7);
        Exported {
            race: race.try_into().unwrap(),
            class: class.try_into().unwrap(),
            racer: racer.try_into().unwrap(),
            start: 1_620_823_800_000, // 2021-05-12T12:50:00Z
            ride,
        }
    }

    #[test]
    fn an_empty_ride_is_a_file_too() {
        let mut empty = exported("Ann");
        empty.ride = Ride::new(RacerName::new("Ann").unwrap(), 0);
        for format in [Format::Fit, Format::Tcx, Format::Csv] {
            assert!(!format.write(&empty).unwrap().is_empty());
            assert_eq!(Format::of(format.extension()), Some(format));
        }
    }
}
