//! Choosing racer and class, with the class's live board beside: also what a spectator watches.

use leptos::prelude::*;

use super::SettingsButton;
use crate::Ctx;
use crate::components::{Board, Chips, ClassTiles, Logo, RiderEntry, ServiceDoor, SourceChooser};
use crate::state::rooms::Room;
use crate::state::{Input, Page};

/// The set-up.
#[component]
pub fn Setup() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let next = ctx.read(Page::next_race_in);
    let number = ctx.read(Page::race_number);
    let trouble = ctx.read(Page::trouble);
    let advice = ctx.read(Page::bike_advice);
    let joining = ctx.read(Page::is_joining);
    view! {
        <form
            class="setup"
            on:submit=move |event| {
                event.prevent_default();
                ctx.tell(Input::Start);
            }
        >
            <header>
                <Logo />
                <p class="next">
                    <span class="note">{words.next_race_in()}</span>
                    " "
                    <b data-testid="next-race-in">{next}</b>
                    " "
                    <span class="note number" data-testid="race-number">{number}</span>
                </p>
                <button
                    type="button"
                    class="plain"
                    data-testid="results"
                    on:click=move |_| ctx.tell(Input::Enter(Room::Races(ctx.now(|page| page.entry().class()))))
                >
                    {words.results()}
                </button>
                <SettingsButton />
                <Chips />
            </header>
            <main>
                <h1 class="hidden">{words.choose_racer_and_class()}</h1>
                <RiderEntry />
                <ClassTiles />
                <Board own=words.chosen() />
            </main>
            <footer>
                <p class="hint">
                    <strong role="alert" data-testid="trouble">{trouble}</strong>
                    <span>{move || trouble.read().is_empty().then(|| advice.get())}</span>
                </p>
                <ServiceDoor />
                <SourceChooser />
                <button type="submit" class="go" data-testid="start" disabled=joining>
                    {move || if joining.get() { words.joining() } else { words.start_race() }}
                </button>
            </footer>
        </form>
    }
}
