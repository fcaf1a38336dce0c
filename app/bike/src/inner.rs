//! What both ways share: the session, its timer, and who hears.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use alleycat_sensors::BACK_OFF_MS;
use alleycat_shared::message::SensorState;
use gloo_timers::callback::Timeout;
use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::browser::clock;
use crate::browser::serial::Writer;
use crate::session::Session;
use crate::way::Way;

/// A source that is kept open until it is ended.
pub(crate) struct Inner {
    hear: Function,
    session: RefCell<Session>,
    timer: RefCell<Option<Timeout>>,
    writer: RefCell<Option<Writer>>,
    /// Closes what is open now.
    close: RefCell<Option<Box<dyn Fn()>>>,
    /// Ends a wait.
    awake: RefCell<Option<Function>>,
    ended: Cell<bool>,
}

impl Inner {
    pub(crate) fn new(session: Session, hear: Function) -> Rc<Self> {
        Rc::new(Self {
            hear,
            session: RefCell::new(session),
            timer: RefCell::default(),
            writer: RefCell::default(),
            close: RefCell::default(),
            awake: RefCell::default(),
            ended: Cell::new(false),
        })
    }

    /// Nobody listens any more: everything is closed.
    pub(crate) fn end(&self) {
        self.ended.set(true);
        self.timer.take();
        self.close_now();
        self.hurry();
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.ended.get()
    }

    /// Does not wait any longer, if it is waiting.
    pub(crate) fn hurry(&self) {
        if let Some(awake) = self.awake.take() {
            let _ = awake.call0(&JsValue::NULL);
        }
    }

    /// The rate at which a port is to be opened.
    pub(crate) fn baud(&self) -> u32 {
        self.session.borrow().baud()
    }

    /// The device has this name.
    pub(crate) fn identify(self: &Rc<Self>, name: String) {
        self.session.borrow_mut().identify(name);
        self.pump();
    }

    /// A device is open, and this closes it.
    pub(crate) fn opened(self: &Rc<Self>, way: Way, writer: Option<Writer>, close: impl Fn() + 'static) {
        self.writer.replace(writer);
        self.close.replace(Some(Box::new(close)));
        self.session.borrow_mut().opened(way, clock::now());
        self.pump();
    }

    /// What is open goes on after a disturbance, and now this closes it.
    pub(crate) fn reopened(&self, close: impl Fn() + 'static) {
        self.close.replace(Some(Box::new(close)));
    }

    /// Bytes came.
    pub(crate) fn bytes(self: &Rc<Self>, bytes: &[u8]) {
        self.session.borrow_mut().bytes(bytes, clock::now());
        self.pump();
    }

    /// Nothing is open, for this reason. A bike that only fell silent is not unplugged.
    pub(crate) fn closed(self: &Rc<Self>, state: SensorState, way: Way) {
        self.close.take();
        if let Some(writer) = self.writer.take() {
            let _ = writer.release_writer();
        }
        let silent = self.session.borrow().is_stuck();
        let state = if silent { SensorState::Lost } else { state };
        self.session.borrow_mut().closed(state, way);
        self.pump();
    }

    /// Waits before the next try, longer each time.
    pub(crate) async fn wait(&self, tries: usize) {
        if self.is_ended() {
            return;
        }
        let mut awake = None;
        let promise = Promise::new(&mut |resolve, _| awake = Some(resolve));
        self.awake.replace(awake.clone());
        let limit = BACK_OFF_MS[tries.min(BACK_OFF_MS.len() - 1)];
        let _timer = Timeout::new(u32::try_from(limit).unwrap_or(u32::MAX), move || {
            if let Some(awake) = awake {
                let _ = awake.call0(&JsValue::NULL);
            }
        });
        let _ = JsFuture::from(promise).await;
    }

    fn close_now(&self) {
        if let Some(close) = self.close.take() {
            close();
        }
    }

    /// Tells what there is to tell, sends what there is to send, and sets the timer.
    fn pump(self: &Rc<Self>) {
        loop {
            let message = self.session.borrow_mut().poll_message();
            let Some(message) = message.filter(|_| !self.is_ended()) else { break };
            let text = serde_json::to_string(&message).unwrap_or_default();
            let _ = self.hear.call1(&JsValue::NULL, &text.into());
        }
        while let Some(bytes) = { self.session.borrow_mut().poll_write() } {
            if let Some(writer) = &*self.writer.borrow() {
                writer.send(&bytes);
            }
        }
        if self.session.borrow().is_stuck() {
            self.close_now();
        }
        self.set_timer();
    }

    fn set_timer(self: &Rc<Self>) {
        let now = clock::now();
        let due = self.session.borrow().next_deadline(now).filter(|_| !self.is_ended());
        let timer = due.map(|due| {
            let this = Rc::downgrade(self);
            let wait = u32::try_from(due.saturating_sub(now)).unwrap_or(u32::MAX);
            Timeout::new(wait.max(1), move || {
                if let Some(inner) = this.upgrade() {
                    // Forgets the timer without cancelling it: it is this one.
                    inner.timer.take().map(Timeout::forget);
                    inner.session.borrow_mut().wake(clock::now());
                    inner.pump();
                }
            })
        });
        self.timer.replace(timer);
    }
}
