//! The race: place, time, gaps, own numbers, the board. Read from two metres, by somebody out of breath.

use leptos::prelude::*;

use crate::Ctx;
use crate::components::{Avatar, Banners, Board, Chips, Figure, HoldButton, Sparkline};
use crate::state::{Input, Page, format};

/// The race view.
#[component]
pub fn Racing() -> impl IntoView {
    let ctx = Ctx::here();
    let racer = ctx.read(Page::racer_number);
    let name = ctx.read(Page::rider_name);
    let class = ctx.read(Page::class_name);
    let progress = ctx.read(Page::progress);
    let stale = ctx.read(Page::is_stale);
    let ahead = Memo::new({
        let record = ctx.read(Page::record);
        move |_| record.get().is_some_and(|ahead| ahead > 0.0)
    });
    let words = |text: &'static str| Signal::stored(text.to_owned());
    view! {
        <div class="race" class:stale=stale>
            <div class="progress" aria-hidden="true">
                <i style=("--done", move || progress.get().to_string())></i>
            </div>
            <header>
                <div class="who">
                    <Avatar racer />
                    <p>
                        <bdi class="name">{name}</bdi>
                        <span class="note">{class}</span>
                    </p>
                </div>
                <Chips />
                <HoldButton
                    label="Hold to leave"
                    name="Leave the race: press and hold for one second"
                    id="leave"
                    on_held=move || ctx.tell(Input::Leave)
                />
            </header>
            <main>
                <h1 class="hidden">"Race"</h1>
                <section class="own" aria-label="Your race">
                    <div class="heroes">
                        <Figure label="Place" value=ctx.read(Page::place) note=ctx.read(Page::of_field) id="place" class="place" />
                        <Figure label="Time left" value=ctx.read(Page::time_left) note=words("") id="time-left" room=3 />
                    </div>
                    <div class="gaps">
                        <Gap ahead=true />
                        <Gap ahead=false />
                    </div>
                    <div class="trace">
                        <Sparkline />
                        <p data-testid="record">
                            <svg class="trophy" class:none=move || !ahead.get() viewBox="0 0 24 24" aria-hidden="true">
                                <path d=TROPHY></path>
                            </svg>
                            {ctx.read(Page::record_line)}
                        </p>
                    </div>
                    <div class="figures">
                        <Figure label="Output" value=ctx.read(Page::output) note=words("") id="output" class="wide live" room=4 />
                        <Figure
                            label="Score"
                            value=ctx.read(Page::score)
                            note=words("")
                            id="score"
                            exact=ctx.read(Page::exact_score)
                            class="wide"
                            room=5
                        />
                        <Figure label="Cadence" value=ctx.read(Page::cadence) note=words("rpm") id="cadence" class="live" room=4 />
                        <Figure label="Resistance" value=ctx.read(Page::resistance) note=ctx.read(unit) id="resistance" class="live" room=4 />
                    </div>
                </section>
                <Board own="You" />
            </main>
            <Banners />
        </div>
    }
}

/// The nearest rider ahead or behind.
#[component]
pub fn Gap(
    /// Ahead, or behind?
    ahead: bool,
) -> impl IntoView {
    let ctx = Ctx::here();
    let slot =
        if ahead { ctx.read(|page| page.neighbour(true)) } else { ctx.read(|page| page.neighbour(false)) };
    let nobody = if ahead { "Nobody ahead" } else { "Nobody behind" };
    let (arrow, word) = if ahead { ("▲", "Ahead: ") } else { ("▼", "Behind: ") };
    view! {
        <p class="gap-tile" class:ahead=ahead>
            <span class="arrow" aria-hidden="true">{arrow}</span>
            <span class="hidden">{word}</span>
            <bdi class="name">
                {move || slot.read().as_ref().map_or_else(|| nobody.to_owned(), |slot| slot.name.clone())}
            </bdi>
            <b>{move || slot.read().as_ref().and_then(|slot| slot.gap).map(format::gap)}</b>
            <span class="note">
                {move || {
                    let seconds = slot.read().as_ref().and_then(|slot| slot.gap_seconds);
                    seconds.map(|seconds| [&format::tenths(seconds.abs()), " s"].concat())
                }}
            </span>
        </p>
    }
}

const TROPHY: &str = "M7 3h10v2h4v3a5 5 0 0 1-5 5 5 5 0 0 1-3 2.800V19h4v2H7v-2h4v-3.200A5 5 0 0 1 8 13a5 5 0 0 1-5-5V5h4zM5 7v1a3 3 0 0 0 2 2.800V7zm12 0v3.800A3 3 0 0 0 19 8V7z";

/// Per cent, and where they come from if nobody measured them.
fn unit(page: &Page) -> String {
    match page.resistance_origin().as_str() {
        "" => "%".to_owned(),
        origin => ["% ", origin].concat(),
    }
}
