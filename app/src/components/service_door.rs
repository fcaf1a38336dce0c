//! The small way into the service menu, where a keyboard and a mouse are at hand. In a kiosk it is not shown:
//! there one holds the mark for three seconds.

use leptos::prelude::*;

use crate::Ctx;
use crate::state::Input;
use crate::state::service::Word;

/// The way in.
#[component]
pub fn ServiceDoor() -> impl IntoView {
    let ctx = Ctx::here();
    view! {
        <button
            type="button"
            class="service-door"
            data-testid="service-door"
            on:click=move |_| ctx.tell(Input::Service(Word::Open))
        >
            {ctx.words().service()}
        </button>
    }
}
