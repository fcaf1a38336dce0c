//! The serial protocols, by their names.

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    /// A microcontroller that prints lines.
    Line,
    /// A Peloton Bike: polls it, unless the tablet is heard to do so.
    Peloton,
    /// A Peloton Bike behind a listening tap: never transmits.
    PelotonPassive,
    /// Gym equipment with a CSAFE jack.
    Csafe,
    /// ANT+ sensors through a USB stick.
    Ant,
    /// A Kettler ergometer.
    Kettler,
    /// A Daum ergometer of the classic series.
    Daum,
    /// A Daum ergometer of the premium series.
    DaumPremium,
    /// An Ergoline ergometer, or a GE eBike.
    Ergoline,
    /// A Monark ergometer.
    Monark,
    /// A Trixter X-Dream.
    Trixter,
    /// A RacerMate CompuTrainer.
    Computrainer,
    /// A Freebeat bike.
    Freebeat,
    /// A Tacx Fortius motor brake.
    Tacx,
    /// A ProForm or iFit lower board.
    Proform,
    /// An Ergofit ergometer.
    Ergofit,
    /// A CatEye Ergociser EC-1600.
    Cateye,
}

/// How a port's two ends hold each other back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Not at all.
    None,
    /// By XON and XOFF.
    Software,
    /// By RTS and CTS.
    Hardware,
}

/// What there is to know of a protocol before its port is open.
struct About {
    name: &'static str,
    bikes: &'static str,
    baud: u32,
    /// A checksum keeps nonsense from being read.
    checked: bool,
}

/// All of them, in the order in which they are listed.
static ALL: [Driver; Driver::ALL.len()] = Driver::ALL;

impl Driver {
    /// All of them, in the order in which they are listed.
    pub const ALL: [Self; 17] = [
        Self::Line,
        Self::Peloton,
        Self::PelotonPassive,
        Self::Csafe,
        Self::Ant,
        Self::Kettler,
        Self::Daum,
        Self::DaumPremium,
        Self::Ergoline,
        Self::Monark,
        Self::Trixter,
        Self::Computrainer,
        Self::Freebeat,
        Self::Tacx,
        Self::Proform,
        Self::Ergofit,
        Self::Cateye,
    ];

    /// The protocol of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|driver| driver.name() == name)
    }

    const fn about(self) -> About {
        let (name, bikes, baud, checked) = match self {
            Self::Line => ("line", "A microcontroller that prints lines", 115_200, false),
            Self::Peloton => ("peloton", "A Peloton Bike, polled unless its tablet does so", 19_200, true),
            Self::PelotonPassive => {
                ("peloton-passive", "A Peloton Bike behind a listening tap: never transmits", 19_200, true)
            }
            Self::Csafe => ("csafe", "Gym equipment with a CSAFE jack", 9_600, true),
            Self::Ant => ("ant", "ANT+ sensors through a USB stick", 115_200, true),
            Self::Kettler => ("kettler", "A Kettler ergometer", 9_600, false),
            Self::Daum => ("daum", "A Daum ergometer of the classic series", 9_600, false),
            Self::DaumPremium => ("daum-premium", "A Daum ergometer of the premium series", 9_600, true),
            Self::Ergoline => ("ergoline", "An Ergoline ergometer, or a GE eBike", 4_800, false),
            Self::Monark => ("monark", "A Monark ergometer", 4_800, false),
            Self::Trixter => ("trixter", "A Trixter X-Dream", 115_200, true),
            Self::Computrainer => ("computrainer", "A RacerMate CompuTrainer", 2_400, false),
            Self::Freebeat => ("freebeat", "A Freebeat bike", 9_600, true),
            Self::Tacx => ("tacx", "A Tacx Fortius motor brake (experimental)", 19_200, true),
            Self::Proform => ("proform", "A ProForm or iFit lower board (experimental)", 38_400, true),
            Self::Ergofit => ("ergofit", "An Ergofit ergometer (experimental)", 9_600, false),
            Self::Cateye => ("cateye", "A CatEye Ergociser EC-1600 (experimental)", 2_400, true),
        };
        About { name, bikes, baud, checked }
    }

    /// The name in states, logs and on the command line.
    pub const fn name(self) -> &'static str {
        self.about().name
    }

    /// The bikes that speak it.
    pub const fn bikes(self) -> &'static str {
        self.about().bikes
    }

    /// The usual bits a second.
    pub const fn baud(self) -> u32 {
        self.about().baud
    }

    /// Whether a checksum keeps nonsense from being read.
    pub const fn is_checked(self) -> bool {
        self.about().checked
    }

    /// Whether so many whole frames or lines and readings are enough to be sure that it is spoken: a checksum,
    /// or twice what may be read by chance.
    pub const fn is_sure(self, good: u64, readings: u64) -> bool {
        if self.is_checked() { good >= 2 } else { readings >= 2 }
    }

    /// Whether its answers are known in part only, and no bike of its kind was tried.
    pub const fn is_experimental(self) -> bool {
        matches!(self, Self::Tacx | Self::Proform | Self::Ergofit | Self::Cateye)
    }

    /// This one alone.
    pub fn alone(self) -> &'static [Self] {
        let at = Self::ALL.iter().position(|driver| *driver == self).unwrap_or_default();
        &ALL[at..=at]
    }

    /// Whether every such bike tells a resistance, if only after a while.
    pub const fn tells_resistance(self) -> bool {
        matches!(self, Self::Peloton | Self::PelotonPassive | Self::Freebeat)
    }

    /// Who holds back whom: nobody, for nearly all bikes.
    pub const fn flow(self) -> Flow {
        match self {
            Self::Monark => Flow::Software,
            // The oldest sticks are adapters that need it; for the others it means nothing.
            Self::Ant => Flow::Hardware,
            _ => Flow::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_again_and_ports_are_set_as_the_bikes_want_them() {
        for driver in Driver::ALL {
            assert_eq!((Driver::of(driver.name()), driver.alone()), (Some(driver), &[driver][..]));
        }
        // A pseudo-terminal takes any rate, so rates are pinned here.
        let rates = Driver::ALL.map(Driver::baud);
        let expected = [
            115_200, 19_200, 19_200, 9_600, 115_200, 9_600, 9_600, 9_600, 4_800, 4_800, 115_200, 2_400,
            9_600, 19_200, 38_400, 9_600, 2_400,
        ];
        assert_eq!(rates, expected);
        let held = Driver::ALL.into_iter().filter(|driver| driver.flow() != Flow::None);
        assert_eq!(held.collect::<Vec<_>>(), [Driver::Ant, Driver::Monark]);
    }
}
