//! The link to the broker: the race's topics and messages over the MQTT client.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use alleycat_mqtt::web::{Client, Setup, Store};
use alleycat_mqtt::{
    Bytes, ConnectRefusal, Endpoint, EndpointError, Event, Login, Options, Publish, Qos, Reason, Ticket,
};
use alleycat_shared::RacerId;
use alleycat_shared::config::MqttConfig;
use alleycat_shared::message::RaceMessage;
use alleycat_shared::topic::Topic;
use gloo_timers::future::TimeoutFuture;
use uuid::Uuid;
use wasm_bindgen::UnwrapThrowExt;
use wasm_bindgen_futures::spawn_local;

use super::{http, wire};
use crate::platform::clock;
use crate::platform::location::socket_url;
use crate::state::service::{Delivery, Word};
use crate::state::{Failure, Input, Rider};

/// The link to the broker of one rider, or of a spectator. Dropping the last handle closes it.
#[derive(Clone)]
pub(super) struct Broker(Rc<Inner>);

struct Inner {
    config: MqttConfig,
    racer: Option<RacerId>,
    /// Who connects next; asked for before every attempt.
    login: RefCell<Login>,
    tell: Box<dyn Fn(Input)>,
    /// Nothing is told any more; only what is unsent is still sent.
    retired: Cell<bool>,
    /// There once it is known what an earlier page left unsent.
    client: OnceCell<Client>,
    /// What is published before that.
    waiting: RefCell<Vec<(Uuid, Publish)>>,
    /// What this page has published and the broker has not acknowledged, in the order of the tickets; and
    /// whether it was told that it has left.
    underway: RefCell<VecDeque<(Ticket, Uuid, bool)>>,
    topics: RefCell<Vec<Topic>>,
}

impl Broker {
    /// Connects as the rider, or without a name as a spectator who may only look on.
    pub(super) fn connect(config: MqttConfig, rider: Option<&Rider>, tell: impl Fn(Input) + 'static) -> Self {
        let inner = Rc::new(Inner {
            config,
            racer: rider.map(|rider| rider.racer),
            login: RefCell::new(login(rider)),
            tell: Box::new(tell),
            retired: Cell::new(false),
            client: OnceCell::new(),
            waiting: RefCell::default(),
            underway: RefCell::default(),
            topics: RefCell::default(),
        });
        let this = Rc::downgrade(&inner);
        let racer = inner.racer;
        spawn_local(async move {
            let kept = match racer {
                Some(racer) => kept(racer).await,
                None => None,
            };
            if let Some(inner) = this.upgrade() {
                inner.begin(kept);
            }
        });
        Self(inner)
    }

    /// Goes on with a new token, if it is the link of this rider.
    pub(super) fn renew(&self, rider: Option<&Rider>) -> bool {
        let same = self.0.racer.is_some() && self.0.racer == rider.map(|rider| rider.racer);
        if same {
            self.0.login.replace(login(rider));
            self.probe();
        }
        same
    }

    /// Publishes at least once.
    pub(super) fn publish(&self, message: RaceMessage) {
        let topic = wire::name(&self.0.config, Topic::Publish(Some(message.racer_id)));
        let publish = Publish::new(topic, message.to_json(), Qos::AtLeastOnce);
        let delivery = match self.0.client.get() {
            Some(client) => self.0.hand_over(client, message.uuid, publish),
            None => {
                self.0.waiting.borrow_mut().push((message.uuid, publish));
                Delivery::Queued
            }
        };
        (self.0.tell)(Input::Service(Word::Published(Box::new(message), delivery)));
    }

    /// Tells of messages that have left.
    pub(super) fn tell_sent(&self) {
        let Some(sent) = self.0.client.get().and_then(Client::sent) else { return };
        let mut news = Vec::new();
        let mut underway = self.0.underway.borrow_mut();
        for (_, id, told) in underway.iter_mut().take_while(|(ticket, ..)| *ticket <= sent) {
            if !std::mem::replace(told, true) {
                news.push((*id, Delivery::Sent));
            }
        }
        drop(underway);
        self.0.tell_news(news);
    }

    /// Falls silent, and only sends what is unsent.
    pub(super) fn retire(&self) {
        self.listen(Vec::new());
        self.0.retired.set(true);
    }

    /// How many messages the hub has not taken yet, as far as is known.
    pub(super) fn unsent(&self) -> usize {
        self.0.client.get().map_or(0, Client::queued) + self.0.waiting.borrow().len()
    }

    /// Whether there is something to be sent: perhaps, before the browser has said what an earlier page left.
    pub(super) fn has_unsent(&self) -> bool {
        let is_known = self.0.racer.is_none() || self.0.client.get().is_some();
        !is_known || self.unsent() > 0
    }

    /// Listens to these topics and no others.
    pub(super) fn listen(&self, topics: Vec<Topic>) {
        let before = self.0.topics.replace(topics.clone());
        let Some(client) = self.0.client.get().filter(|_| before != topics) else { return };
        for gone in before.iter().filter(|topic| !topics.contains(topic)) {
            client.unsubscribe(&wire::name(&self.0.config, *gone));
        }
        self.0.subscribe(topics.iter().filter(|topic| !before.contains(topic)));
    }

    /// Asks the broker for a sign of life.
    pub(super) fn probe(&self) {
        if let Some(client) = self.0.client.get() {
            client.probe();
        }
    }
}

impl Inner {
    fn begin(self: &Rc<Self>, store: Option<(Store, Vec<(u64, Bytes)>)>) {
        let (config, asked, told) = (self.config.clone(), Rc::downgrade(self), Rc::downgrade(self));
        let endpoint = move |_| {
            let (config, asked) = (config.clone(), asked.clone());
            async move {
                let login = asked.upgrade().map(|inner| inner.login.borrow().clone()).unwrap_or_default();
                let endpoint = endpoint(config, login).await;
                endpoint.map_err(|failure| {
                    // Where addresses are signed, it is not the broker who does not know the login.
                    if let (Some(UNAUTHORIZED), Some(inner)) = (failure.status, asked.upgrade()) {
                        inner.say(Input::LinkRefused);
                    }
                    EndpointError(failure.detail)
                })
            }
        };
        let hear = move |event| {
            if let Some(inner) = told.upgrade() {
                inner.hear(event);
            }
        };
        // Signed addresses are those of AWS IoT Core.
        let options = match self.config.url_from {
            None => Options::new(self.client_id()),
            Some(_) => Options::aws_iot_core(self.client_id()),
        };
        let options = Options { max_packet: LARGEST_FIELD, ..options };
        let setup = Setup { store, ..Setup::new(options, clock::seed()) };
        let client =
            Client::with_endpoints(endpoint, setup, hear).expect_throw("an id of our own can be sent");
        let client = self.client.get_or_init(|| client);
        self.subscribe(self.topics.borrow().iter());
        let mut failed = Vec::new();
        for (id, publish) in self.waiting.take() {
            if self.hand_over(client, id, publish) == Delivery::Failed {
                failed.push((id, Delivery::Failed));
            }
        }
        self.tell_news(failed);
    }

    /// A full queue is more than an hour of riding without a hub: what was promised first is kept.
    fn hand_over(&self, client: &Client, id: Uuid, publish: Publish) -> Delivery {
        let Ok(ticket) = client.publish(publish) else { return Delivery::Failed };
        self.underway.borrow_mut().push_back((ticket, id, false));
        Delivery::Queued
    }

    fn acknowledged(&self, ticket: Ticket) {
        let mut underway = self.underway.borrow_mut();
        let found = underway.iter().position(|(known, ..)| *known == ticket);
        let id = found.and_then(|index| underway.remove(index)).map(|(_, id, _)| id);
        drop(underway);
        self.tell_news(id.map(|id| (id, Delivery::Acknowledged)).into_iter().collect());
    }

    /// Of a rider who has left, too: what became of a message is true whoever is at the page.
    fn tell_news(&self, news: Vec<(Uuid, Delivery)>) {
        if !news.is_empty() {
            (self.tell)(Input::Service(Word::Delivered(news)));
        }
    }

    /// Two clients of one id throw each other out: every link of every page has its own.
    fn client_id(&self) -> String {
        let who =
            self.racer.map_or_else(|| "watch".to_owned(), |racer| ["ride", &racer.to_string()].concat());
        let unique = Uuid::new_v4().simple().to_string();
        [&who, "-", &unique[..UNIQUE]].concat()
    }

    fn subscribe<'a>(&self, topics: impl Iterator<Item = &'a Topic>) {
        let Some(client) = self.client.get() else { return };
        for topic in topics {
            // Our own topics can be subscribed to.
            let _ = client.subscribe(&wire::name(&self.config, *topic), Qos::AtMostOnce);
        }
    }

    fn say(&self, input: Input) {
        if !self.retired.get() {
            (self.tell)(input);
        }
    }

    fn hear(&self, event: Event) {
        match event {
            Event::Connected { .. } => self.say(Input::LinkUp),
            Event::Disconnected { reason, retry_at } => {
                self.say(Input::Service(Word::Lost(reason.to_string())));
                self.say(Input::LinkDown { retry_at });
                if let Reason::Refused(ConnectRefusal::BadCredentials | ConnectRefusal::NotAuthorized) =
                    reason
                {
                    self.say(Input::LinkRefused);
                }
            }
            Event::Message { topic, payload, retain, .. } => {
                self.say(wire::read(&self.config, &topic, &payload, retain));
            }
            Event::Acknowledged { ticket } => self.acknowledged(ticket),
            Event::SubscribeFailed { .. } => self.say(Input::LinkNonsense),
            Event::Superseded { .. } | Event::Subscribed { .. } => {}
        }
    }
}

/// Where to connect, and as whom. A broker with signed addresses knows nothing of our tokens.
async fn endpoint(config: MqttConfig, login: Login) -> Result<Endpoint, Failure> {
    match &config.url_from {
        None => Ok(Endpoint { url: socket_url(&config.url), login: Some(login) }),
        Some(path) => http::mqtt_url(path, &login).await.map(|url| Endpoint { url, login: None }),
    }
}

fn login(rider: Option<&Rider>) -> Login {
    Login {
        username: rider.map(|rider| rider.racer.to_string()),
        password: rider.and_then(|rider| rider.token.clone()),
    }
}

/// What this rider has not got through on an earlier page. A browser that keeps nothing, or does not say
/// so in time, is done without.
async fn kept(racer: RacerId) -> Option<(Store, Vec<(u64, Bytes)>)> {
    let load = async {
        let store = Store::open(&["alleycat.unsent.", &racer.to_string()].concat()).await.ok()?;
        let records = store.records().await.ok()?;
        Some((store, records))
    };
    let (load, patience) = (std::pin::pin!(load), std::pin::pin!(TimeoutFuture::new(PATIENCE_MS)));
    first(load, patience).await
}

/// The answer, or `None` when time is up.
async fn first<T>(
    mut answer: std::pin::Pin<&mut impl Future<Output = Option<T>>>,
    mut limit: std::pin::Pin<&mut impl Future<Output = ()>>,
) -> Option<T> {
    std::future::poll_fn(|cx| match answer.as_mut().poll(cx) {
        std::task::Poll::Pending => limit.as_mut().poll(cx).map(|()| None),
        ready => ready,
    })
    .await
}

/// The hub's answer to a token that it does not know.
const UNAUTHORIZED: u16 = 401;
/// Random hex digits in a client id: 64 bits.
const UNIQUE: usize = 16;
/// How long the browser may take to say what it kept.
const PATIENCE_MS: u32 = 2_000;

/// The snapshot of a field of 40,000 is one packet: of some 1.5 MB, and less than this if all names are as long as may
/// be.
const LARGEST_FIELD: usize = 5 * 1024 * 1024;
