//! The session driven by the browser.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};

use bytes::Bytes;
use wasm_bindgen_futures::spawn_local;

use super::socket::{Heard, Socket};
use super::store::Store;
use super::timer::Timer;
use super::wake::Wakeups;
use crate::endpoint::{Endpoint, EndpointError};
use crate::{Action, Attempt, Event, Millis, Options, Publish, Qos, Receipt, RequestError, Session, Ticket};

/// An MQTT client in a page.
///
/// ```no_run
/// use alleycat_mqtt::web::{Client, Setup};
/// use alleycat_mqtt::{Event, Options, Publish, Qos};
///
/// # fn example() -> Result<(), alleycat_mqtt::RequestError> {
/// let setup = Setup::new(Options::new("page-1"), 42);
/// let client = Client::connect("ws://localhost:8080/mqtt", setup, |event| {
///     if let Event::Message { topic, .. } = event {
///         web_sys::console::log_1(&topic.into());
///     }
/// })?;
/// client.subscribe("news/#", Qos::AtMostOnce)?;
/// client.publish(Publish::new("hello", "world", Qos::AtLeastOnce))?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client(Rc<Inner>);

/// How a client is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The session's options.
    pub options: Options,
    /// Any random number.
    pub seed: u64,
    /// Where messages survive the page, and what an earlier page left there.
    pub store: Option<(Store, Vec<(u64, Bytes)>)>,
}

impl Setup {
    /// Without a store.
    pub fn new(options: Options, seed: u64) -> Self {
        Self { options, seed, store: None }
    }
}

struct Inner {
    endpoints: Box<dyn Fn(Attempt) -> Asking>,
    tell: Box<dyn Fn(Event)>,
    state: RefCell<State>,
    /// Whether [`Inner::drive`] is at work further out: what is told may come back here.
    driving: Cell<bool>,
    /// Whether what was published in this turn will leave at its end.
    leaving: Cell<bool>,
}

type Asking = Pin<Box<dyn Future<Output = Result<Endpoint, EndpointError>>>>;

struct State {
    session: Session,
    store: Option<Store>,
    socket: Option<Socket>,
    timer: Timer,
    _wakeups: Wakeups,
}

impl Client {
    /// Connects to this address and stays connected. `tell` hears of every event.
    ///
    /// # Errors
    /// [`RequestError`] for options that can't be sent or that the limits forbid.
    pub fn connect(
        endpoint: impl Into<Endpoint>,
        setup: Setup,
        tell: impl Fn(Event) + 'static,
    ) -> Result<Self, RequestError> {
        let endpoint = endpoint.into();
        Self::with_endpoints(move |_| std::future::ready(Ok(endpoint.clone())), setup, tell)
    }

    /// The same, asking where to connect, and as whom, before every attempt.
    ///
    /// # Errors
    /// [`RequestError`] for options that can't be sent or that the limits forbid.
    pub fn with_endpoints<F>(
        endpoints: impl Fn(Attempt) -> F + 'static,
        setup: Setup,
        tell: impl Fn(Event) + 'static,
    ) -> Result<Self, RequestError>
    where
        F: Future<Output = Result<Endpoint, EndpointError>> + 'static,
    {
        let Setup { mut options, seed, store } = setup;
        options.keep |= store.is_some();
        let mut session = Session::new(options, seed)?;
        let (store, kept) = store.unzip();
        let nonsense = session.restore(kept.into_iter().flatten());
        if nonsense > 0 {
            web_sys::console::warn_1(&format!("{nonsense} kept messages can't be read").into());
        }
        let inner = Rc::new_cyclic(|inner: &Weak<Inner>| {
            let (on_timer, on_wake) = (inner.clone(), inner.clone());
            let fired = move || {
                if let Some(inner) = on_timer.upgrade() {
                    inner.state.borrow_mut().timer.fired();
                    inner.with(|session| session.wake(now()));
                }
            };
            let woke = move || {
                if let Some(inner) = on_wake.upgrade() {
                    inner.with(|session| session.probe(now()));
                }
            };
            let (timer, wakeups) = (Timer::new(fired), Wakeups::listen(woke));
            let state = State { session, store, socket: None, timer, _wakeups: wakeups };
            Inner {
                endpoints: Box::new(move |attempt| Box::pin(endpoints(attempt))),
                tell: Box::new(tell),
                state: RefCell::new(state),
                driving: Cell::new(false),
                leaving: Cell::new(false),
            }
        });
        inner.with(|session| session.start(now()));
        Ok(Self(inner))
    }

    /// See [`Session::subscribe`].
    ///
    /// # Errors
    /// [`RequestError`] for a filter that can't be subscribed to or that the limits forbid.
    pub fn subscribe(&self, filter: &str, qos: Qos) -> Result<(), RequestError> {
        self.0.with(|session| session.subscribe(now(), filter, qos))
    }

    /// See [`Session::unsubscribe`].
    pub fn unsubscribe(&self, filter: &str) {
        self.0.with(|session| session.unsubscribe(now(), filter));
    }

    /// See [`Session::publish`]. All that is published in one turn of the browser's loop leaves at its end,
    /// as one WebSocket message: the browser's cost is per message.
    ///
    /// # Errors
    /// [`RequestError`] for a message that can't be sent, that the limits forbid, or a queue that is full.
    pub fn publish(&self, publish: Publish) -> Result<Ticket, RequestError> {
        let ticket = self.0.state.borrow_mut().session.publish(now(), publish);
        // Kept at once: the page may end before this turn does.
        self.0.keep();
        if !self.0.leaving.replace(true) {
            let this = Rc::downgrade(&self.0);
            spawn_local(async move {
                if let Some(inner) = this.upgrade() {
                    inner.leaving.set(false);
                    inner.drive();
                }
            });
        }
        ticket
    }

    /// See [`Session::accept`].
    pub fn accept(&self, receipt: Receipt) {
        self.0.with(|session| session.accept(now(), receipt));
    }

    /// Asks the broker for a sign of life. Not needed for what [`Wakeups`] hears of.
    pub fn probe(&self) {
        self.0.with(|session| session.probe(now()));
    }

    /// Says goodbye and stays down. What is not acknowledged stays in the store.
    pub fn stop(&self) {
        self.0.with(|session| session.stop(now()));
    }

    /// How many messages are queued or not yet acknowledged.
    pub fn queued(&self) -> usize {
        self.0.state.borrow().session.queued()
    }

    /// See [`Session::sent`].
    pub fn sent(&self) -> Option<Ticket> {
        self.0.state.borrow().session.sent()
    }
}

impl Inner {
    fn with<T>(self: &Rc<Self>, act: impl FnOnce(&mut Session) -> T) -> T {
        let outcome = act(&mut self.state.borrow_mut().session);
        self.drive();
        outcome
    }

    /// Tells what the session says, keeps what is to survive, does what it wants: until nothing is left.
    /// Nothing is borrowed while telling.
    fn drive(self: &Rc<Self>) {
        if self.driving.replace(true) {
            return;
        }
        loop {
            let event = self.state.borrow_mut().session.poll_event();
            if let Some(event) = event {
                (self.tell)(event);
                continue;
            }
            self.keep();
            let action = self.state.borrow_mut().session.poll_action();
            let Some(action) = action else { break };
            self.act(action);
        }
        self.driving.set(false);
        let mut state = self.state.borrow_mut();
        let due = state.session.next_deadline();
        state.timer.set(due, now);
    }

    fn keep(&self) {
        self.state.borrow_mut().keep();
    }

    fn act(self: &Rc<Self>, action: Action) {
        match action {
            Action::Open { generation, attempt } => {
                let (endpoint, this) = ((self.endpoints)(attempt), Rc::downgrade(self));
                spawn_local(async move {
                    let endpoint = endpoint.await;
                    if let Some(inner) = this.upgrade() {
                        inner.open(generation, endpoint);
                    }
                });
            }
            Action::Send { bytes, .. } => {
                if let Some(socket) = &self.state.borrow().socket {
                    socket.send(&bytes);
                }
            }
            Action::Close { .. } => self.state.borrow_mut().socket = None,
        }
    }

    fn open(self: &Rc<Self>, generation: u64, endpoint: Result<Endpoint, EndpointError>) {
        let Ok(Endpoint { url, login }) = endpoint else {
            return self.with(|session| session.no_endpoint(now(), generation));
        };
        let mut state = self.state.borrow_mut();
        // While the endpoint was being asked for, the attempt may have been given up.
        if !state.session.is_opening(generation) {
            return;
        }
        if login.is_some_and(|login| state.session.set_login(login).is_err()) {
            drop(state);
            return self.with(|session| session.no_endpoint(now(), generation));
        }
        let this = Rc::downgrade(self);
        state.socket = Socket::open(&url, Some("mqtt"), move |heard| {
            if let Some(inner) = this.upgrade() {
                inner.hear(generation, heard);
            }
        });
        let refused = state.socket.is_none();
        drop(state);
        if refused {
            self.with(|session| session.closed(now(), generation));
        }
    }

    fn hear(self: &Rc<Self>, generation: u64, heard: Heard) {
        let now = now();
        self.with(|session| match heard {
            Heard::Opened => session.opened(now, generation),
            Heard::Bytes(bytes) => session.received(now, generation, &bytes),
            Heard::Text(_) | Heard::Closed => session.closed(now, generation),
        });
    }
}

impl State {
    fn keep(&mut self) {
        if let Some(store) = &self.store {
            let session = &mut self.session;
            store.apply(std::iter::from_fn(|| session.poll_change()));
        }
    }
}

impl Drop for Inner {
    /// Says goodbye, so that the broker does not publish the will. What is unacknowledged stays kept.
    fn drop(&mut self) {
        let state = self.state.get_mut();
        state.session.stop(now());
        state.keep();
        while let Some(action) = state.session.poll_action() {
            if let (Action::Send { bytes, .. }, Some(socket)) = (action, &state.socket) {
                socket.send(&bytes);
            }
        }
    }
}

/// The browser's clock in epoch ms.
fn now() -> Millis {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ms since 1970 fit")]
    let now = js_sys::Date::now() as Millis;
    now
}
