//! The protocols, by their names.

use serialport::FlowControl;

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// A microcontroller that prints lines.
    Line,
    /// A Peloton Bike: polls it, unless the tablet is heard to do so.
    Peloton,
    /// A Peloton Bike behind a listening tap: never transmits.
    PelotonPassive,
    /// A Kettler ergometer.
    Kettler,
}

/// See [`Driver::ALL`].
static ALL: [Driver; Driver::ALL.len()] = Driver::ALL;

impl Driver {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 4] = [Self::Line, Self::Peloton, Self::PelotonPassive, Self::Kettler];

    /// The protocol of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|driver| driver.name() == name)
    }

    /// The name in states, logs and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Peloton => "peloton",
            Self::PelotonPassive => "peloton-passive",
            Self::Kettler => "kettler",
        }
    }

    /// The bikes that speak it.
    pub const fn bikes(self) -> &'static str {
        match self {
            Self::Line => "A microcontroller that prints lines",
            Self::Peloton => "A Peloton Bike, polled unless its tablet does so",
            Self::PelotonPassive => "A Peloton Bike behind a listening tap: never transmits",
            Self::Kettler => "A Kettler ergometer",
        }
    }

    /// This one alone.
    pub fn alone(self) -> &'static [Self] {
        let at = Self::ALL.iter().position(|driver| *driver == self).unwrap_or_default();
        &ALL[at..=at]
    }

    /// Whether a checksum keeps nonsense from being read.
    pub const fn is_checked(self) -> bool {
        matches!(self, Self::Peloton | Self::PelotonPassive)
    }

    /// Whether every such bike tells a resistance, if only after a while.
    pub const fn tells_resistance(self) -> bool {
        matches!(self, Self::Peloton | Self::PelotonPassive)
    }

    /// Who holds back whom: nobody, for nearly all bikes.
    pub const fn flow(self) -> FlowControl {
        FlowControl::None
    }

    /// The usual bits a second.
    pub const fn baud(self) -> u32 {
        match self {
            Self::Line => 115_200,
            Self::Peloton | Self::PelotonPassive => 19_200,
            Self::Kettler => 9_600,
        }
    }
}
