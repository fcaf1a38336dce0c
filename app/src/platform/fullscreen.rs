//! The whole screen: taken when a race is started, where the device is one to be ridden at.

use std::cell::Cell;

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::document::matches;
use super::storage::{self, Shelf};

/// On which devices Start Race takes the whole screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// On tablets.
    #[default]
    Touch,
    /// On this one.
    Always,
    /// Not on this one.
    Never,
}

thread_local! {
    static TAKEN: Cell<bool> = const { Cell::new(false) };
    static LOST: Cell<bool> = const { Cell::new(false) };
}

/// What is chosen for this device.
pub fn choice() -> Choice {
    let kept: Option<String> = storage::read(Shelf::Device, KEY);
    let all = [Choice::Touch, Choice::Always, Choice::Never];
    all.into_iter().find(|choice| kept.as_deref() == Some(choice.name())).unwrap_or_default()
}

/// Chooses by name for this device.
pub fn choose(name: &str) {
    storage::write(Shelf::Device, KEY, &name);
}

/// Takes the whole screen, if this device is to. Browsers allow it under a rider's hand only, and need not
/// allow it at all.
pub fn enter() {
    let wanted = match choice() {
        Choice::Touch => matches("(pointer: coarse) and (min-width: 700px) and (min-height: 500px)"),
        Choice::Always => true,
        Choice::Never => false,
    };
    if wanted && !is_on() {
        TAKEN.set(true);
        take();
    }
}

/// The page is seen again. A display that was off may have cost it the screen.
pub fn woke() {
    LOST.set(TAKEN.get() && !is_on());
}

/// Takes the screen back, now that a hand allows it.
pub fn touched() {
    if LOST.take() && !is_on() {
        take();
    }
}

/// Whether the page has the whole screen.
pub fn is_on() -> bool {
    let document = web_sys::window().and_then(|window| window.document());
    document.is_some_and(|document| document.fullscreen_element().is_some())
        || matches("(display-mode: fullscreen)")
}

fn take() {
    let root = web_sys::window().and_then(|window| window.document()?.document_element());
    // By its name, for web-sys gives no promise of whether it worked; and phones lack it.
    let Some(root) = root else { return };
    let request = js_sys::Reflect::get(&root, &"requestFullscreen".into());
    let request = request.ok().and_then(|request| request.dyn_into::<js_sys::Function>().ok());
    if let Some(asked) = request.and_then(|request| request.call0(&root).ok()) {
        spawn_local(async move { drop(JsFuture::from(js_sys::Promise::resolve(&asked)).await) });
    }
}

impl Choice {
    /// Its name, as it is kept.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Touch => "touch",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

const KEY: &str = "alleycat.fullscreen";
