//! Large keys for a racer id: no slider, no keyboard, works with sweaty hands.

use leptos::prelude::*;

use super::{Icon, icon};
use crate::Ctx;
use crate::state::{Input, Key};

/// The keypad.
#[component]
pub fn Keypad() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let key = move |name: &'static str, label: AnyView, key: Key| {
        view! {
            <button type="button" class="key" aria-label=name on:click=move |_| ctx.tell(Input::Pressed(key))>
                {label}
            </button>
        }
    };
    let digit = move |digit: u8| {
        let name = DIGITS[usize::from(digit)];
        key(name, name.into_any(), Key::Digit(digit))
    };
    view! {
        <div class="keypad" role="group" aria-label=words.keypad()>
            {(1..=9).map(digit).collect_view()}
            {key(words.key_clear(), "C".into_any(), Key::Clear)}
            {digit(0)}
            {key(words.key_erase(), view! { <Icon path=icon::ERASE /> }.into_any(), Key::Erase)}
        </div>
    }
}

const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
