//! The messages of this page, the latest first, with what became of each.

use leptos::prelude::*;

use super::Window;
use super::window::Pane;
use crate::Ctx;
use crate::platform::clock;
use crate::state::Page;
use crate::state::service::{Delivery, Logged};

/// The table.
#[component]
pub fn MessageTable() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let count = ctx.read(|page| page.service().messages().len());
    let summary = ctx.read(summary);
    view! {
        <p class="note" data-testid="message-summary">{summary}</p>
        <div class="message-row message-head" aria-hidden="true">
            <span>{words.message_id()}</span>
            <span>{words.message_second()}</span>
            <span>{words.device_time()}</span>
            <span>{words.resistance()}</span>
            <span>{words.cadence()}</span>
            <span>{words.message_status()}</span>
        </div>
        <Window
            pane=Pane::new(ROW)
            count
            shown=SHOWN
            role="table"
            label=words.messages()
            id="messages"
            each=|index| view! { <Message index /> }
        />
    }
}

/// One message.
#[component]
fn Message(
    /// Its place in the list, from 0.
    #[prop(into)]
    index: Signal<usize>,
) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let row = ctx.read_at(index, |page, index| page.service().messages().nth(index).cloned());
    let text = move |part: fn(&Logged) -> String| move || row.read().as_ref().map(part).unwrap_or_default();
    view! {
        <div
            role="row"
            class="message-row"
            class:absent=move || row.read().is_none()
            aria-rowindex=move || (index.get() + 1).to_string()
            aria-hidden=move || row.read().is_none().then_some("true")
            data-testid=move || row.read().is_some().then_some("message")
            data-state=move || row.read().as_ref().map(|row| row.delivery.name())
            data-second=text(|row| row.second.get().to_string())
        >
            <span role="cell" title=text(|row| row.id.to_string())>
                {text(|row| row.id.to_string()[..8].to_owned())}
            </span>
            <span role="cell">{text(|row| row.second.get().to_string())}</span>
            <span role="cell">{text(|row| clock::precise(row.device_timestamp))}</span>
            <span role="cell">{move || row.read().as_ref().map(|row| [&words.tenths(row.resistance.get()), " %"].concat())}</span>
            <span role="cell">{move || row.read().as_ref().map(|row| [&words.tenths(row.cadence.get()), " ", words.rpm()].concat())}</span>
            <span role="cell" class="delivery">{move || row.read().as_ref().map(|row| row.delivery.word(words))}</span>
        </div>
    }
}

/// How many have come to what.
fn summary(page: &Page) -> String {
    let messages = page.service().messages();
    let count = |delivery: Delivery| (messages.count(delivery), delivery.word(page.words()));
    let told = Delivery::ALL.map(count).into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<_> = told.map(|(count, word)| [&count.to_string(), " ", word].concat()).collect();
    if told.is_empty() { page.words().no_message_yet().to_owned() } else { told.join(" · ") }
}

/// How many messages there are elements for.
const SHOWN: usize = 30;
/// The height of a message in CSS pixels.
const ROW: usize = 40;
