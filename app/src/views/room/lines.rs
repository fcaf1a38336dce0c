//! A room's list, or why there is none.

use leptos::prelude::*;

use crate::Ctx;
use crate::components::LongList;
use crate::state::{Input, Listing, Page};

/// The room's list, or why there is none.
#[component]
pub fn Lines() -> impl IntoView {
    let ctx = Ctx::here();
    let listing = ctx.read(Page::listing);
    let more = ctx.read(Page::list_has_more);
    let ready = Memo::new(move |_| matches!(*listing.read(), Listing::Ready | Listing::Stale(_)));
    view! {
        <section class="sheet list" data-testid="listing" data-state=move || name(&listing.read())>
            <Trouble />
            <Show when=move || ready.get()>
                <LongList />
            </Show>
            <Show when=move || more.get()>
                <button type="button" class="plain" data-testid="more" on:click=move |_| ctx.tell(Input::More)>
                    {ctx.words().older_ones()}
                </button>
            </Show>
        </section>
    }
}

/// What is said instead of a list, or beside an old one. What is wrong is spoken once; how old the list is changes
/// every second, and changes nothing but its own text.
#[component]
pub fn Trouble() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let listing = ctx.read(Page::listing);
    let state = Memo::new(move |_| name(&listing.read()));
    let said = Memo::new(move |_| match &*listing.read() {
        Listing::Ready => String::new(),
        Listing::Loading => words.fetching().to_owned(),
        Listing::Stale(_) => words.hub_does_not_answer().to_owned(),
        Listing::Empty(text) | Listing::Failed(text) => text.clone(),
    });
    let age = move || match &*listing.read() {
        Listing::Stale(age) => [" ", age].concat(),
        _ => String::new(),
    };
    let banner = move || {
        view! {
            <p class="banner">
                <span>
                    <span role="alert">{said}</span>
                    {age}
                </span>
                <button type="button" class="plain" data-testid="retry" on:click=move |_| ctx.tell(Input::Retry)>
                    {words.try_again()}
                </button>
            </p>
        }
    };
    move || match state.get() {
        "ready" => ().into_any(),
        "failed" | "stale" => banner().into_any(),
        _ => view! { <p class="empty" role="status">{said}</p> }.into_any(),
    }
}

/// A listing's name in `data-state`.
pub fn name(listing: &Listing) -> &'static str {
    match listing {
        Listing::Loading => "loading",
        Listing::Ready => "ready",
        Listing::Stale(_) => "stale",
        Listing::Empty(_) => "empty",
        Listing::Failed(_) => "failed",
    }
}
