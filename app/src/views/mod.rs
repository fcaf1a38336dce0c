//! One view for each step of the race flow.

pub mod choosing;
pub mod countdown;
pub mod finished;
pub mod idle;
pub mod later;
pub mod loading;
pub mod pair;
pub mod racing;
pub mod room;
pub mod service;
pub mod settings;
pub mod setup;

pub use choosing::Choosing;
pub use countdown::Countdown;
pub use finished::Finished;
pub use idle::Idle;
pub use later::Later;
pub use loading::Loading;
pub use pair::Pair;
pub use racing::Racing;
pub use room::RoomView;
pub use service::Service;
pub use settings::{Settings, SettingsButton};
pub use setup::Setup;

use leptos::html::Button;
use leptos::prelude::*;

/// Puts the keyboard's focus on the view's main button when the view comes up.
fn focus_on(button: NodeRef<Button>) {
    Effect::new(move |_| {
        if let Some(button) = button.get() {
            // A button that is gone again needs no focus.
            let _ = button.focus();
        }
    });
}

/// Escape does what the view's way back does, as long as the view is up.
fn on_escape(back: impl Fn() + 'static) {
    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Escape" {
            back();
        }
    });
    on_cleanup(move || handle.remove());
}
