//! The two states that are always on the screen: the bike and the hub. A shape and a word, not colour alone.

use leptos::prelude::*;

use crate::Ctx;
use crate::state::Page;

/// The bike's chip and the hub's chip.
#[component]
pub fn Chips() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let bike = ctx.read(Page::bike);
    let link = ctx.read(Page::hub_link);
    view! {
        <div class="chips">
            <span class="chip" data-testid="sensor-state" data-state=move || bike.get().name()>
                {move || bike.get().word(words)}
            </span>
            <span class="chip" data-testid="link-state" data-state=move || link.read().name()>
                {move || link.read().word(words)}
            </span>
        </div>
    }
}
