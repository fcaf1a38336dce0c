//! What riders may say of their own rides.

use alleycat_shared::RacerId;
use leptos::prelude::*;

use crate::Ctx;
use crate::components::HoldButton;
use crate::state::rooms::{Wish, Wished};
use crate::state::{Input, Page};

/// Whether all-time boards name the rider, and a button that deletes all rides; only for the rider at this page.
#[component]
pub fn Privacy(
    /// Whose room this is.
    racer: RacerId,
) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let named = ctx.read(Page::own_will);
    let wished = ctx.read(Page::wished);
    let is_own = Memo::new(move |_| named.read().is_some());
    let is_named = move || named.read().unwrap_or(false);
    let busy = move || matches!(*wished.read(), Wished::UnderWay(_));
    let told = move || match wished.get() {
        Wished::Nothing => String::new(),
        Wished::UnderWay(_) => words.hub_is_asked().to_owned(),
        Wished::Done(Wish::Delete(_)) => words.rides_are_deleted().to_owned(),
        Wished::Done(Wish::Named(_, true)) => words.name_is_shown().to_owned(),
        Wished::Done(Wish::Named(_, false)) => words.name_is_hidden(&racer.to_string()),
        Wished::Failed(_, why) => why,
    };
    view! {
        <Show when=move || is_own.get()>
            <section class="sheet privacy" aria-label=words.your_data() data-testid="privacy">
                <button
                    type="button"
                    class="switch"
                    role="switch"
                    aria-checked=move || is_named().to_string()
                    aria-disabled=move || busy().to_string()
                    data-testid="named"
                    on:click=move |_| ctx.tell(Input::Wish(Wish::Named(racer, !is_named())))
                >
                    <i aria-hidden="true"></i>
                    <span>{words.show_my_name()}</span>
                </button>
                <HoldButton
                    label=words.hold_to_delete()
                    name=words.delete_my_rides()
                    id="delete-rides"
                    on_held=move || ctx.tell(Input::Wish(Wish::Delete(racer)))
                />
                <p class="note" role="status" data-testid="wished">
                    {told}
                </p>
            </section>
        </Show>
    }
}
