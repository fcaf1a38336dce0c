//! Being shown again, or coming online, after the page may have slept.

use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Event, EventTarget, VisibilityState};

/// Calls `resumed` whenever the page may have slept. For the whole life of the page.
pub fn on_resume(resumed: impl Fn() + 'static) {
    let Some(window) = web_sys::window() else { return };
    let Some(document) = window.document() else { return };
    let target: EventTarget = document.clone().into();
    let listener = Closure::<dyn FnMut(Event)>::new(move |_| {
        if document.visibility_state() != VisibilityState::Hidden {
            resumed();
        }
    });
    let function = listener.as_ref().unchecked_ref();
    let _ = target.add_event_listener_with_callback("visibilitychange", function);
    let _ = target.add_event_listener_with_callback("resume", function);
    let _ = window.add_event_listener_with_callback("online", function);
    let _ = window.add_event_listener_with_callback("pageshow", function);
    // The page's own listeners end with the page.
    listener.forget();
}
