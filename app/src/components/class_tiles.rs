//! The six classes as tiles: radio buttons, so that arrow keys and screen readers work by themselves.

use alleycat_shared::config::Class;
use leptos::prelude::*;

use crate::Ctx;
use crate::state::{Input, Page};

/// The tiles.
#[component]
pub fn ClassTiles() -> impl IntoView {
    let ctx = Ctx::here();
    let chosen = ctx.read(|page: &Page| page.entry().class());
    let classes = ctx.now(|page| page.config().map(|config| config.classes.clone()).unwrap_or_default());
    let tile = move |Class { id, name }: Class| {
        view! {
            <label class="tile" data-testid=["class-", &id.to_string()].concat() data-class=id.to_string()>
                <input
                    type="radio"
                    name="class"
                    value=id.to_string()
                    prop:checked=move || chosen.get() == id
                    on:change=move |_| ctx.tell(Input::ClassChosen(id))
                />
                <span class="tile-number" aria-hidden="true">{id.to_string()}</span>
                <span>{name}</span>
            </label>
        }
    };
    view! {
        <fieldset class="classes">
            <legend>{ctx.words().class()}</legend>
            <div class="tiles">{classes.into_iter().map(tile).collect_view()}</div>
        </fieldset>
    }
}
