//! What a body can't do: marks on a ride that a host should look at. A mark takes nothing from a ride.
//!
//! An output is a game's number and not a power in watts, and what a resistance of 80 % means differs from bike
//! to bike, so the limits are put in cadence, in resistance and in time.
//!
//! Sources. Cadence: the best track sprinters pedal at 155 ± 3 rpm in a flying 200 m, which takes them 10 s, and
//! are strongest at 130 ± 5 rpm (Dorel and others, Int J Sports Med 26:739, 2005). Time: the best there are put out
//! 25.2, 11.5 and 7.6 W/kg for 5 s, 1 min and 5 min (Allen and Coggan, Training and Racing with a Power Meter):
//! what is held twelve times as long is less than half. Where in a brake's scale those three lie is this house's
//! own guess, and a wide one. Jumps and constancy follow from flywheels, which take seconds to come up, and from
//! legs, which never keep the very same cadence.

use serde::{Deserialize, Serialize};

use crate::race::Ridden;

/// Something that a body does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Flag {
    /// Pedals faster, for longer, than anybody: [`HELD`].
    Cadence,
    /// Pedals fast against a nearly blocked wheel, for longer than anybody: [`HELD`].
    Effort,
    /// The cadence leaps up from one second to the next, again and again: [`JUMP`], [`JUMPS`].
    Jumps,
    /// Cadence and resistance stay the same to the hundredth: [`CONSTANT_SECONDS`].
    Constant,
}

/// A pace that nobody keeps up.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// At least this cadence, in rpm,
    pub cadence: u16,
    /// against at least this resistance, in per cent,
    pub resistance: u16,
    /// in each of this many seconds in a row.
    pub seconds: usize,
    /// What it is called.
    pub flag: Flag,
}

/// All paces that nobody keeps up.
pub const HELD: [Held; 6] = [
    Held { cadence: 200, resistance: 0, seconds: 15, flag: Flag::Cadence },
    Held { cadence: 180, resistance: 0, seconds: 60, flag: Flag::Cadence },
    Held { cadence: 150, resistance: 0, seconds: 240, flag: Flag::Cadence },
    Held { cadence: 150, resistance: 90, seconds: 10, flag: Flag::Effort },
    Held { cadence: 130, resistance: 85, seconds: 60, flag: Flag::Effort },
    Held { cadence: 110, resistance: 80, seconds: 240, flag: Flag::Effort },
];
/// A rise of the cadence from one second to the next that no turning wheel makes, in rpm.
pub const JUMP: u16 = 80;
/// So many are a flag; one or two are a sensor's slip.
pub const JUMPS: u16 = 3;
/// A wheel below this cadence, in rpm, may as well stand: to start is no jump.
pub const TURNING: u16 = 20;
/// For so many seconds in a row nobody rides the very same cadence and resistance.
pub const CONSTANT_SECONDS: usize = 120;

/// A set of flags; in JSON a list of names. Names that are not known here are read over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = Vec<Flag>))]
#[serde(into = "Vec<Flag>", from = "Vec<String>")]
pub struct Flags(u8);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    const ALL: [(Flag, &str); 4] = [
        (Flag::Cadence, "cadence"),
        (Flag::Effort, "effort"),
        (Flag::Jumps, "jumps"),
        (Flag::Constant, "constant"),
    ];

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0 == 0
    }

    /// Whether this one is there.
    pub const fn has(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u8) != 0
    }

    /// The set as a small number, for a store.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set that a number stands for; bits that are not known are left out.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1111)
    }

    /// The names of those that are there.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, name)| name)
    }

    /// Those that are here and not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn add(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u8;
    }
}

impl From<Flags> for Vec<Flag> {
    fn from(flags: Flags) -> Self {
        Flags::ALL.into_iter().map(|(flag, _)| flag).filter(|flag| flags.has(*flag)).collect()
    }
}

impl From<Vec<String>> for Flags {
    fn from(names: Vec<String>) -> Self {
        let mut flags = Self::NONE;
        for (flag, name) in Self::ALL {
            if names.iter().any(|known| known == name) {
                flags.add(flag);
            }
        }
        flags
    }
}

/// What was noticed in a ride so far. Seconds may come in any order: each flag is about some seconds in a row, and
/// is raised when the last of them comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plausibility {
    flags: Flags,
    jumps: u16,
}

impl Plausibility {
    /// Looks at the second at `index` of a ride, which has just come.
    pub fn look(&mut self, ridden: &[Option<Ridden>], index: usize) {
        let Some(Some(new)) = ridden.get(index) else { return };
        for held in HELD {
            let (cadence, resistance) = (held.cadence * 100, held.resistance * 100);
            let is =
                |one: &Ridden| one.cadence_hundredths >= cadence && one.resistance_hundredths >= resistance;
            if !self.flags.has(held.flag) && run(ridden, index, held.seconds, is) {
                self.flags.add(held.flag);
            }
        }
        let same = |one: &Ridden| {
            one.cadence_hundredths > 0
                && (one.cadence_hundredths, one.resistance_hundredths)
                    == (new.cadence_hundredths, new.resistance_hundredths)
        };
        if !self.flags.has(Flag::Constant) && run(ridden, index, CONSTANT_SECONDS, same) {
            self.flags.add(Flag::Constant);
        }
        let at = |index: Option<usize>| index.and_then(|index| ridden.get(index).copied().flatten());
        let (before, after) = (at(index.checked_sub(1)), at(index.checked_add(1)));
        self.jumps += u16::from(before.is_some_and(|before| jumps(&before, new)));
        self.jumps += u16::from(after.is_some_and(|after| jumps(new, &after)));
        if self.jumps >= JUMPS {
            self.flags.add(Flag::Jumps);
        }
    }

    /// What was noticed.
    pub const fn flags(&self) -> Flags {
        self.flags
    }
}

fn jumps(before: &Ridden, after: &Ridden) -> bool {
    before.cadence_hundredths >= TURNING * 100
        && after.cadence_hundredths.saturating_sub(before.cadence_hundredths) > JUMP * 100
}

/// Whether the second at `index` is one of `length` in a row that all are so.
fn run(ridden: &[Option<Ridden>], index: usize, length: usize, is: impl Fn(&Ridden) -> bool) -> bool {
    let so = |second: &&Option<Ridden>| second.as_ref().is_some_and(&is);
    if !so(&&ridden[index]) {
        return false;
    }
    let before = ridden[..index].iter().rev().take(length).take_while(so).count();
    before + 1 + ridden[index + 1..].iter().take(length).take_while(so).count() >= length
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::race::Ride;
    use crate::{Cadence, RacerName, Resistance};

    /// The flags of a ride of such seconds.
    fn flags(seconds: impl Iterator<Item = (f64, f64)>) -> Vec<&'static str> {
        let mut ride = Ride::new(RacerName::new("Ann").unwrap(), 0);
        for (second, (cadence, resistance)) in (1_u64..).zip(seconds) {
            let ridden =
                Ridden::new(Cadence::try_from(cadence).unwrap(), Resistance::try_from(resistance).unwrap());
            ride.count(second.try_into().unwrap(), ridden);
        }
        ride.flags().names().collect()
    }

    /// So many seconds at about this cadence.
    fn about(cadence: f64, resistance: f64, seconds: u32) -> impl Iterator<Item = (f64, f64)> {
        (0..seconds).map(move |n| (cadence + f64::from(n % 3) / 10.0, resistance))
    }

    #[test]
    fn the_table_begins_where_it_says() {
        for held in HELD {
            let (cadence, resistance) = (f64::from(held.cadence), f64::from(held.resistance));
            let seconds = u32::try_from(held.seconds).unwrap();
            let name = Flags::ALL[held.flag as usize].1;
            assert!(flags(about(cadence, resistance, seconds)).contains(&name), "{held:?}");
            assert!(!flags(about(cadence, resistance, seconds - 1)).contains(&name), "{held:?}");
            assert!(!flags(about(cadence - 0.3, resistance, seconds)).contains(&name), "{held:?}");
        }
    }

    #[test]
    fn the_best_there_are_and_everybody_else_have_no_flag() {
        // A flying 200 m, a minute of a kilometre race, five minutes of a pursuit, a class.
        let rides = [(158.0, 75.0, 12), (140.0, 80.0, 55), (125.0, 70.0, 300), (85.0, 55.0, 300)];
        for (cadence, resistance, seconds) in rides {
            assert!(flags(about(cadence, resistance, seconds)).is_empty(), "{cadence}");
        }
        // From rest to a sprint, and a stop in between.
        let starts = [0.0, 0.0, 95.0, 0.0, 110.0, 0.0, 100.0, 0.0, 120.0];
        assert!(flags(starts.into_iter().map(|cadence| (cadence, 40.0))).is_empty());
    }

    #[test]
    fn a_wheel_that_leaps_and_legs_like_a_clock_are_noticed() {
        let leaps = |times: usize| [(60.0, 40.0), (150.0, 40.0)].into_iter().cycle().take(times * 2);
        assert_eq!((flags(leaps(3)), flags(leaps(2)).len()), (vec!["jumps"], 0));
        let clock = |seconds| std::iter::repeat_n((81.0, 79.0), seconds);
        assert_eq!((flags(clock(120)), flags(clock(119)).len()), (vec!["constant"], 0));
        assert!(flags(std::iter::repeat_n((0.0, 40.0), 300)).is_empty(), "who does not pedal is no machine");
    }

    #[test]
    fn flags_are_names_in_json_and_unknown_ones_are_read_over() {
        let mut flags = Flags::NONE;
        flags.add(Flag::Effort);
        flags.add(Flag::Constant);
        assert_eq!(serde_json::to_string(&flags).unwrap(), r#"["effort","constant"]"#);
        assert_eq!(serde_json::from_str::<Flags>(r#"["constant","levitation","effort"]"#).unwrap(), flags);
        assert_eq!((Flags::from_bits(flags.bits()), Flags::from_bits(0xf0)), (flags, Flags::NONE));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn any_order_with_duplicates_gives_the_same_flags_bit_for_bit(
            runs in proptest::collection::vec((0_u16..26, 0_u16..6, 1_usize..130), 1..6),
            holes in proptest::collection::hash_set(1_u64..400, 0..6),
            seed in proptest::prelude::any::<u64>(),
        ) {
            let seconds = runs.into_iter().flat_map(|(cadence, resistance, length)| {
                std::iter::repeat_n((f64::from(cadence) * 10.0, f64::from(resistance) * 20.0), length)
            });
            let set: Vec<_> = (1_u64..).zip(seconds).filter(|(second, _)| !holes.contains(second)).collect();
            let ride = |order: &[(u64, (f64, f64))]| {
                let mut ride = Ride::new(RacerName::new("Ann").unwrap(), 0);
                for (second, (cadence, resistance)) in order {
                    let ridden = Ridden::new((*cadence).try_into().unwrap(), (*resistance).try_into().unwrap());
                    ride.count((*second).try_into().unwrap(), ridden);
                }
                ride
            };
            let mut shuffled: Vec<_> = set.iter().chain(&set).copied().collect();
            shuffled.sort_by_key(|(second, _)| second.wrapping_mul(seed | 1).rotate_left(23));
            let reversed: Vec<_> = set.iter().rev().copied().collect();
            // The whole ride: scores, seconds, flags and what is counted towards them.
            proptest::prop_assert_eq!(ride(&set), ride(&shuffled));
            proptest::prop_assert_eq!(ride(&set), ride(&reversed));
        }
    }
}
