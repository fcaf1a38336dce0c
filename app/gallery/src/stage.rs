//! Brings the page's state machine into a state, with the inputs that would do so in a race.

use alleycat_app::state::rooms::{Answer, Question, Room};
use alleycat_app::state::service::{Delivery, Word};
use alleycat_app::state::{Effect, Failure, Input, Page, Preset, Recent, Settings};
use alleycat_app::words::Lang;
use alleycat_shared::api::{Joined, RaceState};
use alleycat_shared::message::{Origin, RaceMessage, SensorMessage, SensorReading, SensorState};
use alleycat_shared::race::{Standing, board, rider};
use alleycat_shared::time::ClockOffset;
use alleycat_shared::{Millis, Score};
use uuid::Uuid;

use crate::data::{self, Form, OWN, RACE, SECONDS, START};

/// A page and its time. Each step takes it and gives it back.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    page: Page,
    now: Millis,
    /// What the page asked the hub's API and nobody has answered.
    asked: Vec<Question>,
    /// The seconds that the page published, oldest first.
    published: Vec<RaceMessage>,
}

impl Stage {
    /// A page that has just begun.
    pub(crate) fn begun(like: Settings, now: Millis, racer: Option<u64>) -> Self {
        let preset = Preset {
            racer: racer.map(|racer| racer.to_string()),
            name: racer.map(|racer| data::name(racer).to_string()),
            class: Some(data::class().to_string()),
            ..Preset::default()
        };
        Self::opened(like, now, preset)
    }

    /// A page that has just begun at this address.
    pub(crate) fn opened(like: Settings, now: Millis, preset: Preset) -> Self {
        let began = Input::Began { recent: Recent::default(), preset, kept: None, seed: 1 };
        let liked = Input::Liked { settings: like, browser: Lang::En };
        Self { now, ..Self::default() }.tell(liked).tell(began)
    }

    /// The hub is there.
    pub(crate) fn connected(self) -> Self {
        let mut offset = ClockOffset::default();
        offset.sample(0, 0, 0);
        self.tell(Input::Config(Ok(data::config()))).tell(Input::Clock(Some(offset))).tell(Input::LinkUp)
    }

    /// A page in set-up that knows the hub's time, with a link to its broker, so many seconds into the race.
    pub(crate) fn linked(like: Settings, second: u64) -> Self {
        Self::linked_for(like, second, Some(OWN))
    }

    /// The same for any racer, or for nobody.
    pub(crate) fn linked_for(like: Settings, second: u64, racer: Option<u64>) -> Self {
        Self::begun(like, START + second * 1_000, racer).connected()
    }

    /// The same with a bike.
    pub(crate) fn ready(like: Settings, second: u64) -> Self {
        Self::linked(like, second).bike(SensorState::Live).pedals(88.4, 52.3)
    }

    /// A page whose rider has joined the running race at its start and has ridden so many seconds in it.
    pub(crate) fn racing(like: Settings, seconds: u16, form: Form) -> Self {
        let (cadence, resistance) = data::effort(OWN, form, 1);
        let set_up = Self::linked(like, 0).bike(SensorState::Live).pedals(cadence, resistance);
        let mut stage = set_up.tell(Input::Start).joins().tell(Input::LinkUp);
        for second in 1..=seconds {
            let (cadence, resistance) = data::effort(OWN, form, second);
            let begins = START + u64::from(second - 1) * 1_000;
            stage = stage.at(begins + 400).pedals(cadence, resistance).at(begins + 500).tell(Input::Woke);
        }
        stage
    }

    /// The same with the hub's word on the field.
    pub(crate) fn in_field(like: Settings, seconds: u16, riders: u64, form: Form) -> Self {
        Self::racing(like, seconds, form).hub_says(seconds, riders, form, None)
    }

    /// The page of a rider who has ridden to the end in a field of so many.
    pub(crate) fn at_the_end(like: Settings, riders: u64, form: Form) -> Self {
        let last = Self::racing(like, SECONDS, form).hub_says(SECONDS - 1, riders, form, None);
        last.at(START + u64::from(SECONDS) * 1_000 + 200).pedals(61.2, 48.0).tell(Input::Woke)
    }

    /// Something happens now.
    pub(crate) fn tell(mut self, input: Input) -> Self {
        for effect in self.page.handle(self.now, input) {
            match effect {
                Effect::Ask(question, _) => self.asked.push(question),
                Effect::Publish(message) => self.published.push(*message),
                _ => {}
            }
        }
        self
    }

    /// Time passes; the page is not told.
    pub(crate) fn at(self, now: Millis) -> Self {
        Self { now, ..self }
    }

    /// So many ms pass, and the page wakes up.
    pub(crate) fn after(self, ms: Millis) -> Self {
        let now = self.now + ms;
        self.at(now).tell(Input::Woke)
    }

    /// The bridge tells a state of the bike.
    pub(crate) fn bike(self, state: SensorState) -> Self {
        let (driver, port) = ("line".into(), "/dev/ttyUSB0".into());
        self.tell(Input::BridgeOpened).state(SensorMessage::State {
            state,
            driver,
            port,
            hint: String::new(),
        })
    }

    /// The bridge says something.
    pub(crate) fn state(self, message: SensorMessage) -> Self {
        self.tell(Input::Sensor(message))
    }

    /// A reading of the bike.
    pub(crate) fn pedals(self, cadence: f64, resistance: f64) -> Self {
        self.state(SensorMessage::Reading(SensorReading {
            cadence: cadence.try_into().expect("a cadence"),
            resistance: Some(resistance.try_into().expect("a resistance")),
            origin: Origin::Measured,
            power: None,
            heart_rate: None,
            age_ms: 0,
        }))
    }

    /// The hub lets the rider in.
    pub(crate) fn joins(self) -> Self {
        let joined =
            Joined { racer_id: data::number(OWN), name: data::name(OWN), token: "of the gallery".into() };
        self.tell(Input::Joined(Ok(joined)))
    }

    /// Somebody joins on this device and goes away again.
    pub(crate) fn rode_before(self, racer: u64) -> Self {
        let joined =
            Joined { racer_id: data::number(racer), name: data::name(racer), token: "of the gallery".into() };
        let typed = self.tell(Input::RacerTyped(racer.to_string())).tell(Input::NameTyped(String::new()));
        typed.tell(Input::Start).tell(Input::Joined(Ok(joined))).tell(Input::Leave)
    }

    /// The hub publishes board and own view after so many seconds of the race.
    pub(crate) fn hub_says(self, seconds: u16, riders: u64, form: Form, record: Option<&[Score]>) -> Self {
        self.hub_says_of(seconds, riders, form, record, |_| {})
    }

    /// The same of a field in which every third has left and every third has just fallen silent.
    pub(crate) fn hub_says_who_left(self, seconds: u16, riders: u64, form: Form) -> Self {
        self.hub_says_of(seconds, riders, form, None, |standing| {
            // How far an id is from the own one.
            let third = u64::from(standing.racer_id.get()).abs_diff(OWN) % 3;
            (standing.dim, standing.gone) = (third > 0, third > 1);
        })
    }

    fn hub_says_of(
        self,
        seconds: u16,
        riders: u64,
        form: Form,
        record: Option<&[Score]>,
        silence: fn(&mut Standing<'_>),
    ) -> Self {
        let (field, clock) = data::field(RACE, riders, form, seconds);
        let at = START + u64::from(seconds) * 1_000 - 1;
        let mut standings = field.standings_after(seconds, at);
        standings.iter_mut().for_each(silence);
        let own = standings.iter().position(|standing| u64::from(standing.racer_id.get()) == OWN);
        let mut view = rider(&field, &standings, own.expect("rides along"), record, clock.at(at), at);
        if let Some(record) = view.record.as_mut() {
            record.race_id = Some(data::number(RACE - 288));
        }
        if record.is_some() {
            let rides = data::record_rides(40);
            view.all_time = data::all_time(&rides, seconds, &standings[own.unwrap_or_default()], record);
        }
        let board = board(&field, &standings, clock.at(at), at);
        let told = self.tell(Input::Board { board, retained: false });
        told.tell(Input::RiderView(view))
    }

    /// The hub publishes a board to somebody who does not ride.
    pub(crate) fn board_only(self, seconds: u16, riders: u64) -> Self {
        let (field, clock) = data::field(RACE, riders, Form::Middling, seconds);
        let at = START + u64::from(seconds) * 1_000 - 1;
        let board = board(&field, &field.standings_after(seconds, at), clock.at(at), at);
        self.tell(Input::Board { board, retained: false })
    }

    /// The hub tells the result of the race.
    pub(crate) fn result(self, riders: u64, form: Form, state: RaceState) -> Self {
        let result = data::result(RACE, riders, form, state);
        self.after(1_200)
            .pedals(58.7, 44.1)
            .tell(Input::Result { race: data::number(RACE), answer: Ok(result) })
    }

    /// Goes into a room.
    pub(crate) fn enters(self, room: Room) -> Self {
        self.tell(Input::Enter(room))
    }

    /// The hub answers all that was asked, and what is asked because of that.
    pub(crate) fn answered(self) -> Self {
        self.answered_with(data::answer)
    }

    /// The same with other answers.
    pub(crate) fn answered_with(mut self, answer: fn(Question) -> Answer) -> Self {
        while let Some(question) = self.asked.pop() {
            self = self.tell(Input::Answered { question, answer: Ok(Box::new(answer(question))) });
        }
        self
    }

    /// The hub does not answer what was asked.
    pub(crate) fn unanswered(mut self) -> Self {
        for question in std::mem::take(&mut self.asked) {
            self = self.tell(Input::Answered { question, answer: Err(Failure::default()) });
        }
        self
    }

    /// The link tells what became of the seconds: of the latest as `latest` says, youngest first, and of all before
    /// them that they arrived.
    pub(crate) fn delivered(mut self, latest: &[Delivery]) -> Self {
        let published = std::mem::take(&mut self.published);
        let older = published.len().saturating_sub(latest.len());
        let ways = std::iter::repeat_n(&Delivery::Acknowledged, older).chain(latest.iter().rev());
        for (mut message, way) in published.into_iter().zip(ways) {
            message.uuid = Uuid::from_u128(GOLDEN.wrapping_mul(message.second.get().into()));
            self = self.tell(Input::Service(Word::Published(Box::new(message), *way)));
        }
        self
    }

    /// The page as it is now, and the time.
    pub fn shown(self) -> (Page, Millis) {
        (self.page, self.now)
    }
}

/// The golden ratio's fraction in 128 bits: its multiples look like ids of chance, and are the same each time.
const GOLDEN: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
