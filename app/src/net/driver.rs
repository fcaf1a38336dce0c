//! The loop around the state: inputs in, effects done, one timer for the next deadline.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use alleycat_mqtt::web::{Lock, Wakeups};
use alleycat_shared::message::RaceMessage;
use gloo_timers::callback::Timeout;
use leptos::prelude::{RwSignal, Update, WithUntracked};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;

use super::bridge::Bridge;
use super::broker::Broker;
use super::http;
use super::local::{self, Local};
use super::tones::tones;
use crate::apart::{self, Asking};
use crate::platform::storage::{self, Shelf};
use crate::platform::{clock, document, fullscreen, hands, location, reader, sound, wake_lock, worker};
use crate::state::service::Word;
use crate::state::{Effect, Failure, Input, Page, Preset, Rider, Settings, Theme};
use crate::words::Lang;

/// Owns the links and the timer of the page.
pub struct Driver {
    page: RwSignal<Page>,
    bridge: RefCell<Option<Bridge>>,
    local: RefCell<Option<Local>>,
    broker: RefCell<Option<Broker>>,
    /// Links of riders who have left, until the hub has taken all of their seconds.
    retired: RefCell<Vec<Broker>>,
    told_unsent: Cell<usize>,
    timer: RefCell<Option<Timeout>>,
    wakeups: RefCell<Option<Wakeups>>,
    /// Held by the one page of this device that goes on with a ride after a crash.
    ride_lock: RefCell<Option<Lock>>,
}

impl Driver {
    /// Begins: reads what the browser kept and asks the hub for its configuration.
    pub fn start(page: RwSignal<Page>) -> Rc<Self> {
        let driver = Rc::new(Self {
            page,
            bridge: RefCell::default(),
            local: RefCell::default(),
            broker: RefCell::default(),
            retired: RefCell::default(),
            told_unsent: Cell::default(),
            timer: RefCell::default(),
            wakeups: RefCell::default(),
            ride_lock: RefCell::default(),
        });
        let this = Rc::downgrade(&driver);
        let woke = move || {
            let Some(driver) = this.upgrade() else { return };
            wake_lock::take_again();
            fullscreen::woke();
            if let Some(bridge) = &*driver.bridge.borrow() {
                bridge.hurry();
            }
            if let Some(local) = &*driver.local.borrow() {
                local.hurry();
            }
            driver.tell(Input::Resumed);
        };
        driver.wakeups.replace(Some(Wakeups::listen(woke)));
        driver.tell(liked());
        let (touched, turned, held) = (driver.listener(), driver.listener(), driver.listener());
        let touched = move || {
            fullscreen::touched();
            touched(Input::Service(Word::Touched));
        };
        let turned = move || turned(Input::Service(Word::Touched));
        hands::listen(touched, turned, move || held(Input::Service(Word::Open)));
        let newer = driver.listener();
        worker::register(move || newer(Input::Service(Word::NewerPage)));
        let this = driver.clone();
        spawn_local(async move {
            let lock = Lock::take(RIDE, PATIENCE_MS).await;
            let ride = storage::read(Shelf::Tab, RIDE)
                .or_else(|| storage::read(Shelf::Device, RIDE).filter(|_| lock.is_some()));
            this.ride_lock.replace(lock);
            let (usb, bluetooth) = reader::abilities();
            let kept = storage::read(Shelf::Device, SOURCE).unwrap_or_default();
            this.tell(Input::Sources { kept, usb, bluetooth });
            this.tell(Input::Began {
                recent: storage::read(Shelf::Device, RECENT).unwrap_or_default(),
                preset: Preset {
                    racer: location::query("racer"),
                    name: location::query("name"),
                    class: location::query("class"),
                    kiosk: location::query("kiosk").is_some_and(|said| said != "off"),
                    recent_off: location::query("recent").is_some_and(|said| said == "off"),
                    pair: location::query("pair"),
                },
                kept: ride,
                seed: clock::seed(),
            });
        });
        driver
    }

    /// Tells the state what happened and does what it wants.
    pub fn tell(self: &Rc<Self>, input: Input) {
        if matches!(input, Input::Start) {
            fullscreen::enter();
        }
        let mut effects = Vec::new();
        self.page.update(|page| effects = page.handle(clock::now(), input));
        for effect in effects {
            self.act(effect);
        }
        // Cloned out of its cell: what the link says at once may come back here.
        let broker = self.broker.borrow().clone();
        if let Some(broker) = broker {
            broker.listen(self.page.with_untracked(|page| page.topics().collect()));
            broker.tell_sent();
        }
        if let Some(bridge) = &*self.bridge.borrow() {
            bridge.beat();
        }
        self.retired.borrow_mut().retain(Broker::has_unsent);
        self.tell_unsent();
        self.set_timer();
    }

    /// Of riders who have left, too: their seconds are no less on their way.
    fn tell_unsent(self: &Rc<Self>) {
        let here = self.broker.borrow().as_ref().map_or(0, Broker::unsent);
        let left: usize = self.retired.borrow().iter().map(Broker::unsent).sum();
        if self.told_unsent.replace(here + left) != here + left {
            self.tell(Input::Unsent(here + left));
        }
    }

    fn act(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::FetchConfig => self.ask(async { Input::Config(http::config().await) }),
            Effect::MeasureClock => self.ask(async { Input::Clock(http::measure_clock().await) }),
            Effect::Join(join) => self.ask(async move { Input::Joined(http::join(&join).await) }),
            Effect::FetchResult(race, class) => {
                self.ask(async move { Input::Result { race, answer: http::result(race, class).await } });
            }
            Effect::Ask(question, token) => self.ask(async move {
                let answer = there(apart::look_up(question, token).await).await;
                Input::Answered { question, answer }
            }),
            Effect::OfferPair => self.ask(async { Input::PairOffered(http::offer_pair().await) }),
            Effect::ClaimPair { code, secret } => self.ask(async move {
                let answer = http::claim_pair(&code, &secret).await;
                Input::PairClaimed { code, answer }
            }),
            Effect::HandOver { code, rider } => {
                self.ask(async move { Input::HandedOver(there(apart::hand_over(code, *rider).await).await) });
            }
            Effect::GiveBack(rider) => spawn_local(http::give_back(rider)),
            Effect::Wish(wish, token) => self.ask(async move {
                let answer = there(apart::wish(wish, token).await).await;
                Input::Granted { wish, answer }
            }),
            Effect::OpenSensor => self.open_sensor(false),
            Effect::ChooseSensor => self.open_sensor(true),
            Effect::LoadReader => self.ask(local::drivers()),
            Effect::KeepSource => {
                self.page.with_untracked(|page| storage::write(Shelf::Device, SOURCE, &page.sources().chosen))
            }
            Effect::Connect(rider) => self.connect(rider.as_ref()),
            Effect::Probe => {
                let broker = self.broker.borrow().clone();
                if let Some(broker) = broker {
                    broker.probe();
                }
            }
            Effect::Publish(message) => {
                let message = RaceMessage { uuid: Uuid::new_v4(), ..*message };
                let broker = self.broker.borrow().clone();
                if let Some(broker) = broker {
                    broker.publish(message);
                }
            }
            Effect::KeepRecent => {
                self.page.with_untracked(|page| storage::write(Shelf::Device, RECENT, page.entry().recent()));
            }
            Effect::KeepRide(ride) => self.shelves().for_each(|shelf| storage::write(shelf, RIDE, &*ride)),
            Effect::ForgetRide => self.shelves().for_each(|shelf| storage::remove(shelf, RIDE)),
            Effect::KeepSettings(settings) => storage::write(Shelf::Device, SETTINGS, &settings),
            Effect::Cue(cue) => sound::play(tones(cue)),
            Effect::StayAwake(wanted) => wake_lock::want(wanted),
            Effect::Inspect => {
                let url = self.page.with_untracked(|page| page.config().map(|c| c.sensor.url.clone()));
                let bridge = url.is_some_and(|url| url.starts_with('/'));
                let this = self.clone();
                spawn_local(async move {
                    if let Ok(inspection) = there(apart::inspect(bridge).await).await {
                        this.tell(Input::Service(Word::Inspected(Box::new(inspection))));
                    }
                });
            }
            Effect::Reload => worker::reload(),
        }
    }

    /// Opens the source of the bike's readings. A page that the bridge itself serves keeps its link all the same:
    /// a kiosk wants to hear that the page is alive.
    fn open_sensor(self: &Rc<Self>, ask: bool) {
        let source = self.page.with_untracked(|page| page.sources().chosen.clone());
        let url = self.page.with_untracked(|page| page.config().map(|c| c.sensor.url.clone()));
        // The one before lets go of the device first.
        self.local.take();
        match url.filter(|url| !source.is_local() || url.starts_with('/')) {
            Some(_) if source.is_local() && self.bridge.borrow().is_some() => {}
            wanted => {
                let hear = self.bridge_listener();
                let bridge = wanted.map(|url| Bridge::open(location::socket_url(&url), hear));
                self.bridge.replace(bridge);
            }
        }
        if source.is_local() {
            let local = Local::open(source, ask, self.listener());
            self.local.replace(Some(local));
        }
    }

    /// Hears the bridge unless the bike is read elsewhere.
    fn bridge_listener(self: &Rc<Self>) -> impl Fn(Input) + 'static {
        let this = Rc::downgrade(self);
        move |input| {
            if let Some(driver) = this.upgrade()
                && driver.page.with_untracked(|page| !page.sources().chosen.is_local())
            {
                driver.tell(input);
            }
        }
    }

    fn connect(self: &Rc<Self>, rider: Option<&Rider>) {
        if self.broker.borrow().as_ref().is_some_and(|broker| broker.renew(rider)) {
            return;
        }
        let config = self.page.with_untracked(|page| page.config().map(|c| c.mqtt.clone()));
        let Some(config) = config else { return };
        let broker = Broker::connect(config, rider, self.listener());
        let before = self.broker.replace(Some(broker));
        if let Some(before) = before {
            before.retire();
            self.retired.borrow_mut().push(before);
        }
    }

    /// Where the ride is kept: for a reload of this tab, and for a crash of the device by the one page that
    /// holds the lock.
    fn shelves(&self) -> impl Iterator<Item = Shelf> + use<> {
        let device = self.ride_lock.borrow().as_ref().map(|_| Shelf::Device);
        [Shelf::Tab].into_iter().chain(device)
    }

    fn ask(self: &Rc<Self>, question: impl Future<Output = Input> + 'static) {
        let this = self.clone();
        spawn_local(async move {
            let answer = question.await;
            this.tell(answer);
        });
    }

    fn listener(self: &Rc<Self>) -> impl Fn(Input) + 'static {
        let this = Rc::downgrade(self);
        move |input| {
            if let Some(driver) = this.upgrade() {
                driver.tell(input);
            }
        }
    }

    fn set_timer(self: &Rc<Self>) {
        let wait = self.page.with_untracked(Page::next_deadline).saturating_sub(clock::now());
        let this = Rc::downgrade(self);
        let wake = move || {
            if let Some(driver) = this.upgrade() {
                driver.tell(Input::Woke);
            }
        };
        self.timer.replace(Some(Timeout::new(u32::try_from(wait).unwrap_or(1_000).clamp(1, 1_000), wake)));
    }
}

/// The answer to a question that is put by what may not be there.
async fn there<T>(asking: Result<Asking<T>, Failure>) -> Result<T, Failure> {
    asking?.await
}

/// What was kept of the settings; the page's address goes before it.
fn liked() -> Input {
    let kept: Settings = storage::read(Shelf::Device, SETTINGS).unwrap_or_default();
    let settings = Settings {
        lang: location::query("lang").and_then(|lang| Lang::wished([lang.as_str()])).or(kept.lang),
        theme: location::query("theme").and_then(|theme| Theme::named(&theme)).unwrap_or(kept.theme),
        sound: location::query("sound").map_or(kept.sound, |sound| sound == "on"),
    };
    let wishes = document::wishes();
    let browser = Lang::wished(wishes.iter().map(String::as_str)).unwrap_or_default();
    Input::Liked { settings, browser }
}

/// Where the settings are kept.
const SETTINGS: &str = "alleycat.settings";
/// Where the riders of this device are kept.
const RECENT: &str = "alleycat.recent";
/// Where it is kept how the bike is read.
const SOURCE: &str = "alleycat.source";
/// Where the ride is kept, and the lock for it.
const RIDE: &str = "alleycat.ride";
/// How long a page that was just left may take to let go of the ride.
const PATIENCE_MS: u32 = 300;
