//! A list of any length with as many elements as fit on a screen: they stay, and riders move through them.
//!
//! It has the keyboard's focus as a whole, and one of its lines is chosen: arrows, Page, Home and End choose another
//! one, Enter opens it.

use leptos::ev::KeyboardEvent;
use leptos::html::Div;
use leptos::prelude::*;

use super::LongRow;
use crate::Ctx;
use crate::state::{Input, Page};

/// The list of the room that is open.
#[component]
pub fn LongList() -> impl IntoView {
    let ctx = Ctx::here();
    let count = ctx.read(Page::list_len);
    let own = ctx.read(Page::own_line);
    let title = ctx.read(Page::room_title);
    let first = RwSignal::new(0_usize);
    let chosen = RwSignal::new(None::<usize>);
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
    // Who opens a list finds the own line at once; from then on the list is where it is scrolled to.
    let found = StoredValue::new(false);
    Effect::new(move |_| {
        if own.get().is_some() && scroller.get().is_some() && !found.get_value() {
            found.set_value(true);
            to_own();
        }
    });
    let on_key = move |event: KeyboardEvent| {
        let Some(scroller) = scroller.get_untracked() else { return };
        let height = usize::try_from(scroller.client_height()).unwrap_or(0);
        let key = event.key();
        if key == "Enter" {
            let opens = chosen.get_untracked().and_then(|at| ctx.now(|page| page.list_lines(at, 1).pop()));
            if let Some(room) = opens.and_then(|line| line.opens) {
                ctx.tell(Input::Enter(room));
            }
            return;
        }
        let top = usize::try_from(scroller.scroll_top()).unwrap_or(0).div_ceil(ROW);
        let Some(at) = moved(&key, chosen.get_untracked(), top, count.get_untracked(), height / ROW) else {
            return;
        };
        event.prevent_default();
        chosen.set(Some(at));
        let (upper, lower) = (at * ROW, (at + 1) * ROW);
        let top = usize::try_from(scroller.scroll_top()).unwrap_or(0);
        let to = if upper < top { upper } else { top.max(lower.saturating_sub(height)) };
        scroller.set_scroll_top(i32::try_from(to).unwrap_or(i32::MAX));
    };
    let slot = move |at: usize| {
        let line = Memo::new(move |_| lines.with(|lines| lines.get(at).cloned()));
        view! { <LongRow line index=Signal::derive(move || first.get() + at) chosen /> }
    };
    view! {
        <div
            class="long"
            node_ref=scroller
            on:scroll=move |_| scrolled()
            on:keydown=on_key
            tabindex="0"
            role="grid"
            aria-label=title
            aria-rowcount=move || count.get().to_string()
            aria-activedescendant=move || chosen.get().map(|at| ["line-", &at.to_string()].concat())
            data-testid="long-list"
        >
            <div class="long-inside" role="presentation" style=("--rows", move || count.get().to_string())>
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

/// The line that a key chooses. `top` is the first whole one on the screen, which shows `page` of them.
fn moved(key: &str, chosen: Option<usize>, top: usize, count: usize, page: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    let page = page.saturating_sub(1).max(1);
    let at = match (key, chosen) {
        ("Home", _) => 0,
        ("End", _) => last,
        ("ArrowDown" | "ArrowUp", None) => top,
        ("ArrowDown", Some(at)) => at + 1,
        ("ArrowUp", Some(at)) => at.saturating_sub(1),
        ("PageDown", chosen) => chosen.unwrap_or(top) + page,
        ("PageUp", chosen) => chosen.unwrap_or(top).saturating_sub(page),
        _ => return None,
    };
    Some(at.min(last))
}

/// How many lines there are elements for: more than the tallest screen shows.
const SHOWN: usize = 24;
/// The height of a line in CSS pixels: `--row` in `rooms.css`.
const ROW: usize = 56;

#[cfg(test)]
mod tests {
    use super::moved;

    #[test]
    fn keys_choose_lines_and_never_leave_the_list() {
        for (key, chosen, expected) in [
            ("ArrowDown", None, Some(5)),
            ("ArrowDown", Some(7), Some(8)),
            ("ArrowDown", Some(99), Some(99)),
            ("ArrowUp", Some(0), Some(0)),
            ("PageDown", Some(7), Some(16)),
            ("PageDown", None, Some(14)),
            ("PageDown", Some(95), Some(99)),
            ("PageUp", Some(7), Some(0)),
            ("Home", Some(50), Some(0)),
            ("End", None, Some(99)),
            ("x", Some(3), None),
        ] {
            assert_eq!(moved(key, chosen, 5, 100, 10), expected, "{key} at {chosen:?}");
        }
        assert_eq!(moved("End", None, 0, 0, 10), None, "nothing to choose");
    }
}
