//! The moments at which a page may have slept, or its network has changed.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Event, EventTarget, VisibilityState};

/// Listens while it lives.
#[derive(Debug)]
pub struct Wakeups {
    targets: Vec<(EventTarget, &'static str)>,
    listener: Closure<dyn FnMut(Event)>,
}

impl Wakeups {
    /// Calls `woke` when the page is shown again, thawed, taken from the back-forward cache, or when the
    /// network comes or goes. Without a window nothing is heard.
    pub fn listen(woke: impl Fn() + 'static) -> Self {
        Self::with(Box::new(woke))
    }

    /// The same, once for all who listen: a page pays for each kind of function.
    fn with(woke: Box<dyn Fn()>) -> Self {
        let document = web_sys::window().and_then(|window| window.document());
        let hidden = document.clone();
        let listener = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            let hidden = hidden.as_ref().is_some_and(|d| d.visibility_state() == VisibilityState::Hidden);
            // What happens to the network matters to a hidden page too.
            if !hidden || NETWORK.contains(&event.type_().as_str()) {
                woke();
            }
        });
        let mut targets: Vec<(EventTarget, &str)> = Vec::new();
        if let Some(document) = document {
            targets.extend(PAGE.map(|name| (document.clone().into(), name)));
        }
        if let Some(window) = web_sys::window() {
            let names = NETWORK.into_iter().chain(["pageshow"]);
            targets.extend(names.map(|name| (window.clone().into(), name)));
        }
        for (target, name) in &targets {
            let _ = target.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
        }
        Self { targets, listener }
    }
}

impl Drop for Wakeups {
    fn drop(&mut self) {
        for (target, name) in &self.targets {
            let _ = target.remove_event_listener_with_callback(name, self.listener.as_ref().unchecked_ref());
        }
    }
}

const PAGE: [&str; 2] = ["visibilitychange", "resume"];
const NETWORK: [&str; 2] = ["online", "offline"];
