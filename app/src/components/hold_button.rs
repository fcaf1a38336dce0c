//! A button that wants to be held for a second: nobody leaves a race by a bump.

use gloo_timers::callback::Timeout;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

/// The button. Its fill shows how long it has been held.
#[component]
pub fn HoldButton(
    /// What it says.
    label: &'static str,
    /// What it is called for those who listen.
    name: &'static str,
    /// The name for tests.
    id: &'static str,
    /// Called after a second.
    on_held: impl Fn() + Clone + 'static,
) -> impl IntoView {
    let holding = RwSignal::new(false);
    let timer = StoredValue::new_local(None::<Timeout>);
    let begin = move || {
        if holding.get_untracked() {
            return;
        }
        holding.set(true);
        let on_held = on_held.clone();
        timer.set_value(Some(Timeout::new(HOLD_MS, move || {
            holding.set(false);
            on_held();
        })));
    };
    let end = move || {
        holding.set(false);
        timer.set_value(None);
    };
    let on_key = begin.clone();
    let is_press = |event: &KeyboardEvent| matches!(event.key().as_str(), "Enter" | " ");
    view! {
        <button
            type="button"
            class="hold"
            class:holding=holding
            aria-label=name
            data-testid=id
            on:pointerdown=move |_| begin()
            on:pointerup=move |_| end()
            on:pointerleave=move |_| end()
            on:pointercancel=move |_| end()
            on:blur=move |_| end()
            on:contextmenu=|event| event.prevent_default()
            on:keydown=move |event| {
                if is_press(&event) {
                    on_key();
                }
            }
            on:keyup=move |event| {
                if is_press(&event) {
                    end();
                }
            }
        >
            <span>{label}</span>
        </button>
    }
}

const HOLD_MS: u32 = 1_000;
