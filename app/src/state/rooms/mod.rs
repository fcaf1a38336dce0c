//! What is looked up beside the race: races and results, rides, records, a rider's history, the full field.
//!
//! Rooms are opened one from another and left the way one came. Each asks the hub for what it shows, and
//! goes on asking while it is open.

mod field;
mod fold;
mod line;
mod question;
mod remote;
mod wish;

pub use field::{Field, FieldLine};
pub(crate) use line::outputs;
pub use line::{Histogram, chart, histogram};
pub use question::{Answer, Question};
pub use remote::Remote;
pub use wish::{Wish, Wished};

use alleycat_shared::api::{RaceState, ResultRow};
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

    /// Leaves the rooms if nobody has touched anything for `patience`. Says whether there was one to leave.
    pub fn idle(&mut self, now: Millis, patience: Millis) -> bool {
        let leaves = now >= self.touched + patience && self.here().is_some();
        if leaves {
            self.leave();
        }
        leaves
    }

    /// Asks now for what could not be had.
    pub fn retry(&mut self, now: Millis) {
        self.touched = now;
        let asked = self.open.last_mut().into_iter().flat_map(|open| &mut open.asked);
        asked.for_each(|(_, remote)| remote.hurry(now));
    }

    /// One more page of a list. From now on its pages stay as they are: a first page that begins with a newer line
    /// would lose its last one to nobody.
    pub fn more(&mut self, now: Millis) {
        self.touched = now;
        let next = self.next_page();
        if let (Some(open), Some(next)) = (self.open.last_mut(), next) {
            let pages = open.asked.iter_mut().filter(|(question, _)| question.is_paged());
            // One that could not be had is still asked for.
            pages.filter(|(_, page)| page.failure().is_none()).for_each(|(_, page)| page.stay());
            open.asked.push((next, Remote::wanted(now)));
        }
    }

    /// The question for one more page of the list, if there may be one.
    pub fn next_page(&self) -> Option<Question> {
        let (question, remote) = self.asked().iter().rfind(|(question, _)| question.is_paged())?;
        question.next(remote.value()?)
    }

    /// Everything is another than it was: all rooms begin anew.
    pub fn renew(&mut self) {
        self.open.iter_mut().for_each(|open| open.asked.clear());
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
        for open in &mut self.open {
            let is_one_of_many = question.is_paged() && open.pages() > 1;
            for (_, remote) in open.asked.iter_mut().filter(|(known, _)| *known == question) {
                match &answer {
                    Ok(_) if is_one_of_many && remote.value().is_some() => remote.stay(),
                    Ok(answer) => {
                        let refresh = refresh(answer).filter(|_| !is_one_of_many);
                        remote.answered(now, answer.clone(), refresh);
                    }
                    Err(detail) => remote.failed(now, detail.clone(), wait),
                }
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
            Room::Racer(racer) => vec![Question::Rides(racer, None), Question::Records(racer)],
            Room::Ride(race, class, racer) => {
                let link = (own == Some(racer)).then_some(Question::Link(race, racer));
                let known = [Question::Trace(race, class, racer), Question::Result(race, class)];
                known.into_iter().chain(link).chain(self.compares(race, class, racer)).collect()
            }
            Room::Race(race, class) => {
                let own = own.filter(|own| self.row(*own).is_some());
                let shown = own.or_else(|| self.rows().first().map(|row| row.racer_id));
                let shown = shown.into_iter();
                let asked = shown.flat_map(|racer| {
                    let trace = Question::Trace(race, class, racer);
                    [trace].into_iter().chain(self.compares(race, class, racer))
                });
                [Question::Result(race, class)].into_iter().chain(asked).collect()
            }
        }
    }

    /// What a ride is compared with: the winner's, the rider's record, and the field.
    fn compares(&self, race: RaceId, class: ClassId, racer: RacerId) -> impl Iterator<Item = Question> {
        let winner = self.rows().first().map(|row| row.racer_id).filter(|winner| *winner != racer);
        let is_ranked = self.row(racer).is_some();
        let records = self.asked.iter().find_map(|(question, remote)| match remote.value() {
            Some(Answer::Records(records)) if *question == Question::Records(racer) => {
                Some(records.records.as_slice())
            }
            _ => None,
        });
        let record = records.unwrap_or_default().iter().find(|record| record.class_id == class);
        let record = record.map(|record| record.race_id).filter(|record| *record != race);
        let winner = winner.map(|winner| Question::Trace(race, class, winner));
        let places = is_ranked.then_some(Question::Places(race, class, racer));
        let record = record.map(|record| Question::Trace(record, class, racer));
        winner.into_iter().chain(places).chain([Question::Records(racer)]).chain(record)
    }

    /// How many pages its list has.
    fn pages(&self) -> usize {
        self.asked.iter().filter(|(question, _)| question.is_paged()).count()
    }

    fn rows(&self) -> &[ResultRow] {
        let result = self.asked.iter().find_map(|(_, remote)| match remote.value() {
            Some(Answer::Result(result)) => Some(result.results.as_slice()),
            _ => None,
        });
        result.unwrap_or_default()
    }

    fn row(&self, racer: RacerId) -> Option<&ResultRow> {
        self.rows().iter().find(|row| row.racer_id == racer)
    }
}

/// How long an answer is good for; `None` if it can't change.
fn refresh(answer: &Answer) -> Option<Millis> {
    match answer {
        Answer::Result(result) => (result.state != RaceState::Official).then_some(LIVE_MS),
        Answer::Trace(trace) => (trace.state != RaceState::Official).then_some(LIVE_MS),
        Answer::Places(places) => (places.state != RaceState::Official).then_some(LIVE_MS),
        Answer::Races(_) | Answer::Leaders(_) | Answer::Rides(_) | Answer::Records(_) => Some(LIST_MS),
        Answer::Link(_) => None,
    }
}

/// How many rooms the way back is long.
const DEEPEST: usize = 8;
/// How often what still changes is asked for.
const LIVE_MS: Millis = 5_000;
/// How often lists of one page are asked for.
const LIST_MS: Millis = 30_000;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
