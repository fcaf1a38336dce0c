//! What is looked up beside the race: races and results, rides, records, a rider's history, the full field.
//!
//! Rooms are opened one from another and left the way one came. Each asks the hub for what it shows, and
//! goes on asking while it is open.

mod field;
mod line;
mod question;
mod remote;

pub use field::{Field, FieldLine};
pub(crate) use line::outputs;
pub use line::{chart, histogram, history_best};
pub use question::{Answer, Question};
pub use remote::Remote;

use alleycat_shared::api::RaceState;
use alleycat_shared::{ClassId, Millis, RaceId, RacerId};

/// A room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Everybody in the running race.
    Field,
    /// The races of a class, newest first.
    Races(ClassId),
    /// One race: its result.
    Race(RaceId, ClassId),
    /// One ride, second by second.
    Ride(RaceId, ClassId, RacerId),
    /// The best rides of a class.
    Leaders(ClassId),
    /// A racer's rides.
    Racer(RacerId),
}

impl Room {
    /// The class that the room is about, if it is about one.
    pub fn class(self) -> Option<ClassId> {
        match self {
            Self::Races(class) | Self::Race(_, class) | Self::Ride(_, class, _) | Self::Leaders(class) => {
                Some(class)
            }
            Self::Field | Self::Racer(_) => None,
        }
    }

    /// The same room of another class, if every class has one.
    pub fn of_class(self, class: ClassId) -> Option<Self> {
        match self {
            Self::Races(_) => Some(Self::Races(class)),
            Self::Race(race, _) => Some(Self::Race(race, class)),
            Self::Leaders(_) => Some(Self::Leaders(class)),
            Self::Field | Self::Ride(..) | Self::Racer(_) => None,
        }
    }
}

/// The rooms that are open, the one on the screen last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rooms {
    open: Vec<Open>,
    /// When the rider last touched something here.
    touched: Millis,
}

/// An open room with what it knows.
#[derive(Clone, Debug, PartialEq)]
struct Open {
    room: Room,
    /// In the order in which they were needed.
    asked: Vec<(Question, Remote<Answer>)>,
}

impl Rooms {
    /// The room on the screen.
    pub fn here(&self) -> Option<Room> {
        self.open.last().map(|open| open.room)
    }

    /// Goes into a room. The way back does not grow for ever: who walks in circles forgets the beginning.
    pub fn enter(&mut self, now: Millis, room: Room) {
        self.touched = now;
        if self.here() == Some(room) {
            return;
        }
        if self.open.len() >= DEEPEST {
            self.open.remove(0);
        }
        self.open.push(Open { room, asked: Vec::new() });
    }

    /// Back to where the rider came from.
    pub fn back(&mut self, now: Millis) {
        self.touched = now;
        self.open.pop();
    }

    /// Leaves all rooms.
    pub fn leave(&mut self) {
        self.open.clear();
    }

    /// The rider is still here.
    pub fn touch(&mut self, now: Millis) {
        self.touched = now;
    }

    /// Leaves the rooms if nobody has touched anything for `patience`.
    pub fn idle(&mut self, now: Millis, patience: Millis) {
        if now >= self.touched + patience {
            self.leave();
        }
    }

    /// Asks now for what could not be had.
    pub fn retry(&mut self, now: Millis) {
        self.touched = now;
        let asked = self.open.last_mut().into_iter().flat_map(|open| &mut open.asked);
        asked.for_each(|(_, remote)| remote.hurry(now));
    }

    /// One more page of a list.
    pub fn more(&mut self, now: Millis) {
        self.touched = now;
        let Some(open) = self.open.last_mut() else { return };
        let next = open.asked.last().and_then(|(question, remote)| question.next(remote.value()?));
        if let Some(next) = next {
            open.asked.push((next, Remote::wanted(now)));
        }
    }

    /// The questions that are due; they are then under way. `own` is the racer at this page.
    pub fn ask(&mut self, now: Millis, own: Option<RacerId>) -> Vec<Question> {
        let Some(open) = self.open.last_mut() else { return Vec::new() };
        for question in open.wants(own) {
            if !open.asked.iter().any(|(known, _)| *known == question) {
                open.asked.push((question, Remote::wanted(now)));
            }
        }
        let asked = open.asked.iter_mut();
        asked.filter_map(|(question, remote)| remote.asks(now).then_some(*question)).collect()
    }

    /// When to ask next.
    pub fn ask_at(&self) -> Option<Millis> {
        self.open.last()?.asked.iter().filter_map(|(_, remote)| remote.ask_at()).min()
    }

    /// The hub's answer, to whichever open room asked. `wait` is how long to wait after a failure.
    pub fn answered(
        &mut self,
        now: Millis,
        wait: Millis,
        question: Question,
        answer: Result<Answer, String>,
    ) {
        for (_, remote) in
            self.open.iter_mut().flat_map(|open| &mut open.asked).filter(|(q, _)| *q == question)
        {
            match &answer {
                Ok(answer) => remote.answered(now, answer.clone(), refresh(answer)),
                Err(detail) => remote.failed(now, detail.clone(), wait),
            }
        }
    }

    /// What the room on the screen has asked for, in that order.
    pub fn asked(&self) -> &[(Question, Remote<Answer>)] {
        self.open.last().map(|open| open.asked.as_slice()).unwrap_or_default()
    }

    /// The answers of the room on the screen.
    pub fn answers(&self) -> impl Iterator<Item = &Answer> {
        self.asked().iter().filter_map(|(_, remote)| remote.value())
    }

    /// The room's main question.
    pub fn main(&self) -> Option<&Remote<Answer>> {
        self.asked().first().map(|(_, remote)| remote)
    }
}

impl Open {
    /// What the room needs to know, as far as it can be told from what it knows already.
    fn wants(&self, own: Option<RacerId>) -> Vec<Question> {
        match self.room {
            // The broker tells it.
            Room::Field => Vec::new(),
            Room::Races(class) => vec![Question::Races(class, None)],
            Room::Leaders(class) => vec![Question::Leaders(class)],
            Room::Racer(racer) => vec![Question::Rides(racer, None)],
            Room::Ride(race, class, racer) => {
                let link = (own == Some(racer)).then_some(Question::Link(race, racer));
                let known = [Question::Trace(race, class, racer), Question::Result(race, class)];
                known.into_iter().chain(link).collect()
            }
            Room::Race(race, class) => {
                let result = self.asked.iter().find_map(|(_, remote)| match remote.value() {
                    Some(Answer::Result(result)) => Some(result),
                    _ => None,
                });
                let rows = result.map(|result| result.results.as_slice()).unwrap_or_default();
                let winner = rows.first().map(|row| row.racer_id);
                let own = own.filter(|own| rows.iter().any(|row| row.racer_id == *own));
                let own = own.filter(|own| Some(*own) != winner);
                let traces = winner.into_iter().chain(own);
                [Question::Result(race, class)]
                    .into_iter()
                    .chain(traces.map(|racer| Question::Trace(race, class, racer)))
                    .collect()
            }
        }
    }
}

/// How long an answer is good for; `None` if it can't change.
fn refresh(answer: &Answer) -> Option<Millis> {
    match answer {
        Answer::Result(result) => (result.state != RaceState::Official).then_some(LIVE_MS),
        Answer::Trace(trace) => (trace.state != RaceState::Official).then_some(LIVE_MS),
        Answer::Races(_) | Answer::Leaders(_) | Answer::Rides(_) => Some(LIST_MS),
        Answer::Link(_) => None,
    }
}

/// How many rooms the way back is long.
const DEEPEST: usize = 8;
/// How often what still changes is asked for.
const LIVE_MS: Millis = 5_000;
/// How often lists are asked for.
const LIST_MS: Millis = 30_000;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
