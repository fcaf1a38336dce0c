//! What can be asked of the hub's API, and what it answers.

use alleycat_shared::api::{
    History, Leaderboard, RacePlaces, RaceResult, Races, Records, RideLink, RideTrace,
};
use alleycat_shared::{ClassId, RaceId, RacerId};

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// The races of a class, before a race.
    Races(ClassId, Option<RaceId>),
    /// A race's result.
    Result(RaceId, ClassId),
    /// A ride, second by second.
    Trace(RaceId, ClassId, RacerId),
    /// The best rides of a class.
    Leaders(ClassId),
    /// A racer's rides, before a race.
    Rides(RacerId, Option<RaceId>),
    /// A rider's place over a race.
    Places(RaceId, ClassId, RacerId),
    /// A racer's best ride in each class.
    Records(RacerId),
    /// Where the files of a ride are.
    Link(RaceId, RacerId),
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// To [`Question::Races`].
    Races(Races),
    /// To [`Question::Result`].
    Result(RaceResult),
    /// To [`Question::Trace`].
    Trace(RideTrace),
    /// To [`Question::Leaders`].
    Leaders(Leaderboard),
    /// To [`Question::Rides`].
    Rides(History),
    /// To [`Question::Places`].
    Places(RacePlaces),
    /// To [`Question::Records`].
    Records(Records),
    /// To [`Question::Link`].
    Link(RideLink),
}

impl Answer {
    /// How many lines of a list it has.
    pub fn len(&self) -> usize {
        match self {
            Self::Races(races) => races.races.len(),
            Self::Result(result) => result.results.len() + result.disqualified.len(),
            Self::Leaders(leaders) => leaders.entries.len(),
            Self::Rides(history) => history.rides.len(),
            Self::Trace(_) | Self::Places(_) | Self::Records(_) | Self::Link(_) => 0,
        }
    }

    /// Whether it has no lines.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Question {
    /// Where it is asked.
    pub fn path(self) -> String {
        let before = |before: Option<RaceId>| match before {
            Some(race) => ["&before=", &race.to_string()].concat(),
            None => String::new(),
        };
        let limit = PAGE.to_string();
        match self {
            Self::Races(class, race) => {
                ["/api/races?limit=", &limit, "&classId=", &class.to_string(), &before(race)].concat()
            }
            Self::Result(race, class) => {
                ["/api/races/", &race.to_string(), "/classes/", &class.to_string()].concat()
            }
            Self::Trace(race, class, racer) => {
                [&Self::Result(race, class).path(), "/racers/", &racer.to_string()].concat()
            }
            Self::Leaders(class) => ["/api/leaderboard?classId=", &class.to_string()].concat(),
            Self::Rides(racer, race) => {
                ["/api/racers/", &racer.to_string(), "/rides?limit=", &limit, &before(race)].concat()
            }
            Self::Places(race, class, racer) => [&Self::Trace(race, class, racer).path(), "/places"].concat(),
            Self::Records(racer) => ["/api/racers/", &racer.to_string(), "/records"].concat(),
            Self::Link(race, racer) => {
                ["/api/rides/", &race.to_string(), "/", &racer.to_string(), "/link"].concat()
            }
        }
    }

    /// Whose token opens it, where rides are private.
    pub fn of(self) -> Option<RacerId> {
        match self {
            Self::Trace(_, _, racer) | Self::Link(_, racer) => Some(racer),
            _ => None,
        }
    }

    /// Whether its answer is a page of a list that may go on.
    pub(crate) fn is_paged(self) -> bool {
        matches!(self, Self::Races(..) | Self::Rides(..))
    }

    /// The question for the page after `answer`, if there is one.
    pub(crate) fn next(self, answer: &Answer) -> Option<Self> {
        match (self, answer) {
            (Self::Races(class, _), Answer::Races(races)) if races.races.len() >= PAGE => {
                Some(Self::Races(class, races.races.last().map(|race| race.race_id)))
            }
            (Self::Rides(racer, _), Answer::Rides(history)) if history.rides.len() >= PAGE => {
                Some(Self::Rides(racer, history.rides.last().map(|ride| ride.race_id)))
            }
            _ => None,
        }
    }
}

/// How many lines a page of a list has.
const PAGE: usize = 50;
