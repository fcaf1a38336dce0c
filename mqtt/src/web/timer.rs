//! One timer of the page's own, or of a worker that the browser does not slow down with a hidden page.

use gloo_timers::callback::Timeout;
use js_sys::Array;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, BlobPropertyBag, Event, Url, Worker};

/// Whose timers wake the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timers {
    /// The page's. A browser wakes a hidden page once a minute, which a keep-alive of 120 s bears.
    #[default]
    Page,
    /// A worker's, which are not slowed down. Where a worker can't be had, as under a strict content
    /// security policy or in an extension's service worker, the page's are used.
    Worker,
}

/// Fires once at the latest time it was set to.
pub(super) struct Timer {
    kind: Kind,
    /// When it fires next, in epoch ms.
    due: Option<u64>,
}

enum Kind {
    Page { timeout: Option<Timeout>, fire: std::rc::Rc<dyn Fn()> },
    Worker { worker: Worker, _on_message: Closure<dyn FnMut(Event)> },
}

impl Timer {
    pub(super) fn new(timers: Timers, fire: impl Fn() + 'static) -> Self {
        let fire: std::rc::Rc<dyn Fn()> = std::rc::Rc::new(fire);
        let worker = (timers == Timers::Worker).then(|| worker(fire.clone())).flatten();
        Self { kind: worker.unwrap_or(Kind::Page { timeout: None, fire }), due: None }
    }

    /// Has it fire at `due`. One that would fire earlier is left as it is: waking for nothing does no
    /// harm, and setting a timer for every packet would.
    pub(super) fn set(&mut self, due: Option<u64>, now: impl Fn() -> u64) {
        let Some(due) = due else { return };
        if self.due.is_some_and(|set| set <= due) {
            return;
        }
        self.due = Some(due);
        let wait = u32::try_from(due.saturating_sub(now())).unwrap_or(LONGEST_MS).min(LONGEST_MS);
        match &mut self.kind {
            Kind::Page { timeout, fire } => {
                let fire = fire.clone();
                *timeout = Some(Timeout::new(wait, move || fire()));
            }
            Kind::Worker { worker, .. } => _ = worker.post_message(&JsValue::from(wait)),
        }
    }

    /// It has fired.
    pub(super) fn fired(&mut self) {
        self.due = None;
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Kind::Worker { worker, .. } = &self.kind {
            worker.set_onmessage(None);
            worker.terminate();
        }
    }
}

fn worker(fire: std::rc::Rc<dyn Fn()>) -> Option<Kind> {
    let properties = BlobPropertyBag::new();
    properties.set_type("text/javascript");
    let script = Array::of1(&JsValue::from_str(SCRIPT));
    let blob = Blob::new_with_str_sequence_and_options(&script, &properties).ok()?;
    let url = Url::create_object_url_with_blob(&blob).ok()?;
    let worker = Worker::new(&url);
    let _ = Url::revoke_object_url(&url);
    let worker = worker.ok()?;
    let on_message = Closure::<dyn FnMut(Event)>::new(move |_| fire());
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    Some(Kind::Worker { worker, _on_message: on_message })
}

/// Sets the one timer anew with each message and answers when it fires.
const SCRIPT: &str =
    "let t; onmessage = e => { clearTimeout(t); t = setTimeout(() => postMessage(0), e.data); };";
/// A browser's timer overflows at 2^31 ms.
const LONGEST_MS: u32 = 3_600_000;
