//! Ready? Bike, hub and clock, each with a sign, a word and what to do.

use leptos::prelude::*;

use crate::Ctx;
use crate::state::{Check, Checked, Page};

/// The three, and what a race that begins now would lack.
#[component]
pub fn Checks() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    view! {
        <ul class="checks" aria-label=words.is_all_ready()>
            <Line id="check-bike" of=words.bike() check=ctx.read(|page| page.check(Checked::Bike)) />
            <Line id="check-hub" of=words.hub() check=ctx.read(|page| page.check(Checked::Hub)) />
            <Line id="check-clock" of=words.clock() check=ctx.read(|page| page.check(Checked::Clock)) />
        </ul>
        <p class="lead ready-line" data-testid="ready">{ctx.read(Page::ready_line)}</p>
    }
}

/// One of the three.
#[component]
fn Line(
    /// The name for tests.
    id: &'static str,
    /// What is looked at.
    of: &'static str,
    /// How it is.
    check: Memo<Check>,
) -> impl IntoView {
    let sign = move || match check.read().light.name() {
        "good" => "✓",
        "wait" => "…",
        _ => "!",
    };
    view! {
        <li class="check" data-testid=id data-state=move || check.read().light.name()>
            <span class="sign" aria-hidden="true">{sign}</span>
            <span class="note">{of}</span>
            <b>{move || check.read().word.clone()}</b>
            <small>{move || check.read().advice.clone()}</small>
        </li>
    }
}
