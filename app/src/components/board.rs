//! The live board: ten lines that never move. Riders move through them.

use alleycat_shared::race::TOP;
use leptos::prelude::*;

use super::{Avatar, Icon, icon};
use crate::Ctx;
use crate::state::rooms::Room;
use crate::state::{BoardKey, Input, Page, format};
use crate::words::Lang;

/// The board of the class, "Here now".
#[component]
pub fn Board(
    /// How the chosen racer's line is marked.
    own: &'static str,
) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let key = ctx.read(Page::board_key);
    let field = ctx.read(Page::field_line);
    let class = ctx.read(Page::class_name);
    let split = ctx.read(Page::is_split);
    let empty = ctx.read(Page::is_board_empty);
    let riding = ctx.now(Page::view) == crate::state::View::Racing;
    view! {
        <section class="board" class:split=split aria-label=words.live_board()>
            <div class="board-head">
                <h2>
                    <Show when=move || riding fallback=move || words.here_now()>
                        <Against />
                    </Show>
                </h2>
                <button
                    type="button"
                    class="plain everybody"
                    data-testid="everybody"
                    on:click=move |_| ctx.tell(Input::Enter(Room::Field))
                >
                    <span class="class"><bdi>{class}</bdi> " · "</span>
                    <span class="name">{field}</span>
                    <Icon path=icon::ON />
                </button>
            </div>
            <Show when=move || empty.get()>
                <p class="board-empty">{words.nobody_rides()}</p>
            </Show>
            <table>
                <thead>
                    <tr>
                        <th scope="col" class="rank"><abbr title=words.place()>"#"</abbr></th>
                        <th scope="col" class="rider">{words.rider()}</th>
                        <th scope="col" class="score">{words.score()}</th>
                        <th scope="col" class="gap">{words.gap()}</th>
                        <th scope="col" class="time">{words.time()}</th>
                    </tr>
                </thead>
                <tbody>{(0..TOP).map(|index| view! { <Line key index own /> }).collect_view()}</tbody>
            </table>
        </section>
    }
}

/// Against whom: the riders of this race, or everybody's record ride.
#[component]
fn Against() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let all_time = ctx.read(Page::is_all_time);
    let side = move |label: &'static str, id: &'static str, wanted: bool| {
        view! {
            <button
                type="button"
                data-testid=id
                aria-pressed=move || (all_time.get() == wanted).to_string()
                on:click=move |_| ctx.tell(Input::AllTime(wanted))
            >
                {label}
            </button>
        }
    };
    view! {
        <span class="against" role="group" aria-label=words.board()>
            {side(words.here_now(), "here-now", false)} {side(words.all_time(), "all-time", true)}
        </span>
    }
}

/// One slot of the board.
#[component]
pub fn Line(
    /// What all lines depend on.
    key: Memo<BoardKey>,
    /// Which slot, counted from 0.
    index: usize,
    /// How the chosen racer's line is marked.
    own: &'static str,
) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let slot = ctx.slot(key, index);
    let is = move |what: fn(&crate::state::Slot) -> bool| slot.read().as_ref().is_some_and(what);
    let text = move |what: fn(&crate::state::Slot) -> String| {
        move || slot.read().as_ref().map(what).unwrap_or_default()
    };
    let gap = move |told: fn(Lang, f64) -> String| {
        move || slot.read().as_ref().and_then(|slot| slot.gap).map(|gap| told(words, gap))
    };
    // A memo: the picture is drawn anew for another racer, not for each score.
    let racer = Memo::new(move |_| slot.read().as_ref().map_or(0, |slot| slot.racer.get()));
    view! {
        <tr
            class:own=move || is(|slot| slot.own)
            class:dim=move || is(|slot| slot.dim)
            class:gone=move || is(|slot| slot.gone)
            class:free=move || slot.read().is_none()
            aria-hidden=move || slot.read().is_none().then_some("true")
            aria-current=move || is(|slot| slot.own).then_some("true")
            data-testid=move || slot.read().is_some().then_some("board-row")
            data-racer=move || slot.read().as_ref().map(|slot| slot.racer.to_string())
        >
            <td class="rank">{text(|slot| slot.rank.to_string())}</td>
            <td class="rider">
                <Avatar racer />
                <bdi class="name">{text(|slot| slot.name.clone())}</bdi>
                <span class="mark">
                    {move || match &*slot.read() {
                        Some(slot) if slot.own => own,
                        Some(slot) if slot.gone => words.left(),
                        _ => "",
                    }}
                </span>
            </td>
            <td class="score">{text(|slot| format::whole(slot.score.get()))}</td>
            <td class="gap">
                {gap(Lang::signed)} " "
                <span class="hidden">
                    {gap(|words, gap| if gap < 0.0 { words.behind() } else { words.ahead() }.to_owned())}
                </span>
            </td>
            <td class="time">
                {move || slot.read().as_ref().and_then(|slot| slot.gap_seconds).map(|gap| words.some_seconds(gap))}
            </td>
        </tr>
    }
}
