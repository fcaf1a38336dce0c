//! Whether Start Race takes the whole screen.

use leptos::prelude::*;

use crate::Ctx;
use crate::platform::fullscreen::{self, Choice};

/// The choice of this device.
#[component]
pub fn FullScreenChoice() -> impl IntoView {
    let words = Ctx::here().words();
    let chosen = fullscreen::choice();
    let option = |choice: Choice, label: &'static str| {
        view! { <option value=choice.name() selected=choice == chosen>{label}</option> }
    };
    view! {
        <label class="service-choice">
            <span class="note">{words.full_screen_at_start()}</span>
            <select
                class="plain"
                data-testid="full-screen"
                on:change:target=move |event| fullscreen::choose(&event.target().value())
            >
                {option(Choice::Touch, words.on_tablets())}
                {option(Choice::Always, words.always())}
                {option(Choice::Never, words.never())}
            </select>
        </label>
    }
}
