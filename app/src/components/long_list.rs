//! A list of any length with as many elements as fit on a screen: they stay, and riders move through them.
//!
//! It has the keyboard's focus as a whole, and one of its lines is chosen: arrows, Page, Home and End choose another
//! one, Enter opens it.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::window::Pane;
use super::{LongRow, Window};
use crate::Ctx;
use crate::state::{Input, Page};

/// The list of the room that is open.
///
/// It follows the own line, wherever that goes, until the rider scrolls or chooses another line; and again when
/// asked to.
#[component]
pub fn LongList() -> impl IntoView {
    let ctx = Ctx::here();
    let count = ctx.read(Page::list_len);
    let own = ctx.read(Page::own_line);
    let title = ctx.read(Page::room_title);
    let pane = Pane::new(ROW);
    let chosen = RwSignal::new(None::<usize>);
    let follows = RwSignal::new(true);
    Effect::new(move |_| {
        own.track();
        count.track();
        if follows.get() {
            // In a frame the list has its new height: one that is too low would not scroll far enough.
            request_animation_frame(move || follow(pane, own, follows));
        }
    });
    let by_hand = move || follows.set(false);
    let on_key = move |event: KeyboardEvent| {
        let key = event.key();
        if key == "Enter" {
            let opens = chosen.get_untracked().and_then(|at| ctx.now(|page| page.list_lines(at, 1).pop()));
            if let Some(room) = opens.and_then(|line| line.opens) {
                ctx.tell(Input::Enter(room));
            }
            return;
        }
        let Some((top, rows)) = pane.shows() else { return };
        let Some(at) = moved(&key, chosen.get_untracked(), top, count.get_untracked(), rows) else {
            return;
        };
        event.prevent_default();
        by_hand();
        chosen.set(Some(at));
        pane.reveal(at);
    };
    view! {
        <Window
            pane
            count
            shown=SHOWN
            role="grid"
            label=title
            id="long-list"
            moved=by_hand
            each=move |index| view! { <LongRow index chosen /> }
            on:keydown=on_key
            attr:aria-activedescendant=move || chosen.get().map(|at| ["line-", &at.to_string()].concat())
        />
        <Show when=move || own.get().is_some()>
            <button type="button" class="plain to-own" data-testid="to-own" on:click=move |_| follows.set(true)>
                {ctx.words().back_to_me()}
            </button>
        </Show>
    }
}

/// Brings the own line to the screen, unless the rider has scrolled meanwhile or left the list.
fn follow(pane: Pane, own: Memo<Option<usize>>, follows: RwSignal<bool>) {
    if follows.try_get_untracked() != Some(true) {
        return;
    }
    match own.get_untracked() {
        Some(own) => pane.put(own, ABOVE),
        None => pane.stay(),
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
/// The height of a line in CSS pixels.
const ROW: usize = 56;
/// How many lines are above the own one.
const ABOVE: usize = 3;

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
