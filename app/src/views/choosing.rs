//! A race runs already: join it now, or wait for the next one?

use leptos::prelude::*;

use super::{focus_on, on_escape};
use crate::Ctx;
use crate::components::{Checks, Chips, Logo};
use crate::state::{Input, Page};

/// The choice.
#[component]
pub fn Choosing() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let running = ctx.read(Page::running_for);
    let next = ctx.read(Page::next_race_in);
    let class = ctx.read(Page::class_name);
    let first = NodeRef::new();
    focus_on(first);
    on_escape(move || ctx.tell(Input::Leave));
    view! {
        <div class="step">
            <header>
                <Logo />
                <Chips />
            </header>
            <main class="centre">
                <h1>{words.a_race_is_on()}</h1>
                <p class="lead">{class}</p>
                <div class="choices">
                    <button
                        type="button"
                        class="go"
                        data-testid="join-now"
                        node_ref=first
                        on:click=move |_| ctx.tell(Input::JoinNow)
                    >
                        {words.join_now()}
                        <small>{move || words.race_is_in_for(&running.read())}</small>
                        <small>{words.you_would_miss()}</small>
                    </button>
                    <button
                        type="button"
                        class="go second"
                        data-testid="next-race"
                        on:click=move |_| ctx.tell(Input::NextRace)
                    >
                        {words.next_race()}
                        <small>{move || words.starts_in(&next.read())}</small>
                    </button>
                </div>
                <Checks />
                <button type="button" class="plain" data-testid="back" on:click=move |_| ctx.tell(Input::Leave)>
                    {words.back()}
                </button>
            </main>
        </div>
    }
}
