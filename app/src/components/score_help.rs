//! What the score is, for who asks: a touch on it opens the words.

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::Ctx;

/// The touchable part of the score's tile, and the dialog.
#[component]
pub fn ScoreHelp() -> impl IntoView {
    let words = Ctx::here().words();
    let dialog = NodeRef::<Dialog>::new();
    let show = move |_| {
        if let Some(dialog) = dialog.get() {
            // It is open already, or the browser has none: both are well.
            let _ = dialog.show_modal();
        }
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get() {
            dialog.close();
        }
    };
    view! {
        <button type="button" class="figure-help" data-testid="score-help" aria-label=words.what_is_score() on:click=show>
            "?"
        </button>
        <dialog class="help" node_ref=dialog aria-labelledby="score-help-title" on:click=close>
            <h2 id="score-help-title">{words.your_score()}</h2>
            <p>{words.each_second()}</p>
            <p class="formula">{words.score_formula()}</p>
            <p>
                {words.score_is_sum()}
            </p>
            <button type="button" class="go" data-testid="score-help-close" on:click=close>{words.ride_on()}</button>
        </dialog>
    }
}
