//! A kiosk at rest: what it is, when the next race begins, who rides now. Any touch or key leads to the set-up.

use leptos::prelude::*;

use crate::Ctx;
use crate::components::{Board, Chips, Logo};
use crate::state::{Input, Page};

/// The view that calls riders.
#[component]
pub fn Idle() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let next = ctx.read(Page::next_race_in);
    let number = ctx.read(Page::race_number);
    let pedalling = ctx.read(Page::is_pedalling);
    let keys = window_event_listener(leptos::ev::keydown, move |_| ctx.tell(Input::Wake));
    on_cleanup(move || keys.remove());
    view! {
        <div class="step idle" data-testid="idle" on:click=move |_| ctx.tell(Input::Wake)>
            <header>
                <Chips />
            </header>
            <main>
                <section class="call" aria-label="Alleycat">
                    <h1>
                        <Logo />
                    </h1>
                    <p class="lead">{words.idle_lead()}</p>
                    <p class="next-race">
                        <span class="note">{words.next_race_in()}</span>
                        <b data-testid="next-race-in" role="timer">{next}</b>
                        <span class="note">{number}</span>
                    </p>
                    <button type="button" class="go" data-testid="wake" class:pedalling=pedalling>
                        {move || if pedalling.get() { words.you_pedal_touch() } else { words.touch_to_ride() }}
                    </button>
                </section>
                // Nothing in it is for touching here: every touch wakes the page.
                <div class="idle-board" inert>
                    <Board own="" />
                </div>
            </main>
        </div>
    }
}
