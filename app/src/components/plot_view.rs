//! A chart of lines as plain SVG, with its key, the same in words, and a table in its place for who wants numbers.

use leptos::prelude::*;

use super::TableTwin;
use crate::Ctx;
use crate::state::{Plot, PlotLine};

/// The chart; nothing as long as there is none.
#[component]
pub fn PlotView(
    /// What it shows.
    title: &'static str,
    /// The name for tests.
    id: &'static str,
    /// The lines.
    plot: Memo<Option<Plot>>,
) -> impl IntoView {
    let as_table = RwSignal::new(false);
    let part = move |part: fn(&Plot) -> String| move || plot.read().as_ref().map(part).unwrap_or_default();
    let key = |line: &PlotLine| {
        let kind = line.kind.name();
        (!line.name.is_empty())
            .then(|| view! { <bdi class="legend" data-kind=kind>{line.name.clone()}</bdi> })
    };
    let path = |line: &PlotLine| view! { <path class=line.kind.name() d=line.path.clone()></path> };
    let lines = move || plot.get().map(|plot| plot.lines).unwrap_or_default();
    let keys = move || lines().iter().rev().map(key).collect_view();
    let paths = move || lines().iter().map(path).collect_view();
    let table = Memo::new(move |_| plot.read().as_ref().map(|plot| plot.table.clone()).unwrap_or_default());
    let view_box = ["0 0 ", &Plot::WIDTH.to_string(), " ", &Plot::HEIGHT.to_string()].concat();
    view! {
        <figure class="chart" class:none=move || plot.read().is_none() data-testid=id>
            <figcaption>
                <span class="keys">
                    <b>{title}</b>
                    {keys}
                </span>
                <TableSwitch title as_table />
            </figcaption>
            <div class="plot" class:none=as_table>
                <span class="edge-top">{part(|plot| plot.edges[0].clone())}</span>
                <span class="edge-bottom">{part(|plot| plot.edges[1].clone())}</span>
                <svg viewBox=view_box preserveAspectRatio="none" aria-hidden="true">
                    {paths}
                </svg>
                <p class="along" aria-hidden="true">
                    <span>{part(|plot| plot.along[0].clone())}</span>
                    <span>{part(|plot| plot.along[1].clone())}</span>
                    <span>{part(|plot| plot.along[2].clone())}</span>
                </p>
            </div>
            <Show when=move || as_table.get()>
                <TableTwin title table />
            </Show>
            <p class="note">{part(|plot| plot.summary.clone())}</p>
        </figure>
    }
}

/// Turns a chart into its table, and back.
#[component]
pub fn TableSwitch(
    /// What the chart shows.
    title: &'static str,
    /// Whether the table is up.
    as_table: RwSignal<bool>,
) -> impl IntoView {
    let words = Ctx::here().words();
    let label = move || if as_table.get() { words.chart() } else { words.table() };
    view! {
        <button
            type="button"
            class="chart-switch"
            aria-label=move || [label(), ": ", title].concat()
            on:click=move |_| as_table.update(|table| *table = !*table)
        >
            {label}
        </button>
    }
}
