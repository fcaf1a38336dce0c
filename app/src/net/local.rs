//! A bike that the browser itself reads: loads what does so, and hears it as it hears the bridge.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::spawn_local;

use crate::platform::clock;
use crate::platform::reader::{self, Reader};
use crate::state::{Input, Source, retry};

/// A source of the browser's own. Dropping it closes it.
pub(super) struct Local(Rc<Inner>);

struct Inner {
    tell: Box<dyn Fn(Input)>,
    open: RefCell<Option<Open>>,
    is_gone: Cell<bool>,
}

/// An open source, and who hears it.
struct Open {
    source: reader::Source,
    _hear: Closure<dyn FnMut(String)>,
}

impl Local {
    /// Opens the source. `ask` lets the rider choose the device: the browser insists on a tap that is no more
    /// than some seconds old.
    pub(super) fn open(source: Source, ask: bool, tell: impl Fn(Input) + 'static) -> Self {
        let inner =
            Rc::new(Inner { tell: Box::new(tell), open: RefCell::default(), is_gone: Cell::new(false) });
        spawn_local(inner.clone().run(source, ask));
        Self(inner)
    }

    /// Does not wait any longer if it is waiting: the page has just woken up.
    pub(super) fn hurry(&self) {
        if let Some(open) = &*self.0.open.borrow() {
            open.source.hurry();
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.0.is_gone.set(true);
        if let Some(open) = self.0.open.take() {
            open.source.free();
        }
    }
}

impl Inner {
    async fn run(self: Rc<Self>, source: Source, ask: bool) {
        let mut failures = 0;
        let reader = loop {
            match reader::load().await {
                Ok(reader) => break reader,
                Err(_) if self.is_gone.get() => return,
                Err(_) => (self.tell)(Input::BridgeClosed),
            }
            let wait = u32::try_from(retry::wait(failures, clock::random())).unwrap_or(u32::MAX);
            failures += 1;
            TimeoutFuture::new(wait).await;
        };
        if self.is_gone.get() {
            return;
        }
        (self.tell)(Input::BridgeOpened);
        let this = Rc::downgrade(&self);
        let hear: Closure<dyn FnMut(String)> = Closure::new(move |text: String| {
            if let Some(inner) = Weak::upgrade(&this).filter(|inner| !inner.is_gone.get()) {
                (inner.tell)(serde_json::from_str(&text).map_or(Input::SensorNonsense, Input::Sensor));
            }
        });
        let told = hear.as_ref().unchecked_ref();
        let source = match &source {
            Source::Bridge => return,
            Source::Usb { driver } => reader.usb(driver, ask, told),
            Source::Bluetooth => reader.bluetooth(ask, told),
        };
        self.open.replace(Some(Open { source, _hear: hear }));
    }
}

/// The serial protocols that can be chosen, once what reads them is loaded.
pub(super) async fn drivers() -> Input {
    let list = reader::load().await.ok().map(|reader: Reader| reader.drivers());
    Input::Drivers(list.and_then(|list| serde_json::from_str(&list).ok()).unwrap_or_default())
}
