//! Drives the MQTT session over the browser's WebSocket.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use alleycat_mqtt::{Action, Bytes, ConnectRefusal, Event, Options, Qos, Reason, Session, Ticket};
use alleycat_shared::config::MqttConfig;
use alleycat_shared::topic::{PUBLISH_ROOT, SUBSCRIBE_ROOT, Topic};
use gloo_timers::callback::Timeout;
use wasm_bindgen::UnwrapThrowExt;

use crate::platform::clock;
use crate::platform::location::socket_url;
use crate::platform::socket::{Heard, Socket};
use crate::state::{Input, Rider};

/// The link to the broker under one login. Dropping the last handle closes it.
#[derive(Clone)]
pub(super) struct Broker(Rc<Inner>);

struct Inner {
    url: String,
    config: MqttConfig,
    tell: Box<dyn Fn(Input)>,
    state: RefCell<State>,
}

struct State {
    session: Session,
    socket: Option<Socket>,
    timer: Option<Timeout>,
    /// What is not acknowledged yet: it moves to the next login's link.
    unsent: VecDeque<(Ticket, Unsent)>,
    told_unsent: usize,
    topics: Vec<Topic>,
}

/// A message on its way, with its topic.
pub(super) type Unsent = (Topic, Bytes);

impl Broker {
    /// Connects as the rider, or without a name as a spectator who may only look on.
    pub(super) fn connect(config: MqttConfig, rider: Option<&Rider>, tell: impl Fn(Input) + 'static) -> Self {
        let session = Session::new(options(rider), clock::seed())
            .or_else(|_| Session::new(options(None), clock::seed()))
            .expect_throw("a login of our own making can be sent");
        let state = State {
            session,
            socket: None,
            timer: None,
            unsent: VecDeque::new(),
            told_unsent: 0,
            topics: Vec::new(),
        };
        let inner =
            Inner { url: socket_url(&config.url), config, tell: Box::new(tell), state: RefCell::new(state) };
        let broker = Self(Rc::new(inner));
        broker.0.with(|session| session.start(clock::now()));
        broker
    }

    /// Says goodbye and hands over what was not acknowledged.
    pub(super) fn end(self) -> Vec<Unsent> {
        {
            let mut state = self.0.state.borrow_mut();
            state.session.stop(clock::now());
            while let Some(action) = state.session.poll_action() {
                if let (Action::Send { bytes, .. }, Some(socket)) = (action, &state.socket) {
                    socket.send(&bytes);
                }
            }
        }
        self.0.state.borrow_mut().unsent.drain(..).map(|(_, unsent)| unsent).collect()
    }

    /// Publishes at least once.
    pub(super) fn publish(&self, topic: Topic, payload: Bytes) {
        let name = self.0.wire(topic);
        let mut state = self.0.state.borrow_mut();
        let taken = state.session.publish(clock::now(), &name, payload.clone(), Qos::AtLeastOnce, false);
        // A full queue is 4,000 s of riding without a hub: what was promised first is kept.
        if let Ok(ticket) = taken {
            state.unsent.push_back((ticket, (topic, payload)));
        }
        drop(state);
        self.0.drive();
    }

    /// Listens to these topics and no others.
    pub(super) fn listen(&self, topics: Vec<Topic>) {
        let before = std::mem::replace(&mut self.0.state.borrow_mut().topics, topics.clone());
        if before == topics {
            return;
        }
        let now = clock::now();
        self.0.with(|session| {
            for gone in before.iter().filter(|topic| !topics.contains(topic)) {
                session.unsubscribe(now, &self.0.wire(*gone));
            }
            for topic in topics.iter().filter(|topic| !before.contains(topic)) {
                // Our own topics can be subscribed to.
                let _ = session.subscribe(now, &self.0.wire(*topic), Qos::AtMostOnce);
            }
        });
    }

    /// Asks the broker for a sign of life.
    pub(super) fn probe(&self) {
        self.0.with(|session| session.probe(clock::now()));
    }
}

impl Inner {
    fn with(self: &Rc<Self>, act: impl FnOnce(&mut Session)) {
        act(&mut self.state.borrow_mut().session);
        self.drive();
    }

    /// Does what the session wants and tells what it says. Nothing is borrowed while telling, for the
    /// answer may come back here.
    fn drive(self: &Rc<Self>) {
        loop {
            let action = self.state.borrow_mut().session.poll_action();
            let Some(action) = action else { break };
            self.act(action);
        }
        loop {
            let event = self.state.borrow_mut().session.poll_event();
            let Some(event) = event else { break };
            self.report(event);
        }
        let unsent = {
            let state = &mut *self.state.borrow_mut();
            (std::mem::replace(&mut state.told_unsent, state.unsent.len()) != state.unsent.len())
                .then_some(state.unsent.len())
        };
        if let Some(unsent) = unsent {
            (self.tell)(Input::Unsent(unsent));
        }
        self.set_timer();
    }

    fn act(self: &Rc<Self>, action: Action) {
        match action {
            Action::Open { generation } => {
                let this = Rc::downgrade(self);
                let hear = move |heard| {
                    if let Some(inner) = Weak::upgrade(&this) {
                        inner.hear(generation, heard);
                    }
                };
                let socket = Socket::open(&self.url, Some("mqtt"), hear);
                let refused = socket.is_none();
                self.state.borrow_mut().socket = socket;
                if refused {
                    self.state.borrow_mut().session.closed(clock::now(), generation);
                }
            }
            Action::Send { bytes, .. } => {
                if let Some(socket) = &self.state.borrow().socket {
                    socket.send(&bytes);
                }
            }
            Action::Close { .. } => self.state.borrow_mut().socket = None,
        }
    }

    fn hear(self: &Rc<Self>, generation: u64, heard: Heard) {
        let now = clock::now();
        self.with(|session| match heard {
            Heard::Opened => session.opened(now, generation),
            Heard::Bytes(bytes) => session.received(now, generation, &bytes),
            Heard::Text(_) | Heard::Closed => session.closed(now, generation),
        });
    }

    fn report(&self, event: Event) {
        match event {
            Event::Connected { .. } => (self.tell)(Input::LinkUp),
            Event::Disconnected { reason, retry_at } => {
                (self.tell)(Input::LinkDown { retry_at });
                if let Reason::Refused(ConnectRefusal::BadCredentials | ConnectRefusal::NotAuthorized) =
                    reason
                {
                    (self.tell)(Input::LinkRefused);
                }
            }
            Event::Message { topic, payload, retain } => (self.tell)(self.read(&topic, &payload, retain)),
            Event::Acknowledged { ticket } => {
                self.state.borrow_mut().unsent.retain(|(waiting, _)| *waiting != ticket);
            }
            Event::SubscribeFailed { .. } => (self.tell)(Input::LinkNonsense),
        }
    }

    fn read(&self, topic: &str, payload: &[u8], retained: bool) -> Input {
        let ours = match topic.strip_prefix(&self.config.subscribe) {
            Some(rest) => [SUBSCRIBE_ROOT, rest].concat().parse(),
            None => topic.parse(),
        };
        let read = match ours {
            Ok(Topic::Board(_)) => {
                serde_json::from_slice(payload).map(|board| Input::Board { board, retained }).ok()
            }
            Ok(Topic::Rider(..)) => serde_json::from_slice(payload).map(Input::RiderView).ok(),
            _ => None,
        };
        read.unwrap_or(Input::LinkNonsense)
    }

    /// The topic under the roots that the hub's configuration names.
    fn wire(&self, topic: Topic) -> String {
        let name = topic.to_string();
        let (root, ours) = match topic {
            Topic::Publish(_) => (PUBLISH_ROOT, &self.config.publish),
            _ => (SUBSCRIBE_ROOT, &self.config.subscribe),
        };
        [ours, name.strip_prefix(root).unwrap_or_default()].concat()
    }

    fn set_timer(self: &Rc<Self>) {
        let mut state = self.state.borrow_mut();
        state.timer = None;
        let Some(deadline) = state.session.next_deadline() else { return };
        let this = Rc::downgrade(self);
        let wake = move || {
            if let Some(inner) = Weak::upgrade(&this) {
                inner.with(|session| session.wake(clock::now()));
            }
        };
        let wait = u32::try_from(deadline.saturating_sub(clock::now())).unwrap_or(LONGEST_MS).min(LONGEST_MS);
        state.timer = Some(Timeout::new(wait, wake));
    }
}

fn options(rider: Option<&Rider>) -> Options {
    // Two clients of one id throw each other out: every link of every page has its own.
    let who = rider.map_or_else(|| "watch".to_owned(), |rider| ["ride", &rider.racer.to_string()].concat());
    let unique = uuid::Uuid::new_v4().simple().to_string();
    Options {
        username: rider.map(|rider| rider.racer.to_string()),
        password: rider.and_then(|rider| rider.token.clone()),
        ..Options::new([&who, "-", &unique[..12]].concat())
    }
}

/// A browser's timer overflows at 2^31 ms; waking for nothing does no harm.
const LONGEST_MS: u32 = 3_600_000;
