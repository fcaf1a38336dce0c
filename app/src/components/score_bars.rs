//! How many of the field have which score, and where the ride that is shown is among them.

use leptos::prelude::*;

use super::{TableSwitch, TableTwin};
use crate::Ctx;
use crate::state::{Page, ScoreBars as Bars};

/// The bars; nothing for a small field.
#[component]
pub fn ScoreBars() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let chart = ctx.read_when(Page::charts_key, Page::score_bars);
    let as_table = RwSignal::new(false);
    let part = move |part: fn(&Bars) -> String| move || chart.read().as_ref().map(part).unwrap_or_default();
    let bars = move || {
        let chart = chart.get().unwrap_or_default();
        let most = chart.counts.iter().copied().max().unwrap_or(1).max(1);
        let here = if chart.own_is_you { words.you() } else { words.you_are_here() };
        let bar = |(at, count): (usize, &usize)| {
            let height = (count * 100 / most).to_string();
            let is_own = chart.own == Some(at);
            view! {
                <span class="bar" class:own=is_own style=("--height", height)>
                    {is_own.then(|| view! { <b>{here}</b> })}
                    <i></i>
                </span>
            }
        };
        chart.counts.iter().enumerate().map(bar).collect_view()
    };
    let table =
        Memo::new(move |_| chart.read().as_ref().map(|chart| chart.table.clone()).unwrap_or_default());
    view! {
        <figure class="chart" class:none=move || chart.read().is_none() data-testid="score-bars">
            <figcaption>
                <span class="keys">
                    <b>{words.scores_of_field()}</b>
                </span>
                <TableSwitch title=words.scores_of_field() as_table />
            </figcaption>
            <div class="plot" class:none=as_table>
                <div class="bars" aria-hidden="true">
                    {bars}
                </div>
                <p class="along" aria-hidden="true">
                    <span>{part(|chart| chart.along[0].clone())}</span>
                    <span>{part(|chart| chart.along[1].clone())}</span>
                    <span>{part(|chart| chart.along[2].clone())}</span>
                </p>
            </div>
            <Show when=move || as_table.get()>
                <TableTwin title=words.scores_of_field() table />
            </Show>
            <p class="note">{part(|chart| chart.summary.clone())}</p>
        </figure>
    }
}
