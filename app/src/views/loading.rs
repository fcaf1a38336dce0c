//! Before the hub has told how to race.

use leptos::prelude::*;

use crate::Ctx;
use crate::components::Logo;
use crate::state::Page;

/// The first thing that is seen, and what stays while the hub can't be reached.
#[component]
pub fn Loading() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let line = ctx.read(Page::boot_line);
    let failed = Memo::new(move |_| !line.read().is_empty());
    view! {
        <main class="centre loading" data-testid="loading">
            <h1>
                <Logo />
            </h1>
            <div class="wheel" aria-hidden="true"></div>
            <Show when=move || failed.get() fallback=move || view! { <p class="lead">{words.getting_ready()}</p> }>
                <p class="lead" data-testid="boot-error">{line}</p>
                <p class="note">{words.is_the_hub_there()}</p>
            </Show>
        </main>
    }
}
