//! The machine: boot, set-up, joining, countdown, race, finish.

use alleycat_shared::api::Join;
use alleycat_shared::config::PageConfig;
use alleycat_shared::race::{RaceClock, RaceMoment};
use alleycat_shared::time::ClockOffset;
use alleycat_shared::topic::Topic;
use alleycat_shared::{ClassId, Millis, RaceId, RacerId};

use super::asked::Asked;
use super::cue::Cues;
use super::flow::REJOIN_MS;
use super::idle::{Idle, is_by_hand};
use super::news::News;
use super::pairing::{Hand, Pairing};
use super::retry;
use super::rooms::{Field, Rooms, Wished};
use super::service::Service;
use super::spark::Record;
use super::{
    Cue, Effect, Entry, Finish, Flow, Input, Link, Preset, Recent, Ride, Rider, Sensor, Settings, Source,
    Sources, Standings,
};
use crate::words::Lang;

/// Everything that the page knows.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// When the latest input came, on the page's own clock.
    pub(super) now: Millis,
    pub(super) settings: Settings,
    /// The language that the browser wishes.
    pub(super) browser: Lang,
    pub(super) settings_open: bool,
    pub(super) cues: Cues,
    pub(super) config: Asked<PageConfig>,
    pub(super) clock: Asked<ClockOffset>,
    /// Whether this page itself has measured the hub's clock, and does not go by what was kept.
    measured: bool,
    pub(super) entry: Entry,
    pub(super) sensor: Sensor,
    pub(super) sources: Sources,
    pub(super) link: Link,
    /// Whose link it is; `None` is a spectator's.
    pub(super) link_of: Option<RacerId>,
    /// Since when the link is in its state.
    pub(super) link_since: Millis,
    pub(super) unsent: usize,
    pub(super) standings: Standings,
    pub(super) flow: Flow,
    pub(super) news: News,
    /// When somebody last touched the screen, or a race ended.
    pub(super) touched: Millis,
    pub(super) idle: Idle,
    /// The code for a phone, while it is shown.
    pub(super) pairing: Option<Pairing>,
    /// The code that this page was opened with: it is a phone that hands its rider over.
    pub(super) hand: Option<Hand>,
    /// Whether the screen is kept on.
    pub(super) awake: bool,
    pub(super) rooms: Rooms,
    pub(super) field: Field,
    /// What the rider wanted last for the own rides.
    pub(super) wished: Wished,
    pub(super) service: Service,
    /// The own record ride, once it is known which one that is.
    pub(super) record: Option<Record>,
    /// Whether the board compares with everybody's record rides.
    pub(super) all_time: bool,
    /// Why the last Start Race did not work, or why the hub does not let a rider in again; empty if nothing is wrong.
    pub(super) trouble: String,
    /// When to join again after the broker refused the login.
    pub(super) rejoin: Asked<()>,
    /// The ride that a reload cut short.
    kept: Option<Ride>,
    /// The ride that the rider left: the same race goes on where it was.
    pub(super) left: Option<Ride>,
    probed_at: Millis,
    nonsense: u32,
    random: u64,
}

impl Page {
    /// Takes in what happened at `now`, on the page's own clock, and says what is to be done.
    pub fn handle(&mut self, now: Millis, input: Input) -> Vec<Effect> {
        let was_set_back = now + SET_BACK_MS < self.now;
        self.now = now;
        if was_set_back {
            self.begin_anew();
        }
        if was_set_back || is_by_hand(&input) {
            self.touched = now;
            self.rooms.touch(now);
        }
        let mut effects = Vec::new();
        let is_reading = matches!(input, Input::Sensor(_));
        self.take(input, &mut effects);
        self.go_in(&mut effects);
        self.ask(&mut effects);
        self.look_up(&mut effects);
        self.advance(&mut effects);
        self.pair(&mut effects);
        self.rest(&mut effects);
        self.serve(&mut effects);
        if !is_reading {
            self.standings.keep_only(self.class(), self.racer());
            self.standings.arrange(self.race_on_board());
        }
        self.cue(&mut effects);
        effects
    }

    /// When to call with [`Input::Woke`] if nothing else comes before.
    pub fn next_deadline(&self) -> Millis {
        let second = match self.hub_now() {
            Some(hub) => self.now + 1_000 - hub % 1_000,
            None => self.now + 1_000,
        };
        let finish = match &self.flow {
            Flow::Finished(finish) => finish.ask_at(),
            _ => None,
        };
        let record = self.record.as_ref().and_then(Record::ask_at);
        let pairing = self.pairing.as_ref().and_then(Pairing::ask_at);
        let asked = [
            self.config.ask_at,
            self.clock.ask_at,
            self.rejoin.ask_at,
            finish,
            record,
            pairing,
            self.rests_at(),
            self.rooms.ask_at(),
            self.serve_at(),
        ];
        asked.into_iter().flatten().chain(self.sensor.next_change(self.now)).fold(second, Millis::min)
    }

    /// The topics to listen to: the class's board, and the view of the racer who rides or is chosen.
    pub fn topics(&self) -> impl Iterator<Item = Topic> {
        let class = self.class();
        let rider = self.racer().map(|racer| Topic::Rider(class, racer));
        let field = self.is_field_open().then_some(Topic::Field(class));
        let others = self.idle_classes().map(Topic::Board);
        [Topic::Board(class)]
            .into_iter()
            .chain(rider)
            .chain(field)
            .chain(others)
            .filter(|_| self.config.value.is_some())
    }

    /// What `/config.json` says, once it is there.
    pub fn config(&self) -> Option<&PageConfig> {
        self.config.value.as_ref()
    }

    /// Where the rider is.
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// What is being entered.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The bike.
    pub fn sensor(&self) -> &Sensor {
        &self.sensor
    }

    /// Where the bike's readings may come from.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// How many messages of the hub could not be read.
    pub fn nonsense(&self) -> u32 {
        self.nonsense
    }

    fn take(&mut self, input: Input, effects: &mut Vec<Effect>) {
        match input {
            Input::Liked { settings, browser } => (self.settings, self.browser) = (settings, browser),
            Input::Settings(open) => self.settings_open = open,
            Input::Set(setting) => self.set(setting, effects),
            Input::TrySound => effects.push(Effect::Cue(Cue::Go)),
            Input::Began { recent, preset, kept, seed } => {
                self.begin(recent, preset, kept, effects);
                self.random = seed | 1;
            }
            Input::Woke => {}
            Input::Resumed => {
                if self.config.value.is_some() {
                    self.clock.ask_at = Some(self.now);
                }
            }
            Input::Config(Ok(config)) => self.configured(config, effects),
            Input::Config(Err(_)) => {
                let wait = self.wait(self.config.failures);
                self.config.failed(self.now, wait);
            }
            Input::Clock(Some(offset)) => {
                self.measured = true;
                self.clock.answered(offset);
                self.clock.ask_at = Some(self.now + CLOCK_EVERY_MS);
            }
            Input::Clock(None) => {
                let wait = self.wait(self.clock.failures);
                self.clock.failed(self.now, wait);
            }
            Input::Sources { kept, usb, bluetooth } => {
                self.sources = Sources { usb, bluetooth, ..Sources::default() };
                self.sources.keep(kept);
            }
            Input::SourcesOpened => {
                if self.sources.drivers.is_empty() {
                    effects.push(Effect::LoadReader);
                }
            }
            Input::Drivers(drivers) => self.sources.drivers = drivers,
            Input::SourceChosen(source) => self.choose_source(source, effects),
            Input::BridgeOpened => self.sensor.bridge_opened(),
            Input::BridgeClosed => self.sensor.bridge_closed(),
            Input::Sensor(message) => self.sensor.heard(self.now, message),
            Input::SensorNonsense => self.sensor.heard_nonsense(),
            Input::LinkUp => self.linked(Link::Connected),
            Input::LinkDown { retry_at } => self.linked(Link::Offline { retry_at }),
            Input::LinkRefused => self.refused(effects),
            Input::Unsent(count) => self.unsent = count,
            Input::Board { board, retained } => {
                self.check_clock(board.server_time, retained);
                if self.flow == Flow::Idle {
                    self.idle.heard(&board);
                }
                if board.class_id == self.class() {
                    self.standings.heard_board(self.now, board, retained);
                }
            }
            Input::RiderView(rider) => self.standings.heard_rider(self.now, rider),
            Input::Field(field) => self.field.heard(field),
            Input::Enter(room) => self.enter(room),
            Input::Back => self.rooms.back(self.now),
            Input::RoomClass(class) => self.room_class(class),
            Input::More => self.rooms.more(self.now),
            Input::Retry => self.retry(effects),
            Input::Search(text) => self.field.search(&text),
            Input::Wish(wish) => self.wish(wish, effects),
            Input::Granted { wish, answer } => self.granted(wish, answer),
            Input::AllTime(wanted) => self.all_time = wanted,
            Input::Answered { question, answer } => self.looked_up(question, answer),
            Input::Service(word) => self.service.hear(self.now, word),
            Input::LinkNonsense => self.nonsense = self.nonsense.saturating_add(1),
            Input::Wake => self.wake(),
            Input::Way(way) => self.choose_way(way),
            Input::Recent(racer) => self.edit(|entry| entry.take(racer)),
            Input::Unremember(racer) => {
                self.edit(|entry| entry.unremember(racer));
                effects.push(Effect::KeepRecent);
            }
            Input::PairOffered(answer) => self.pair_offered(answer),
            Input::PairClaimed { code, answer } => self.pair_claimed(&code, answer),
            Input::HandedOver(answer) => self.handed_over(answer),
            Input::HandDone => self.hand = None,
            Input::Pressed(key) => self.edit(|entry| entry.press(key)),
            Input::RacerTyped(text) => self.edit(|entry| entry.type_racer(&text)),
            Input::NameTyped(text) => self.edit(|entry| entry.type_name(&text)),
            Input::ClassChosen(class) => self.edit(|entry| entry.choose_class(class)),
            Input::Start => self.start(effects),
            Input::JoinNow => self.choose(true, effects),
            Input::NextRace => self.choose(false, effects),
            Input::Leave => self.leave(effects),
            Input::Joined(Ok(joined)) => self.joined(joined, effects),
            Input::Joined(Err(failure)) => self.not_joined(&failure),
            Input::Result { race, answer } => self.result(race, answer),
        }
    }

    fn begin(&mut self, recent: Recent, preset: Preset, kept: Option<Ride>, effects: &mut Vec<Effect>) {
        let forgets = preset.recent_off && !recent.is_empty();
        self.hand = preset.pair.clone().map(Hand::new);
        if preset.kiosk && self.hand.is_none() {
            self.flow = Flow::Idle;
        }
        self.entry = Entry::new(recent, preset);
        if forgets {
            effects.push(Effect::KeepRecent);
        }
        // The race goes on by the clock of before, until the hub has told it anew.
        self.clock.value = kept.as_ref().and_then(|ride| ride.clock);
        self.kept = kept;
        self.config.ask_at = Some(self.now);
    }

    /// Asks for what is due.
    fn ask(&mut self, effects: &mut Vec<Effect>) {
        if self.config.asks(self.now) {
            effects.push(Effect::FetchConfig);
        }
        if self.clock.asks(self.now) {
            effects.push(Effect::MeasureClock);
        }
        if self.rejoin.asks(self.now)
            && let Some(rider) = self.rider()
        {
            effects.push(Effect::Join(join(rider)));
        }
        let now = self.now;
        if let Flow::Finished(finish) = &mut self.flow
            && finish.asks(now)
        {
            effects.push(Effect::FetchResult(finish.ride.race, finish.ride.class));
        }
    }

    /// Moves on with the race clock: the countdown becomes the race, a second is sent, the race ends.
    fn advance(&mut self, effects: &mut Vec<Effect>) {
        let (Some(clock), Some(moment)) = (self.race_clock(), self.moment()) else { return };
        let words = self.words();
        self.take_up(clock, moment, effects);
        if let Flow::Countdown(ride) = &self.flow
            && moment.race_id >= ride.race
        {
            self.flow = Flow::Racing(ride.clone());
            self.news.clear();
            self.rooms.leave();
        }
        if let Flow::Racing(ride) = &mut self.flow {
            if moment.race_id > ride.race {
                let view = self.standings.rider(ride.race);
                let place = view.map(|rider| (rider.own.rank, rider.riders));
                let best = view.map(|rider| rider.record.map(|record| record.score));
                self.flow = Flow::Finished(Finish::new(self.now, ride.clone(), place).after(best));
                self.touched = self.now;
                effects.push(Effect::ForgetRide);
                return;
            }
            if let Some(reading) = self.sensor.counts(self.now)
                && let Some(message) = ride.second(clock, moment, self.now, reading)
            {
                effects.push(Effect::Publish(Box::new(message)));
                effects.push(Effect::KeepRide(Box::new(ride.clone())));
            }
            let place = self.standings.rider(ride.race).map(|rider| (rider.own.rank, rider.riders));
            self.news.tell(words, self.now, place, moment.left_ms.div_ceil(1_000));
            self.probe_silence(effects);
        }
    }

    /// Goes on with the ride that a reload cut short, if its race is not long over. By the clock that was kept it
    /// goes on, but nothing is forgotten: the device's clock may have been set meanwhile.
    fn take_up(&mut self, clock: RaceClock, moment: RaceMoment, effects: &mut Vec<Effect>) {
        if !matches!(self.flow, Flow::Idle | Flow::Setup | Flow::Joining) {
            // Whoever waited no longer has another ride by now.
            self.kept = None;
        }
        let goes_on = |ride: &Ride| ride.race == moment.race_id || ride.race == clock.next(moment.race_id);
        let measured = self.measured;
        let Some(ride) = self.kept.take_if(|ride| measured || goes_on(ride)) else { return };
        if goes_on(&ride) {
            self.connect(Some(ride.rider.clone()), effects);
            self.entry.resume(&ride);
            self.flow = Flow::Countdown(ride);
        } else {
            // The last seconds of a race that is just over may still be on their way.
            let just_over = clock.next(ride.race) == moment.race_id;
            let rider = just_over.then(|| ride.rider.clone());
            effects.push(Effect::ForgetRide);
            self.connect(rider, effects);
            if just_over {
                self.entry.resume(&ride);
                self.flow = Flow::Finished(Finish::new(self.now, ride, None));
                self.touched = self.now;
            }
        }
    }

    fn configured(&mut self, config: PageConfig, effects: &mut Vec<Effect>) {
        self.config.answered(config);
        self.clock.ask_at = Some(self.now);
        self.link_since = self.now;
        effects.push(Effect::OpenSensor);
        if self.kept.is_none() {
            self.connect(None, effects);
        }
    }

    /// Another source, or the same one again with another device: what was known of the bike is over.
    fn choose_source(&mut self, source: Source, effects: &mut Vec<Effect>) {
        self.sensor = Sensor::default();
        self.sources.chosen = source;
        effects.extend([Effect::KeepSource, Effect::ChooseSensor]);
    }

    pub(super) fn connect(&mut self, rider: Option<Rider>, effects: &mut Vec<Effect>) {
        self.link_of = rider.as_ref().map(|rider| rider.racer);
        effects.push(Effect::Connect(rider));
    }

    pub(super) fn linked(&mut self, link: Link) {
        if link.name() != self.link.name() {
            self.link_since = self.now;
        }
        if link == Link::Connected {
            self.rejoin = Asked::default();
            self.clock.hurry(self.now);
            self.service.attempts = 0;
            if self.rider().is_some() {
                self.trouble.clear();
            }
        }
        self.link = link;
    }

    /// The broker does not know the login (any more): whoever rides joins again, anybody else looks on. The link of
    /// somebody who looks on already tries again by itself, and less often each time.
    fn refused(&mut self, effects: &mut Vec<Effect>) {
        if self.rider().is_none() {
            if self.link_of.is_some() {
                self.connect(None, effects);
            }
        } else if self.rejoin.ask_at.is_none() {
            let wait = if self.rejoin.failures == 0 { 0 } else { REJOIN_MS };
            self.rejoin.failed(self.now, wait);
        }
    }

    /// The device's clock was set back: what happened is no longer in the future, and how far the hub's clock is away
    /// is no longer known.
    fn begin_anew(&mut self) {
        (self.link_since, self.probed_at) = (self.link_since.min(self.now), self.probed_at.min(self.now));
        if self.config.value.is_some() {
            self.clock.ask_at = Some(self.now);
        }
    }

    /// A hub that says another time than we believe: the device's clock was set, or the hub's.
    fn check_clock(&mut self, server_time: Millis, retained: bool) {
        if let Some(hub) = self.hub_now()
            && !retained
            && hub.abs_diff(server_time) > CLOCK_TOLERANCE_MS
            && let Some(at) = &mut self.clock.ask_at
        {
            let measured_at = at.saturating_sub(CLOCK_EVERY_MS);
            *at = self.now.max(measured_at + CLOCK_DOUBT_MS).min(*at);
        }
    }

    /// A link without news in a race is asked whether it is still there.
    fn probe_silence(&mut self, effects: &mut Vec<Effect>) {
        let heard = self.standings.heard_at().unwrap_or(0).max(self.link_since).max(self.probed_at);
        if self.link == Link::Connected && self.now > heard + SILENCE_MS {
            self.probed_at = self.now;
            effects.push(Effect::Probe);
        }
    }

    fn edit(&mut self, edit: impl FnOnce(&mut Entry)) {
        if self.flow == Flow::Setup {
            self.trouble.clear();
            edit(&mut self.entry);
        }
    }

    /// The class that the page is about.
    pub(super) fn class(&self) -> ClassId {
        match &self.flow {
            Flow::Countdown(ride) | Flow::Racing(ride) => ride.class,
            Flow::Finished(finish) => finish.ride.class,
            Flow::Idle => self.idle_class().unwrap_or_else(|| self.entry.class()),
            Flow::Setup | Flow::Joining | Flow::Joined(..) | Flow::Choosing(_) => self.entry.class(),
        }
    }

    /// The racer that the page is about; nobody before one is entered.
    pub fn racer(&self) -> Option<RacerId> {
        match &self.flow {
            Flow::Finished(finish) => Some(finish.ride.rider.racer),
            _ => self.rider().map(|rider| rider.racer).or_else(|| self.entry.racer()),
        }
    }

    /// Who has joined and wants to publish.
    pub(super) fn rider(&self) -> Option<&Rider> {
        match &self.flow {
            Flow::Joined(rider, _) | Flow::Choosing(rider) => Some(rider),
            Flow::Countdown(ride) | Flow::Racing(ride) => Some(&ride.rider),
            Flow::Idle | Flow::Setup | Flow::Joining | Flow::Finished(_) => None,
        }
    }

    /// The race whose board is shown: the one that runs, and at the finish the one that was ridden.
    pub(super) fn race_on_board(&self) -> Option<RaceId> {
        match &self.flow {
            Flow::Finished(finish) => Some(finish.ride.race),
            _ => self.moment().map(|moment| moment.race_id),
        }
    }

    pub(super) fn race_clock(&self) -> Option<RaceClock> {
        self.config().and_then(|config| RaceClock::new(config.race_seconds))
    }

    /// The place in time by the hub's clock.
    pub(super) fn moment(&self) -> Option<RaceMoment> {
        Some(self.race_clock()?.at(self.hub_now()?))
    }

    pub(super) fn hub_now(&self) -> Option<Millis> {
        self.clock.value.map(|offset| offset.hub_time(self.now))
    }

    /// A jittered wait after a number of failures (xorshift64: G. Marsaglia, "Xorshift RNGs", 2003).
    pub(super) fn wait(&mut self, failures: u32) -> Millis {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
        let random = (self.random >> 40) as f64 / f64::from(1 << 24);
        retry::wait(failures, random)
    }
}

fn join(rider: &Rider) -> Join {
    Join { racer_id: rider.racer, name: rider.name.clone(), token: rider.token.clone() }
}

/// How often the hub's clock is measured anew.
const CLOCK_EVERY_MS: Millis = 120_000;
/// A clock that goes back by more was set.
const SET_BACK_MS: Millis = 1_000;
/// How soon it may be measured anew when the hub seems to say another time.
const CLOCK_DOUBT_MS: Millis = 10_000;
/// A difference to the hub's time stamps that no network explains.
const CLOCK_TOLERANCE_MS: Millis = 2_500;
/// The hub speaks once a second while a race runs.
pub(super) const SILENCE_MS: Millis = 5_000;

#[cfg(test)]
#[path = "page_tests.rs"]
pub(super) mod tests;
