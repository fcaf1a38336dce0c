//! The loop around the state: inputs in, effects done, one timer for the next deadline.

use std::cell::RefCell;
use std::rc::Rc;

use alleycat_mqtt::Bytes;
use alleycat_shared::message::RaceMessage;
use alleycat_shared::topic::Topic;
use gloo_timers::callback::Timeout;
use leptos::prelude::{RwSignal, Update, WithUntracked};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;

use super::bridge::Bridge;
use super::broker::Broker;
use super::http;
use crate::platform::storage::{self, Shelf};
use crate::platform::{clock, location, wake, wake_lock};
use crate::state::{Effect, Input, Page, Preset};

/// Owns the links and the timer of the page.
pub struct Driver {
    page: RwSignal<Page>,
    bridge: RefCell<Option<Bridge>>,
    broker: RefCell<Option<Broker>>,
    timer: RefCell<Option<Timeout>>,
}

impl Driver {
    /// Begins: reads what the browser kept and asks the hub for its configuration.
    pub fn start(page: RwSignal<Page>) -> Rc<Self> {
        let driver = Rc::new(Self {
            page,
            bridge: RefCell::default(),
            broker: RefCell::default(),
            timer: RefCell::default(),
        });
        let this = driver.clone();
        wake::on_resume(move || {
            wake_lock::take_again();
            if let Some(bridge) = &*this.bridge.borrow() {
                bridge.hurry();
            }
            this.tell(Input::Resumed);
        });
        driver.tell(Input::Began {
            recent: storage::read(Shelf::Device, RECENT).unwrap_or_default(),
            preset: Preset {
                racer: location::query("racer"),
                name: location::query("name"),
                class: location::query("class"),
            },
            kept: storage::read(Shelf::Tab, RIDE),
            seed: clock::seed(),
        });
        driver
    }

    /// Tells the state what happened and does what it wants.
    pub fn tell(self: &Rc<Self>, input: Input) {
        let mut effects = Vec::new();
        self.page.update(|page| effects = page.handle(clock::now(), input));
        for effect in effects {
            self.act(effect);
        }
        // Cloned out of its cell: what the link says at once may come back here.
        let broker = self.broker.borrow().clone();
        if let Some(broker) = broker {
            broker.listen(self.page.with_untracked(|page| page.topics().collect()));
        }
        self.set_timer();
    }

    fn act(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::FetchConfig => self.ask(async { Input::Config(http::config().await) }),
            Effect::MeasureClock => self.ask(async { Input::Clock(http::measure_clock().await) }),
            Effect::Join(join) => self.ask(async move { Input::Joined(http::join(&join).await) }),
            Effect::FetchResult(race, class) => {
                self.ask(async move { Input::Result { race, answer: http::result(race, class).await } });
            }
            Effect::OpenSensor => {
                let url = self.page.with_untracked(|page| page.config().map(|c| c.sensor.url.clone()));
                let bridge = url.map(|url| Bridge::open(location::socket_url(&url), self.listener()));
                self.bridge.replace(bridge);
            }
            Effect::Connect(rider) => {
                let config = self.page.with_untracked(|page| page.config().map(|c| c.mqtt.clone()));
                let Some(config) = config else { return };
                let unsent = self.broker.take().map(Broker::end).unwrap_or_default();
                let broker = Broker::connect(config, rider.as_ref(), self.listener());
                for (topic, payload) in unsent {
                    broker.publish(topic, payload);
                }
                self.broker.replace(Some(broker));
            }
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
                    broker.publish(Topic::Publish(Some(message.racer_id)), Bytes::from(message.to_json()));
                }
            }
            Effect::KeepRecent => {
                self.page.with_untracked(|page| storage::write(Shelf::Device, RECENT, page.entry().recent()));
            }
            Effect::KeepRide(ride) => storage::write(Shelf::Tab, RIDE, &*ride),
            Effect::ForgetRide => storage::remove(Shelf::Tab, RIDE),
            Effect::StayAwake(wanted) => wake_lock::want(wanted),
        }
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

/// Where the riders of this device are kept.
const RECENT: &str = "alleycat.recent";
/// Where the ride of this tab is kept.
const RIDE: &str = "alleycat.ride";
