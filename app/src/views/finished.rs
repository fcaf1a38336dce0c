//! The finish: place, score, the first three, and once more.

use alleycat_shared::api::ResultRow;
use leptos::prelude::*;

use super::focus_on;
use crate::Ctx;
use crate::components::{Avatar, Chips, Confetti, FinishChart, Icon, Logo, icon};
use crate::state::rooms::Room;
use crate::state::{Input, Page, format};

/// The finish view.
#[component]
pub fn Finished() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let racer = ctx.read(Page::racer_number);
    let name = ctx.read(Page::rider_name);
    let class = ctx.read(Page::class_name);
    let place = ctx.read(Page::finish_place);
    let field = ctx.read(Page::finish_field);
    let score = ctx.read(Page::finish_score);
    let line = ctx.read(Page::finish_line);
    let outcome = ctx.read(Page::outcome);
    let gap = ctx.read(Page::finish_gap);
    let record = ctx.read(Page::finish_record);
    let forgets = ctx.read(Page::forgets_in);
    let alert = ctx.now(Page::finish_alert);
    let enter = move |result: bool| {
        if let Some((race, class, racer)) = ctx.now(Page::ridden) {
            let room = if result { Room::Race(race, class) } else { Room::Ride(race, class, racer) };
            ctx.tell(Input::Enter(room));
        }
    };
    let first = NodeRef::new();
    focus_on(first);
    view! {
        <div class="step finished">
            <header>
                <Logo />
                <Chips />
            </header>
            <main>
                <section class="mine" aria-label=words.your_result()>
                    <p class="who">
                        <Avatar racer />
                        <bdi>{name}</bdi>
                        <span class="note">{class}</span>
                    </p>
                    <h1>
                        <span class="label">{words.place()}</span>
                        <span class="final-place" data-testid="finish-place">{place}</span>
                        <span class="lead">{field}</span>
                    </h1>
                    <p class="final-score">
                        <span class="label">{words.score()}</span>
                        <b data-testid="finish-score" data-value=move || format::exact(score.get())>
                            {move || format::whole(score.read().get())}
                        </b>
                    </p>
                    <p class="beside">
                        <span data-testid="finish-gap">
                            {move || gap.get().map(|(told, name)| view! { {told} " " <bdi>{name}</bdi> })}
                        </span>
                        <b data-testid="finish-record">{record}</b>
                    </p>
                    <p class="state" role="status" data-testid="finish-state">{line}</p>
                </section>
                <div class="others">
                    <section class="podium" aria-label=words.first_three()>
                        {move || {
                            let rows = outcome.get().map(|outcome| outcome.podium).unwrap_or_default();
                            rows.into_iter().map(|row| view! { <Step row /> }).collect_view()
                        }}
                    </section>
                    <FinishChart />
                </div>
                <div class="choices">
                    <button
                        type="button"
                        class="go"
                        data-testid="again"
                        node_ref=first
                        on:click=move |_| ctx.tell(Input::Start)
                    >
                        <span>
                            <Icon path=icon::AGAIN />
                            " "
                            {words.race_again()}
                        </span>
                    </button>
                    <button type="button" class="plain" data-testid="full-result" on:click=move |_| enter(true)>
                        {words.full_result()}
                    </button>
                    <button type="button" class="plain" data-testid="my-ride" on:click=move |_| enter(false)>
                        {words.my_ride()}
                        <small>{words.chart_and_files()}</small>
                    </button>
                    <button type="button" class="plain" data-testid="change" on:click=move |_| ctx.tell(Input::Leave)>
                        {words.change_rider_or_class()}
                        <small data-testid="forgets-in">
                            {move || forgets.get().map(|left| words.leaves_you_in(&left.to_string()))}
                        </small>
                    </button>
                </div>
            </main>
            <p class="hidden" role="alert">{alert}</p>
            <Confetti />
        </div>
    }
}

/// One step of the podium.
#[component]
pub fn Step(
    /// Who stands on it.
    row: ResultRow,
) -> impl IntoView {
    let own = Ctx::here().now(Page::racer) == Some(row.racer_id);
    let racer = Signal::stored(row.racer_id.get());
    view! {
        <p class="podium-step" class:own=own data-rank=row.rank.to_string()>
            <Avatar racer />
            <bdi class="name">{row.name.to_string()}</bdi>
            <span class="podium-score">{format::whole(row.score.get())}</span>
            <b class="block">{row.rank.to_string()}</b>
        </p>
    }
}
