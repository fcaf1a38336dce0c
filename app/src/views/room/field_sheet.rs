//! Everybody in the running race, to be searched.

use leptos::prelude::*;

use super::Lines;
use crate::Ctx;
use crate::state::Input;

/// The full field.
#[component]
pub fn FieldSheet() -> impl IntoView {
    let ctx = Ctx::here();
    view! {
        <div class="field-search">
            <input
                type="search"
                placeholder=ctx.words().search_hint()
                aria-label=ctx.words().search()
                data-testid="search"
                autocomplete="off"
                on:input:target=move |event| ctx.tell(Input::Search(event.target().value()))
            />
        </div>
        <Lines />
    }
}
