//! Waiting for the start, down to three, two, one.

use leptos::prelude::*;

use super::on_escape;
use crate::Ctx;
use crate::components::{Avatar, Checks, Chips, Logo};
use crate::state::{Input, Page, format};

/// The countdown.
#[component]
pub fn Countdown() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let left = ctx.read(Page::countdown);
    let racer = ctx.read(Page::racer_number);
    let name = ctx.read(Page::rider_name);
    let class = ctx.read(Page::class_name);
    let cadence = ctx.read(Page::cadence);
    let last = Memo::new(move |_| left.get() <= LAST);
    let shown = move || {
        let left = left.get();
        if left <= LAST { left.to_string() } else { format::minutes(left) }
    };
    on_escape(move || ctx.tell(Input::Leave));
    view! {
        <div class="step countdown" class:last=last>
            <header>
                <Logo />
                <Chips />
            </header>
            <main class="centre">
                <h1>{move || if last.get() { words.ready() } else { words.race_starts_in() }}</h1>
                <p class="count" data-testid="countdown" role="timer">
                    // A new element each second, so that its entrance is seen each second.
                    {move || {
                        let text = shown();
                        view! { <span class="beat">{text}</span> }
                    }}
                </p>
                <p class="lead who">
                    <Avatar racer />
                    <bdi>{name}</bdi>
                    <span class="note">{class}</span>
                </p>
                <Checks />
                <p class="note cadence">{words.cadence()} " " <b class="live">{cadence}</b> " " {words.rpm()}</p>
                <button type="button" class="plain" data-testid="cancel" on:click=move |_| ctx.tell(Input::Leave)>
                    {words.cancel()}
                </button>
            </main>
        </div>
    }
}

/// From here on the seconds fill the screen.
const LAST: u64 = 3;
