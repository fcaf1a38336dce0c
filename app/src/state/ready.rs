//! Ready? Bike, hub and clock before a race: how they are, and what is missing if the race begins like this.

use super::{Flow, Link, Page};
use crate::words::Form;

/// How one of the three is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// As it should be.
    Good,
    /// Not yet, or not quite.
    Wait,
    /// Something is to be done.
    Bad,
}

/// One of the three.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// How it is.
    pub light: Light,
    /// The same in a word or two.
    pub word: String,
    /// What to do, or what will be missing; empty if it is good.
    pub advice: String,
}

/// What is looked at before a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The bike's sensor.
    Bike,
    /// The link to the hub.
    Hub,
    /// Whether this device's clock is in step with the hub's.
    Clock,
}

impl Light {
    /// The name in `data-state` and for style.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Wait => "wait",
            Self::Bad => "bad",
        }
    }
}

impl Page {
    /// How one of the three is.
    pub fn check(&self, checked: Checked) -> Check {
        match checked {
            Checked::Bike => self.check_bike(),
            Checked::Hub => self.check_hub(),
            Checked::Clock => self.check_in_step(),
        }
    }

    /// What a race that begins now would lack, in one sentence.
    pub fn ready_line(&self) -> String {
        let (words, light) = (self.words(), |checked| self.check(checked).light);
        let lacks = [(Checked::Bike, words.seconds_do_not_count()), (Checked::Hub, words.kept_until_hub())];
        let lacks: Vec<_> = lacks.into_iter().filter(|(checked, _)| light(*checked) != Light::Good).collect();
        if lacks.is_empty() {
            return words.all_set().to_owned();
        }
        let lacks = lacks.into_iter().map(|(_, lack)| lack);
        [words.ride_all_the_same()].into_iter().chain(lacks).collect::<Vec<_>>().join(" ")
    }

    fn check_bike(&self) -> Check {
        let shown = self.bike();
        let light = match shown.name() {
            "live" => Light::Good,
            "waiting" | "stale" => Light::Wait,
            _ => Light::Bad,
        };
        Check { light, word: shown.word(self.words()).to_owned(), advice: self.bike_advice() }
    }

    fn check_hub(&self) -> Check {
        let words = self.words();
        let (light, advice) = match &self.link {
            Link::Connected => (Light::Good, ""),
            Link::Connecting => (Light::Wait, words.takes_a_moment()),
            Link::Offline { .. } if !self.refusal().is_empty() => (Light::Bad, self.refusal()),
            Link::Offline { .. } => (Light::Bad, words.tries_by_itself()),
        };
        Check { light, word: self.link.word(words).to_owned(), advice: advice.to_owned() }
    }

    fn check_in_step(&self) -> Check {
        let uncertainty = self.clock.value.and_then(|offset| offset.uncertainty());
        let words = self.words();
        let (light, word, advice) = match uncertainty {
            None => (Light::Bad, words.clock_unknown().to_owned(), words.no_time_yet()),
            Some(ms) if ms <= IN_STEP_MS => (Light::Good, words.clock_in_step(&ms.to_string()), ""),
            Some(ms) => (Light::Wait, words.clock_out(&ms.to_string()), words.slow_network()),
        };
        Check { light, word, advice: advice.to_owned() }
    }

    /// What a rider who came late has missed, for the first moments in the race.
    pub fn late_line(&self) -> String {
        let (Flow::Racing(ride), Some(moment)) = (&self.flow, self.moment()) else { return String::new() };
        let (missed, now) = (u64::from(ride.missed), moment.elapsed_ms / 1_000);
        match missed {
            0 => String::new(),
            _ if now >= missed + LATE_SHOWN => String::new(),
            _ => match self.words().form(missed) {
                Form::One => self.words().missed_one().to_owned(),
                Form::Other => self.words().missed_other(&missed.to_string()),
            },
        }
    }
}

/// A clock that is off by less is in step: nobody rides a second of the wrong race.
const IN_STEP_MS: u64 = 250;
/// How many seconds a late rider is told so.
const LATE_SHOWN: u64 = 10;
