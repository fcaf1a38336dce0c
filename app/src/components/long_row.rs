//! One line of a long list.

use leptos::prelude::*;

use super::{Avatar, Icon, icon};
use crate::Ctx;
use crate::platform::clock;
use crate::state::{Input, Line};

/// The line.
#[component]
pub fn LongRow(
    /// Its place in the list, from 0.
    index: Signal<usize>,
    /// The line that the keyboard has chosen.
    chosen: RwSignal<Option<usize>>,
) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let line = ctx.read_at(index, |page, index| page.list_lines(index, 1).pop());
    let text = move |part: fn(&Line) -> String| move || line.read().as_ref().map(part).unwrap_or_default();
    let is = move |what: fn(&Line) -> bool| move || line.read().as_ref().is_some_and(what);
    let racer =
        Signal::derive(move || line.read().as_ref().and_then(|line| line.racer).map_or(0, |id| id.get()));
    let pictured = Memo::new(move |_| line.read().as_ref().is_some_and(|line| line.racer.is_some()));
    let best = Memo::new(move |_| line.read().as_ref().is_some_and(|line| line.best));
    let open = move |_| {
        if let Some(room) = line.with_untracked(|line| line.as_ref().and_then(|line| line.opens)) {
            ctx.tell(Input::Enter(room));
        }
    };
    view! {
        <div
            role="row"
            id=move || ["line-", &index.get().to_string()].concat()
            class="long-row"
            class:own=is(|line| line.own)
            class:dim=is(|line| line.dim)
            class:chosen=move || chosen.get() == Some(index.get())
            class:absent=move || line.read().is_none()
            class:opens=is(|line| line.opens.is_some())
            aria-rowindex=move || (index.get() + 1).to_string()
            aria-hidden=move || line.read().is_none().then_some("true")
            data-testid=move || line.read().is_some().then_some("list-row")
            on:click=open
        >
            <span role="gridcell" class="rank">{text(|line| line.rank.clone())}</span>
            <span role="gridcell" class="rider">
                <Show when=move || pictured.get()>
                    <Avatar racer />
                </Show>
                <bdi class="name">{text(|line| line.name.clone())}</bdi>
                <span class="mark">{move || if is(|line| line.own)() { words.you() } else { "" }}</span>
            </span>
            <span role="gridcell" class="when">
                {move || line.read().as_ref().and_then(|line| line.began).map(|ms| clock::local(words, ms))}
            </span>
            <span role="gridcell" class="note">{text(|line| line.note.clone())}</span>
            <span role="gridcell" class="score">
                <Show when=move || best.get()>
                    <Icon path=icon::TROPHY />
                    <span class="hidden">{words.best()} " "</span>
                </Show>
                {text(|line| line.score.clone())}
            </span>
        </div>
    }
}
