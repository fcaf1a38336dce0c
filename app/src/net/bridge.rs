//! The link to the bridge: a WebSocket that is opened again for ever, with growing, jittered waits.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use alleycat_mqtt::web::{Heard, Socket};
use alleycat_shared::Millis;
use gloo_timers::callback::Timeout;

use crate::platform::clock;
use crate::state::{Input, retry};

/// The link to the bridge. Dropping it closes it.
pub(super) struct Bridge(Rc<Inner>);

struct Inner {
    url: String,
    tell: Box<dyn Fn(Input)>,
    socket: RefCell<Option<Socket>>,
    timer: RefCell<Option<Timeout>>,
    failures: Cell<u32>,
    /// When the bridge was last told that this page is alive.
    beaten: Cell<Millis>,
}

impl Bridge {
    /// Opens the link.
    pub(super) fn open(url: String, tell: impl Fn(Input) + 'static) -> Self {
        let inner = Rc::new(Inner {
            url,
            tell: Box::new(tell),
            socket: RefCell::default(),
            timer: RefCell::default(),
            failures: Cell::new(0),
            beaten: Cell::new(0),
        });
        inner.connect();
        Self(inner)
    }

    /// Tells the bridge every few seconds that the page still works: a kiosk starts a hung one again.
    pub(super) fn beat(&self) {
        let now = clock::now();
        // Either way: the device's clock may be set back.
        if now.abs_diff(self.0.beaten.get()) >= BEAT_MS {
            self.0.beaten.set(now);
            if let Some(socket) = &*self.0.socket.borrow() {
                socket.send_text("alive");
            }
        }
    }

    /// Does not wait any longer if it is waiting: the page has just woken up.
    pub(super) fn hurry(&self) {
        if self.0.timer.borrow_mut().take().is_some() {
            self.0.connect();
        }
    }
}

impl Inner {
    fn connect(self: &Rc<Self>) {
        let this = Rc::downgrade(self);
        let hear = move |heard| {
            if let Some(inner) = Weak::upgrade(&this) {
                inner.hear(heard);
            }
        };
        let socket = Socket::open(&self.url, None, hear);
        let refused = socket.is_none();
        self.socket.replace(socket);
        if refused {
            self.hear(Heard::Closed);
        }
    }

    fn hear(self: &Rc<Self>, heard: Heard) {
        let input = match heard {
            Heard::Opened => Input::BridgeOpened,
            Heard::Text(text) => {
                self.failures.set(0);
                serde_json::from_str(&text).map_or(Input::SensorNonsense, Input::Sensor)
            }
            Heard::Bytes(_) => Input::SensorNonsense,
            Heard::Closed => {
                self.wait();
                Input::BridgeClosed
            }
        };
        (self.tell)(input);
    }

    fn wait(self: &Rc<Self>) {
        let failures = self.failures.get();
        self.failures.set(failures.saturating_add(1));
        let this = Rc::downgrade(self);
        let again = move || {
            if let Some(inner) = Weak::upgrade(&this) {
                // Forgets the timer without cancelling it: it is this one.
                inner.timer.take().map(Timeout::forget);
                inner.connect();
            }
        };
        let wait = u32::try_from(retry::wait(failures, clock::random())).unwrap_or(u32::MAX);
        self.timer.replace(Some(Timeout::new(wait, again)));
    }
}

/// A kiosk gives a silent page up after half a minute.
const BEAT_MS: Millis = 5_000;
