//! A racer: all rides, their trend, the best one of each class.

use alleycat_shared::RacerId;
use leptos::prelude::*;

use super::{Lines, Privacy};
use crate::Ctx;
use crate::components::PlotView;
use crate::state::{Input, Page, RecordLine};

/// A racer.
#[component]
pub fn RacerSheet(
    /// Who.
    racer: RacerId,
) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let trend = ctx.read_when(Page::charts_key, Page::trend_plot);
    let records = ctx.read_when(Page::charts_key, Page::record_lines);
    let none = Memo::new(move |_| records.read().is_empty() && trend.read().is_none());
    let record = move |line: RecordLine| {
        let opens = line.opens;
        view! {
            <li>
                <button type="button" class="record-line" on:click=move |_| ctx.tell(Input::Enter(opens))>
                    <span class="name">{line.class}</span>
                    <b>{line.score}</b>
                    <span class="note">{line.place}</span>
                </button>
            </li>
        }
    };
    view! {
        <div class="sheets">
            <Lines />
            <div class="column">
                <section class="sheet charts" class:none=none aria-label=words.trend_and_records()>
                    <PlotView title=words.trend() id="trend-chart" plot=trend />
                    <div class="records" class:none=move || records.read().is_empty() data-testid="records">
                        <h2>{words.best_of_each_class()}</h2>
                        <ul>{move || records.get().into_iter().map(record).collect_view()}</ul>
                    </div>
                </section>
                <Privacy racer />
            </div>
        </div>
    }
}
