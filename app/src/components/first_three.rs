//! The first three of a race in one row.

use alleycat_shared::api::ResultRow;
use leptos::prelude::*;

use super::Avatar;
use crate::Ctx;
use crate::state::rooms::Room;
use crate::state::{Input, Page, format};

/// The podium of the race that is shown; nothing before there is a result.
#[component]
pub fn FirstThree() -> impl IntoView {
    let ctx = Ctx::here();
    let podium = ctx.read_when(Page::charts_key, Page::podium);
    let step = move |row: ResultRow| {
        let racer = row.racer_id;
        let open = move |_| {
            if let Some(Room::Race(race, class)) = ctx.now(|page| page.rooms().here()) {
                ctx.tell(Input::Enter(Room::Ride(race, class, racer)));
            }
        };
        view! {
            <li data-rank=row.rank.to_string()>
                <button type="button" on:click=open>
                    <b class="medal">{row.rank.to_string()}</b>
                    <Avatar racer=Signal::stored(racer.get()) />
                    <bdi class="name">{row.name.to_string()}</bdi>
                    <span class="score">{format::whole(row.score.get())}</span>
                </button>
            </li>
        }
    };
    view! {
        <ol class="first-three" class:none=move || podium.read().is_empty() aria-label=ctx.words().first_three() data-testid="podium">
            {move || podium.get().into_iter().map(step).collect_view()}
        </ol>
    }
}
