//! The race: place, time, gaps, own numbers, the board. Read from two metres, by somebody out of breath.

use leptos::prelude::*;

use crate::Ctx;
use crate::components::{
    Avatar, Banners, Board, Chips, Figure, HoldButton, Icon, ScoreHelp, Sparkline, icon,
};
use crate::state::{Input, Page};

/// The race view.
#[component]
pub fn Racing() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let racer = ctx.read(Page::racer_number);
    let name = ctx.read(Page::rider_name);
    let class = ctx.read(Page::class_name);
    let number = ctx.read(Page::race_number);
    let late = ctx.read(Page::late_line);
    let progress = ctx.read(Page::progress);
    let stale = ctx.read(Page::is_stale);
    let closing = ctx.read(Page::is_closing);
    let moved = ctx.read(Page::moved);
    let ahead = Memo::new({
        let record = ctx.read(Page::record);
        move |_| record.get().is_some_and(|ahead| ahead > 0.0)
    });
    let note = |text: &'static str| Signal::stored(text.to_owned());
    view! {
        <div class="race" class:stale=stale class:closing=closing data-moved=moved>
            <div class="progress" aria-hidden="true">
                <i style=("--done", move || progress.get().to_string())></i>
            </div>
            <header>
                <div class="who">
                    <Avatar racer />
                    <p>
                        <bdi class="name">{name}</bdi>
                        <span class="note"><bdi>{class}</bdi> " · " <span data-testid="race-number">{number}</span></span>
                    </p>
                </div>
                <Chips />
                <HoldButton
                    label=words.hold_to_leave()
                    name=words.leave_the_race()
                    id="leave"
                    on_held=move || ctx.tell(Input::Leave)
                />
            </header>
            <main>
                <h1 class="hidden">{words.race()}</h1>
                <section class="own" aria-label=words.your_race()>
                    <div class="heroes">
                        <Figure label=words.place() value=ctx.read(Page::place) note=ctx.read(Page::of_field) id="place" class="place" />
                        <Figure label=words.time_left() value=ctx.read(Page::time_left) note=note("") id="time-left" class="time-left" room=3 />
                    </div>
                    <div class="gaps">
                        <Gap ahead=true />
                        <Gap ahead=false />
                    </div>
                    <div class="trace">
                        <Sparkline />
                        <p data-testid="record">
                            <span class="trophy" class:none=move || !ahead.get()>
                                <Icon path=icon::TROPHY />
                            </span>
                            {ctx.read(Page::record_line)}
                        </p>
                    </div>
                    <div class="figures">
                        <Figure label=words.output() value=ctx.read(Page::output) note=note("") id="output" class="output live" room=4 />
                        <div class="helped">
                            <Figure
                                label=words.score()
                                value=ctx.read(Page::score)
                                note=note("")
                                id="score"
                                exact=ctx.read(Page::exact_score)
                                class="score"
                                room=5
                            />
                            <ScoreHelp />
                        </div>
                        <Figure label=words.cadence() value=ctx.read(Page::cadence) note=note(words.rpm()) id="cadence" class="cadence live" room=4 />
                        <Figure label=words.resistance() value=ctx.read(Page::resistance) note=ctx.read(Page::resistance_unit) id="resistance" class="resistance live" room=4 />
                    </div>
                </section>
                <Board own=words.you() />
                <Banners />
            </main>
            <p class="toast" role="status" data-testid="late" class:none=move || late.read().is_empty()>{late}</p>
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
    let words = ctx.words();
    let slot =
        if ahead { ctx.read(|page| page.neighbour(true)) } else { ctx.read(|page| page.neighbour(false)) };
    let nobody = if ahead { words.nobody_ahead() } else { words.nobody_behind() };
    let (arrow, word) = if ahead { (icon::UP, words.is_ahead()) } else { (icon::DOWN, words.is_behind()) };
    view! {
        <p class="gap-tile" class:ahead=ahead>
            <span class="arrow">
                <Icon path=arrow />
            </span>
            <span class="hidden">{word} " "</span>
            <bdi class="name">
                {move || slot.read().as_ref().map_or_else(|| nobody.to_owned(), |slot| slot.name.clone())}
            </bdi>
            <b>{move || slot.read().as_ref().and_then(|slot| slot.gap).map(|gap| words.signed(gap))}</b>
            <span class="note">
                {move || {
                    let seconds = slot.read().as_ref().and_then(|slot| slot.gap_seconds);
                    seconds.map(|seconds| words.some_seconds(seconds))
                }}
            </span>
        </p>
    }
}
