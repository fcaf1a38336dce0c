//! What goes wrong during a race, said once and shown until it is over.

use leptos::prelude::*;

use crate::Ctx;
use crate::state::Page;

/// The banners for the bike and for the link; nothing while all is well.
#[component]
pub fn Banners() -> impl IntoView {
    view! {
        <div class="banners">
            <Banner trouble=Page::bike_trouble detail=Page::bike_detail />
            <Banner trouble=Page::link_trouble detail=Page::link_detail />
        </div>
    }
}

/// One banner. Only the trouble is spoken by a screen reader; the detail changes every second.
#[component]
pub fn Banner(
    /// What is wrong; empty for nothing.
    trouble: fn(&Page) -> String,
    /// What it means.
    detail: fn(&Page) -> String,
) -> impl IntoView {
    let ctx = Ctx::here();
    let trouble = ctx.read(trouble);
    let detail = ctx.read(detail);
    let up = Memo::new(move |_| !trouble.read().is_empty());
    view! {
        <Show when=move || up.get()>
            <p class="banner">
                <strong role="alert">{trouble}</strong>
                " · "
                <span>{detail}</span>
            </p>
        </Show>
    }
}
