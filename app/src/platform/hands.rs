//! What hands do to the page as a whole: touches, the long press that opens the service menu, and what a
//! browser would make of a hand on the screen (menus, drags, zoom) and shall not.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, Event, KeyboardEvent, PointerEvent};

/// Listens for as long as the page lives. `touched` hears of every touch and key, `turned` of the mouse's wheel,
/// which browsers do not take for a hand, `held` of the long press on the mark, or of Ctrl+Alt+S.
pub fn listen(touched: impl Fn() + 'static, turned: impl Fn() + 'static, held: impl Fn() + 'static) {
    for name in ["contextmenu", "dragstart", "gesturestart"] {
        on(name, |event| {
            if !is_text(&event) {
                event.prevent_default();
            }
        });
    }
    let touched = Rc::new(touched);
    let typed = touched.clone();
    let held = Rc::new(held);
    let called = held.clone();
    let press = Rc::new(RefCell::new(None::<Press>));
    let begun = press.clone();
    on("pointerdown", move |event| {
        touched();
        begun.replace(Press::begin(&event, held.clone()));
    });
    on("wheel", move |_| turned());
    for name in ["pointerup", "pointercancel"] {
        let press = press.clone();
        on(name, move |_| _ = press.take());
    }
    on("pointermove", move |event| {
        // A finger is never quite still.
        if press.borrow().as_ref().is_some_and(|press| press.has_left(&event)) {
            press.take();
        }
    });
    on("keydown", move |event| {
        typed();
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else { return };
        if key.ctrl_key() && key.alt_key() && key.code() == "KeyS" {
            event.prevent_default();
            called();
        }
    });
}

/// A finger on the mark.
struct Press {
    at: (i32, i32),
    /// Ends the press when it is dropped.
    _timer: Timeout,
}

impl Press {
    fn begin(event: &Event, held: Rc<impl Fn() + 'static>) -> Option<Self> {
        let at = place(event)?;
        event.target()?.dyn_into::<Element>().ok()?.closest(MARK).ok()??;
        Some(Self { at, _timer: Timeout::new(HOLD_MS, move || held()) })
    }

    fn has_left(&self, event: &Event) -> bool {
        place(event).is_none_or(|(x, y)| (x - self.at.0).abs().max((y - self.at.1).abs()) > STILL)
    }
}

fn place(event: &Event) -> Option<(i32, i32)> {
    event.dyn_ref::<PointerEvent>().map(|event| (event.client_x(), event.client_y()))
}

/// Whether it is where text is typed, or read to be copied.
fn is_text(event: &Event) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    element.is_some_and(|element| {
        element.closest("input, textarea, pre, a[download]").is_ok_and(|found| found.is_some())
    })
}

fn on(name: &str, heard: impl Fn(Event) + 'static) {
    let Some(window) = web_sys::window() else { return };
    let listener = Closure::<dyn FnMut(Event)>::new(heard);
    let _ = window.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener.forget();
}

/// What is held for the service menu: the mark, and during a race the rider's own picture.
const MARK: &str = ".logo, .race > header .who";
const HOLD_MS: u32 = 3_000;
/// How far a finger that holds still may wander, in CSS pixels.
const STILL: i32 = 24;
