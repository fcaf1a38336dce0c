//! A podium or a record is celebrated for three seconds; not for who wants no motion.

use leptos::prelude::*;

use crate::Ctx;
use crate::state::Page;

/// The paper rain.
#[component]
pub fn Confetti() -> impl IntoView {
    let celebrates = Ctx::here().read(Page::celebrates);
    view! {
        <Show when=move || celebrates.get()>
            <div class="confetti" aria-hidden="true" data-testid="confetti">
                {(0..PIECES)
                    .map(|piece| {
                        // Spread by the golden ratio (Knuth, TAOCP 3, 6.4), and let go in no order of it.
                        let left = (piece * 618 % 1_000).to_string();
                        let wait = (piece * piece * 137 % 1_000).to_string();
                        view! { <i style=("--left", left) style=("--wait", wait)></i> }
                    })
                    .collect_view()}
            </div>
        </Show>
    }
}

const PIECES: u32 = 48;
