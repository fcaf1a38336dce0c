//! What is on the screen, read from the state: words and numbers, no markup.

use alleycat_shared::message::{Origin, SensorReading};
use alleycat_shared::race::TOP;
use alleycat_shared::{Output, RaceId, Score};

use super::format::{exact, minutes, seconds_left, whole};
use super::page::SILENCE_MS;
use super::rooms::Room;
use super::{Flow, Link, Outcome, Page, Ride, Shown, Slot};
use crate::words::Form;

/// Which view is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Waiting for the hub's word.
    Loading,
    /// A phone that hands its rider over to a tablet.
    Pair,
    /// A kiosk at rest.
    Idle,
    /// Choosing racer and class.
    Setup,
    /// Now, or the next race?
    Choosing,
    /// Waiting for the start.
    Countdown,
    /// Riding.
    Racing,
    /// Place and score.
    Finished,
    /// A room beside the race.
    Room(Room),
    /// The service menu.
    Service,
}

/// What the lines of the board depend on: changes of the standings, All time or not, a ride or none, the race.
pub type BoardKey = (u32, bool, bool, Option<RaceId>);

/// What is shown where there is no value: never 0, never the last one.
pub(crate) const NOTHING: &str = "--";

impl Page {
    /// The view.
    pub fn view(&self) -> View {
        if self.service.sheet().is_some() {
            return View::Service;
        }
        if let (Some(room), Some(_)) = (self.rooms.here(), self.config()) {
            return View::Room(room);
        }
        match &self.flow {
            _ if self.config().is_none() => View::Loading,
            _ if self.hand.is_some() => View::Pair,
            Flow::Idle => View::Idle,
            Flow::Setup | Flow::Joining | Flow::Joined(..) => View::Setup,
            Flow::Choosing(_) => View::Choosing,
            Flow::Countdown(_) => View::Countdown,
            Flow::Racing(_) => View::Racing,
            Flow::Finished(_) => View::Finished,
        }
    }

    /// What keeps the page from starting, and when it tries again; empty during the first attempt.
    pub fn boot_line(&self) -> String {
        match (self.config.failures, self.config.ask_at) {
            (0, _) => String::new(),
            (_, None) => self.words().no_hub_trying().to_owned(),
            (_, Some(at)) => {
                let seconds = seconds_left(at.saturating_sub(self.now));
                self.words().no_hub_trying_in(&seconds.to_string())
            }
        }
    }

    /// Whether the hub is being asked for the racer id, or for its clock after that.
    pub fn is_joining(&self) -> bool {
        matches!(self.flow, Flow::Joining | Flow::Joined(..))
    }

    /// Why Start Race did not work, or empty.
    pub fn trouble(&self) -> String {
        self.trouble.clone()
    }

    /// The bike's state.
    pub fn bike(&self) -> Shown {
        self.sensor.shown(self.now)
    }

    /// The link's state.
    pub fn hub_link(&self) -> Link {
        self.link.clone()
    }

    /// The class's name.
    pub fn class_name(&self) -> String {
        self.name_of(self.class())
    }

    /// The rider's name.
    pub fn rider_name(&self) -> String {
        match &self.flow {
            Flow::Joined(rider, _) | Flow::Choosing(rider) => rider.name.to_string(),
            Flow::Countdown(ride) | Flow::Racing(ride) => ride.rider.name.to_string(),
            Flow::Finished(finish) => finish.ride.rider.name.to_string(),
            Flow::Idle | Flow::Setup | Flow::Joining => {
                self.entry.name().map(String::from).unwrap_or_default()
            }
        }
    }

    /// The racer id as a number for the picture; 0 while there is none.
    pub fn racer_number(&self) -> u32 {
        self.racer().map_or(0, |racer| racer.get())
    }

    /// The racer id that is being entered, or empty.
    pub fn racer_digits(&self) -> String {
        self.entry.digits().to_owned()
    }

    /// Until the next race: `3:07`.
    pub fn next_race_in(&self) -> String {
        self.moment().map_or_else(nothing, |moment| minutes(seconds_left(moment.left_ms)))
    }

    /// How long the running race has been running: `1:42`.
    pub fn running_for(&self) -> String {
        self.moment().map_or_else(nothing, |moment| minutes(moment.elapsed_ms / 1_000))
    }

    /// Whole seconds until the start.
    pub fn countdown(&self) -> u64 {
        self.moment().map_or(0, |moment| seconds_left(moment.left_ms))
    }

    /// Time left in the race: `3:07`.
    pub fn time_left(&self) -> String {
        self.next_race_in()
    }

    /// How much of the race is over, in per cent.
    pub fn progress(&self) -> u64 {
        self.moment().map_or(0, |moment| moment.elapsed_ms * 100 / (moment.elapsed_ms + moment.left_ms))
    }

    /// Cadence in rpm.
    pub fn cadence(&self) -> String {
        self.reading().map_or_else(nothing, |reading| self.words().tenths(reading.cadence.get()))
    }

    /// Resistance in per cent.
    pub fn resistance(&self) -> String {
        let resistance = self.reading().and_then(|reading| reading.resistance);
        resistance.map_or_else(nothing, |resistance| self.words().tenths(resistance.get()))
    }

    /// The unit of the resistance, and where it comes from if nobody measured it.
    pub fn resistance_unit(&self) -> String {
        let words = self.words();
        match self.reading().map(|reading| reading.origin) {
            None | Some(Origin::Measured) => "%",
            Some(Origin::Level) => words.resistance_level(),
            Some(Origin::SetPoint) => words.resistance_set(),
            Some(Origin::Estimated) => words.resistance_estimated(),
            Some(Origin::None) => words.resistance_fixed(),
        }
        .to_owned()
    }

    /// What the present second puts out.
    pub fn output(&self) -> String {
        let output = self
            .reading()
            .and_then(|reading| Some(Output::of(reading.cadence.to_tenth(), reading.resistance?.to_tenth())));
        output.map_or_else(nothing, |output| self.words().tenths(output.get()))
    }

    /// Whether the values on the screen are the last ones of a sensor that has gone quiet.
    pub fn is_stale(&self) -> bool {
        self.bike().name() == "stale"
    }

    /// The own score, as whole points.
    pub fn score(&self) -> String {
        self.ride().map_or_else(nothing, |ride| whole(ride.score().get()))
    }

    /// The own score to four decimals, for machines.
    pub fn exact_score(&self) -> String {
        self.ride().map_or_else(String::new, |ride| exact(ride.score()))
    }

    /// Place of the field, or a dash.
    pub fn place(&self) -> String {
        self.place_in_race().map_or_else(nothing, |(rank, _)| rank.to_string())
    }

    /// The size of the field: `of 51`.
    pub fn of_field(&self) -> String {
        let field = self.race_on_board().and_then(|race| self.standings.field(race));
        field.map_or_else(String::new, |field| self.words().of_field(&field.to_string()))
    }

    /// The race that runs, as the results call it; empty while the time is not known.
    pub fn race_number(&self) -> String {
        self.race_on_board().map_or_else(String::new, |race| self.words().race_number(&race.to_string()))
    }

    /// How many riders the board tells of, in words.
    pub fn field_line(&self) -> String {
        let rider = self.race_on_board().and_then(|race| self.standings.rider(race));
        if let (true, Some(rider)) = (self.all_time && self.ride().is_some(), rider) {
            return match &rider.all_time {
                Some(all_time) => {
                    self.words().you_would_be(&all_time.rank.to_string(), &all_time.riders.to_string())
                }
                None => self.words().no_other_records().to_owned(),
            };
        }
        match self.race_on_board().and_then(|race| self.standings.field(race)) {
            None | Some(0) => self.words().no_riders_yet().to_owned(),
            Some(field) => self.words().riders(u64::from(field)),
        }
    }

    /// What the lines of the board depend on, and not on the bike's readings.
    pub fn board_key(&self) -> BoardKey {
        (self.standings.changes(), self.all_time, self.ride().is_some(), self.race_on_board())
    }

    /// A slot of the board.
    pub fn slot(&self, index: usize) -> Option<Slot> {
        match self.shown_all_time() {
            Some(lines) => lines.into_iter().nth(index),
            None => self.standings.slot(index).cloned(),
        }
    }

    /// The record rides around the rider, while the board compares with them.
    fn shown_all_time(&self) -> Option<Vec<Slot>> {
        let race = self.race_on_board().filter(|_| self.all_time && self.ride().is_some())?;
        Some(self.standings.all_time(race)).filter(|lines| !lines.is_empty())
    }

    /// Whether nobody is on the board.
    pub fn is_board_empty(&self) -> bool {
        self.standings.slot(0).is_none()
    }

    /// Whether the board leaves out places between the first three and the rider's neighbours.
    pub fn is_split(&self) -> bool {
        self.standings.split() && self.shown_all_time().is_none()
    }

    /// The nearest rider ahead, or behind, with the gap.
    pub fn neighbour(&self, ahead: bool) -> Option<Slot> {
        let lines = (0..TOP).filter_map(|index| self.standings.slot(index));
        let own = lines.clone().find(|slot| slot.own)?.rank;
        let wanted = if ahead { own.checked_sub(1)? } else { own + 1 };
        lines.into_iter().find(|slot| slot.rank == wanted).cloned()
    }

    /// Above the own record at this second, or below it, in words: `+12.3 ahead of your best`.
    pub fn record_line(&self) -> String {
        match self.record() {
            None => String::new(),
            Some(ahead) if ahead < 0.0 => self.words().behind_your_best(&self.words().signed(ahead)),
            Some(ahead) => self.words().ahead_of_your_best(&self.words().signed(ahead)),
        }
    }

    /// Above the own record at this second, or below it.
    pub fn record(&self) -> Option<f64> {
        let rider = self.standings.rider(self.race_on_board()?)?;
        rider.record.map(|record| record.ahead)
    }

    /// What is wrong with the bike during a race, or empty: said once, not every second.
    pub fn bike_trouble(&self) -> String {
        let shown = self.bike();
        match &self.flow {
            Flow::Racing(_) if shown.is_lost() => shown.word(self.words()).to_owned(),
            _ => String::new(),
        }
    }

    /// What that means and what to do.
    pub fn bike_detail(&self) -> String {
        [&self.bike_advice(), " ", self.words().seconds_do_not_count()].concat()
    }

    /// Why the hub does not let the rider in again, who has joined before; empty if it does.
    pub(super) fn refusal(&self) -> &str {
        if self.rider().is_some() { &self.trouble } else { "" }
    }

    /// What is wrong with the link during a race, or empty: said once, not every second.
    pub fn link_trouble(&self) -> String {
        let silent = self.standings.heard_at().unwrap_or(0).max(self.link_since) + SILENCE_MS < self.now;
        match (&self.flow, &self.link) {
            (Flow::Racing(_), _) if !self.refusal().is_empty() => self.refusal(),
            (Flow::Racing(_), Link::Offline { .. }) => self.words().hub_offline(),
            (Flow::Racing(_), _) if silent => self.words().hub_silent(),
            _ => "",
        }
        .to_owned()
    }

    /// What that means: how old the standings are, and what becomes of the seconds that are ridden.
    pub fn link_detail(&self) -> String {
        let words = self.words();
        let Flow::Racing(ride) = &self.flow else { return String::new() };
        let as_of = self.standings.as_of(ride.race).map(|second| minutes(u64::from(second)));
        let as_of = as_of.map_or_else(String::new, |time| [&words.standings_as_of(&time), " "].concat());
        let count = self.unsent.to_string();
        let goes_on = match words.form(self.unsent as u64) {
            // Nothing is promised: another device may keep the racer id.
            _ if !self.refusal().is_empty() => words.tries_by_itself().to_owned(),
            _ if self.unsent == 0 => words.ride_goes_on().to_owned(),
            Form::One => words.ride_goes_on_kept_one(&count),
            Form::Other => words.ride_goes_on_kept_other(&count),
        };
        as_of + &goes_on
    }

    /// The own news, for those who listen.
    pub fn news_line(&self) -> String {
        match &self.flow {
            Flow::Racing(_) => self.news.line().to_owned(),
            _ => String::new(),
        }
    }

    /// The result, once the hub told it.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.flow {
            Flow::Finished(finish) => finish.outcome().cloned(),
            _ => None,
        }
    }

    /// How sure the result is, in words.
    pub fn finish_line(&self) -> String {
        let Flow::Finished(finish) = &self.flow else { return String::new() };
        let words = self.words();
        match finish.outcome() {
            Some(outcome) if outcome.official && outcome.own.is_some() => words.official_result(),
            Some(outcome) if outcome.official => words.official_without_you(),
            Some(_) => words.provisional_result(),
            None if finish.failures() > 0 => words.cant_fetch_result(),
            None => words.fetching_result(),
        }
        .to_owned()
    }

    /// The final place: the hub's result, or what the board said last.
    pub fn finish_place(&self) -> String {
        let Flow::Finished(finish) = &self.flow else { return nothing() };
        let own = finish.outcome().and_then(|outcome| outcome.own.as_ref()).map(|row| row.rank);
        own.or_else(|| finish.last_known.map(|(rank, _)| rank)).map_or_else(nothing, |rank| rank.to_string())
    }

    /// The final size of the field: `of 51`.
    pub fn finish_field(&self) -> String {
        let Flow::Finished(finish) = &self.flow else { return String::new() };
        let told = finish.outcome().and_then(|outcome| u32::try_from(outcome.riders).ok());
        let field = told.or_else(|| finish.last_known.map(|(_, field)| field));
        field.map_or_else(String::new, |field| self.words().of_field(&field.to_string()))
    }

    /// The final score: the hub's, or our own until it is told.
    pub fn finish_score(&self) -> Score {
        let Flow::Finished(finish) = &self.flow else { return Score::ZERO };
        let own = finish.outcome().and_then(|outcome| outcome.own.as_ref());
        own.map_or_else(|| finish.ride.score(), |row| row.score)
    }

    fn reading(&self) -> Option<SensorReading> {
        self.sensor.readable(self.now)
    }

    fn ride(&self) -> Option<&Ride> {
        match &self.flow {
            Flow::Countdown(ride) | Flow::Racing(ride) => Some(ride),
            Flow::Finished(finish) => Some(&finish.ride),
            Flow::Idle | Flow::Setup | Flow::Joining | Flow::Joined(..) | Flow::Choosing(_) => None,
        }
    }

    fn place_in_race(&self) -> Option<(u32, u32)> {
        let rider = self.standings.rider(self.race_on_board()?)?;
        Some((rider.own.rank, rider.riders))
    }
}

fn nothing() -> String {
    NOTHING.to_owned()
}
