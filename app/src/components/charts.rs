//! Charts as plain SVG: the last two minutes of output, a race's output, a field's scores. Each says in words
//! what it shows.

use leptos::prelude::*;

use crate::Ctx;
use crate::state::{Page, Spark};

/// The last two minutes of output, with the record ride behind.
#[component]
pub fn Sparkline() -> impl IntoView {
    let ctx = Ctx::here();
    let spark = ctx.read_when(Page::spark_key, Page::spark);
    let view_box = upper((Spark::WIDTH, Spark::HEIGHT));
    view! {
        <svg class="spark" viewBox=view_box preserveAspectRatio="none" aria-hidden="true">
            <path class="record" d=move || spark.read().record.clone()></path>
            <path class="line" d=move || spark.read().own.clone()></path>
        </svg>
    }
}

/// The output over a race: the winner's, and the own.
#[component]
pub fn OutputChart(
    /// What the own line is called.
    own: &'static str,
) -> impl IntoView {
    let ctx = Ctx::here();
    let charts = ctx.read_when(Page::charts_key, Page::charts);
    let empty = Memo::new(move |_| charts.read().own.is_none() && charts.read().winner.is_none());
    let winner = move || charts.read().winner.clone().unwrap_or_default();
    let name = move || winner().1;
    view! {
        <figure class="chart" class:none=empty data-testid="output-chart">
            <figcaption>
                {ctx.words().output()}
                <span class="legend own-key" class:none=move || charts.read().own.is_none()>{own}</span>
                <span class="legend record-key" class:none=move || charts.read().winner.is_none()><bdi>{name}</bdi></span>
            </figcaption>
            <svg viewBox=upper(Page::CHART) preserveAspectRatio="none" aria-hidden="true">
                <path class="record" d=move || winner().0></path>
                <path class="line" d=move || charts.read().own.clone().unwrap_or_default()></path>
            </svg>
            <p class="note">{move || charts.read().summary.clone()}</p>
        </figure>
    }
}

/// How many of the field have which score.
#[component]
pub fn ScoreBars() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let charts = ctx.read_when(Page::charts_key, Page::charts);
    let empty = Memo::new(move |_| charts.read().bars.is_empty());
    let bars = move || {
        let charts = charts.get();
        let most = charts.bars.iter().copied().max().unwrap_or(1).max(1);
        let bar = |(at, count): (usize, &usize)| {
            let height = (count * 100 / most).to_string();
            view! { <i class:own=charts.own_bar == Some(at) style=("--height", height)></i> }
        };
        charts.bars.iter().enumerate().map(bar).collect_view()
    };
    let told = move || {
        let charts = charts.get();
        let own = charts.own_bar.map(|bar| charts.bars[..bar].iter().sum::<usize>())?;
        let field: usize = charts.bars.iter().sum();
        Some(words.ahead_of_field(&(own * 100 / field.max(1)).to_string()))
    };
    view! {
        <figure class="chart" class:none=empty data-testid="score-bars">
            <figcaption>{words.scores_of_field()}</figcaption>
            <div class="bars" aria-hidden="true">{bars}</div>
            <p class="note">{told}</p>
        </figure>
    }
}

/// The part of a chart's box that is shown: from just above the best down to half of it, where a race is decided.
/// Who rides less leaves it at the lower edge.
fn upper((width, height): (u32, u32)) -> String {
    let above = height / 20;
    ["0 -", &above.to_string(), " ", &width.to_string(), " ", &(above + height / 2).to_string()].concat()
}
