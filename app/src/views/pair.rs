//! On a phone that has read a tablet's code: who is it to be? Then the tablet has the rider.

use leptos::prelude::*;

use crate::Ctx;
use crate::components::{Avatar, Logo, RiderFields};
use crate::state::{HandStep, Input, Page};

/// The phone's page.
#[component]
pub fn Pair() -> impl IntoView {
    let ctx = Ctx::here();
    let step = ctx.read(Page::hand_step);
    let done = Memo::new(move |_| step.get() == Some(HandStep::Done));
    view! {
        <div class="step pair" data-testid="pair">
            <header>
                <Logo />
            </header>
            <main class="centre">
                <Show when=move || done.get() fallback=|| view! { <Profile /> }>
                    <Handed />
                </Show>
            </main>
        </div>
    }
}

/// Who is handed over.
#[component]
fn Profile() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let racer = ctx.read(Page::racer_number);
    let trouble = ctx.read(Page::trouble);
    let step = ctx.read(Page::hand_step);
    let joining = ctx.read(Page::is_joining);
    let busy = Memo::new(move |_| joining.get() || step.get() == Some(HandStep::Handing));
    view! {
        <form
            class="profile"
            on:submit=move |event| {
                event.prevent_default();
                ctx.tell(Input::Start);
            }
        >
            <h1>{words.ride_as_yourself()}</h1>
            <p class="lead">{words.goes_to_tablet()}</p>
            <Avatar racer />
            <RiderFields own_device=true />
            <p class="hint"><strong role="alert" data-testid="trouble">{trouble}</strong></p>
            <button type="submit" class="go" data-testid="hand-over" disabled=busy>
                {move || if busy.get() { words.one_moment() } else { words.ride_on_tablet() }}
            </button>
        </form>
    }
}

/// The tablet has the rider.
#[component]
fn Handed() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let racer = ctx.read(Page::racer_number);
    let name = ctx.read(Page::rider_name);
    view! {
        <Avatar racer />
        <div role="status">
            <h1 data-testid="handed">{words.tablet_knows_you()} ", " <bdi>{name}</bdi></h1>
        </div>
        <p class="lead">{words.choose_there()}</p>
        <button type="button" class="plain" data-testid="watch" on:click=move |_| ctx.tell(Input::HandDone)>
            {words.watch_here()}
        </button>
    }
}
