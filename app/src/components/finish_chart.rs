//! The output of the ride that is over, and of the record ride behind it.

use leptos::prelude::*;

use crate::Ctx;
use crate::state::Page;

/// The chart, with the same in words.
#[component]
pub fn FinishChart() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let lines = ctx.read_when(Page::finish_chart_key, Page::finish_chart);
    let summary = ctx.read(Page::finish_chart_line);
    let (width, height) = Page::CHART;
    let view_box = ["0 0 ", &width.to_string(), " ", &height.to_string()].concat();
    view! {
        <figure class="chart finish-chart" data-testid="finish-chart">
            <figcaption>
                {words.output()} " " <span class="legend">{words.you()}</span>
                <span class="legend record-key" class:none=move || lines.read().record.is_empty()>{words.your_best()}</span>
            </figcaption>
            <svg viewBox=view_box preserveAspectRatio="none" aria-hidden="true">
                <path class="record" d=move || lines.read().record.clone()></path>
                <path class="line" d=move || lines.read().own.clone()></path>
            </svg>
            <p class="note">{summary}</p>
        </figure>
    }
}
