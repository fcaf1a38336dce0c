//! A list of any length with as many elements as fit on a screen: they stay, and riders move through them.

use leptos::html::Div;
use leptos::prelude::*;

use super::Avatar;
use crate::Ctx;
use crate::platform::clock;
use crate::state::{Input, Line, Page};

/// The list of the room that is open.
#[component]
pub fn LongList() -> impl IntoView {
    let ctx = Ctx::here();
    let count = ctx.read(Page::list_len);
    let own = ctx.read(Page::own_line);
    let first = RwSignal::new(0_usize);
    let lines = ctx.lines(first, SHOWN);
    let scroller = NodeRef::<Div>::new();
    let scrolled = move || {
        if let Some(scroller) = scroller.get_untracked() {
            let top = usize::try_from(scroller.scroll_top()).unwrap_or(0) / ROW;
            // A row above the edge, so that a scroll by a part of a row shows no gap.
            first.set(top.saturating_sub(1));
            ctx.tell(Input::Touched);
        }
    };
    let to_own = move || {
        if let (Some(scroller), Some(own)) = (scroller.get_untracked(), own.get_untracked()) {
            let above = (own * ROW).saturating_sub(ROW * 3);
            scroller.set_scroll_top(i32::try_from(above).unwrap_or(i32::MAX));
        }
    };
    let slot = move |at: usize| {
        let line = Memo::new(move |_| lines.with(|lines| lines.get(at).cloned()));
        view! { <Row line index=Signal::derive(move || first.get() + at) /> }
    };
    view! {
        <div class="long" node_ref=scroller on:scroll=move |_| scrolled() tabindex="0" data-testid="long-list">
            <div
                class="long-inside"
                role="table"
                aria-rowcount=move || count.get().to_string()
                style=("--rows", move || count.get().to_string())
            >
                <div role="rowgroup" class="long-rows" style=("--first", move || first.get().to_string())>
                    {(0..SHOWN).map(slot).collect_view()}
                </div>
            </div>
        </div>
        <Show when=move || own.get().is_some()>
            <button type="button" class="plain to-own" data-testid="to-own" on:click=move |_| to_own()>
                {ctx.words().back_to_me()}
            </button>
        </Show>
    }
}

/// One line.
#[component]
fn Row(
    /// What is on it.
    line: Memo<Option<Line>>,
    /// Its place in the list, from 0.
    index: Signal<usize>,
) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let text = move |part: fn(&Line) -> String| move || line.read().as_ref().map(part).unwrap_or_default();
    let is = move |what: fn(&Line) -> bool| move || line.read().as_ref().is_some_and(what);
    let racer =
        Signal::derive(move || line.read().as_ref().and_then(|line| line.racer).map_or(0, |id| id.get()));
    let pictured = Memo::new(move |_| line.read().as_ref().is_some_and(|line| line.racer.is_some()));
    let open = move || {
        if let Some(room) = line.with_untracked(|line| line.as_ref().and_then(|line| line.opens)) {
            ctx.tell(Input::Enter(room));
        }
    };
    view! {
        <div
            role="row"
            class="long-row"
            class:own=is(|line| line.own)
            class:dim=is(|line| line.dim)
            class:absent=move || line.read().is_none()
            class:opens=is(|line| line.opens.is_some())
            aria-rowindex=move || (index.get() + 1).to_string()
            aria-hidden=move || line.read().is_none().then_some("true")
            data-testid=move || line.read().is_some().then_some("list-row")
            tabindex=move || if line.read().as_ref().is_some_and(|line| line.opens.is_some()) { "0" } else { "-1" }
            on:click=move |_| open()
            on:keydown=move |event| {
                if event.key() == "Enter" {
                    open();
                }
            }
        >
            <span role="cell" class="rank">{text(|line| line.rank.clone())}</span>
            <span role="cell" class="rider">
                <Show when=move || pictured.get()>
                    <Avatar racer />
                </Show>
                <bdi class="name">{text(|line| line.name.clone())}</bdi>
            </span>
            <span role="cell" class="when">{move || line.read().as_ref().and_then(|line| line.began).map(|ms| clock::local(words, ms))}</span>
            <span role="cell" class="note">{text(|line| line.note.clone())}</span>
            <span role="cell" class="score">{text(|line| line.score.clone())}</span>
        </div>
    }
}

/// How many lines there are elements for: more than the tallest screen shows.
const SHOWN: usize = 24;
/// The height of a line in CSS pixels: `--row` in `rooms.css`.
const ROW: usize = 56;
