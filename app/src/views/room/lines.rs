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

/// What is said instead of a list, or beside an old one.
#[component]
pub fn Trouble() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let listing = ctx.read(Page::listing);
    let sorry = move |text: String| {
        view! {
            <p class="banner" role="alert">
                <span>{text}</span>
                <button type="button" class="plain" data-testid="retry" on:click=move |_| ctx.tell(Input::Retry)>
                    {words.try_again()}
                </button>
            </p>
        }
    };
    move || match listing.get() {
        Listing::Ready => ().into_any(),
        Listing::Loading => view! { <p class="empty" role="status">{words.fetching()}</p> }.into_any(),
        Listing::Empty(text) => view! { <p class="empty" role="status">{text}</p> }.into_any(),
        Listing::Failed(text) | Listing::Stale(text) => sorry(text).into_any(),
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
