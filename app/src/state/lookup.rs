//! What is looked up beside the race: rooms, and the own record ride to race against.

use alleycat_shared::{ClassId, Millis, RaceId, RacerId};

use super::idle::WARNED_MS;
use super::rooms::{Answer, Question, Room, Rooms, Wished};
use super::spark::Record;
use super::{Effect, Failure, Flow, Page};

impl Page {
    /// The rooms that are open.
    pub fn rooms(&self) -> &Rooms {
        &self.rooms
    }

    /// Whether the full field is on the screen.
    pub fn is_field_open(&self) -> bool {
        self.rooms.here() == Some(Room::Field)
    }

    /// The ride that is over: its race, class and racer.
    pub fn ridden(&self) -> Option<(RaceId, ClassId, RacerId)> {
        match &self.flow {
            Flow::Finished(finish) => {
                let ride = &finish.ride;
                Some((ride.race, ride.class, ride.rider.racer))
            }
            _ => None,
        }
    }

    /// Whether the board compares with everybody's record rides.
    pub fn is_all_time(&self) -> bool {
        self.all_time
    }

    pub(super) fn enter(&mut self, room: Room) {
        // Whoever rides sees the field, and nothing that hides the race for long.
        let riding = matches!(self.flow, Flow::Countdown(_) | Flow::Racing(_));
        if riding && room != Room::Field {
            return;
        }
        if room == Room::Field {
            self.field.clear();
        }
        self.wished = Wished::Nothing;
        self.rooms.enter(self.now, room);
    }

    pub(super) fn room_class(&mut self, class: ClassId) {
        if let Some(room) = self.rooms.here().and_then(|room| room.of_class(class)) {
            self.rooms.back(self.now);
            self.rooms.enter(self.now, room);
        }
    }

    /// Asks again now for what could not be had; the full field comes with the link.
    pub(super) fn retry(&mut self, effects: &mut Vec<Effect>) {
        self.rooms.retry(self.now);
        if self.is_field_open() {
            effects.push(Effect::Probe);
        }
    }

    /// Asks for what the rooms and the sparkline need, and leaves rooms that nobody looks at.
    pub(super) fn look_up(&mut self, effects: &mut Vec<Effect>) {
        let patience = if matches!(self.flow, Flow::Racing(_)) { RACE_PATIENCE_MS } else { PATIENCE_MS };
        if self.rooms.idle(self.now, patience) {
            // What is below the room is seen for a while, and says so before a kiosk forgets it.
            self.touched = self.touched.max(self.now.saturating_sub(WARNED_MS));
        }
        let (now, own) = (self.now, self.racer());
        let mut questions = self.rooms.ask(now, own);
        let ridden = match &self.flow {
            Flow::Racing(ride) => Some((ride.race, ride.class, ride.rider.racer)),
            _ => None,
        };
        if let Some((race, class, racer)) = ridden
            && let Some(best) = self.standings.rider(race).and_then(|view| view.record?.race_id)
        {
            let question = Question::Trace(best, class, racer);
            if self.record.as_ref().is_none_or(|record| record.question() != question) {
                self.record = Some(Record::wanted(now, question));
            }
            questions.extend(self.record.as_mut().and_then(|record| record.asks(now)));
        }
        let token = |question: &Question| question.of().and_then(|racer| self.entry.token(racer));
        let asked: Vec<_> = questions.into_iter().map(|question| (question, token(&question))).collect();
        effects.extend(asked.into_iter().map(|(question, token)| Effect::Ask(question, token)));
    }

    pub(super) fn looked_up(&mut self, question: Question, answer: Result<Box<Answer>, Failure>) {
        let failures = self.rooms.asked().iter().find(|(known, _)| *known == question);
        let wait = self.wait(failures.map_or(2, |(_, remote)| remote.failures()));
        if let Some(record) = self.record.as_mut().filter(|record| record.question() == question) {
            record.answered(self.now, wait, answer.as_deref().ok());
        }
        if let Ok(Answer::Trace(trace)) = answer.as_deref() {
            self.service.messages.compare(trace);
        }
        let answer = match answer {
            Ok(answer) => Ok(*answer),
            Err(failure) if failure.is_nonsense() => Err(failure.told(self.words())),
            Err(failure) => Err(failure.detail),
        };
        self.rooms.answered(self.now, wait, question, answer);
    }
}

/// How long a room stays open when nobody touches it.
const PATIENCE_MS: Millis = 60_000;
/// The same during a race.
const RACE_PATIENCE_MS: Millis = 20_000;
