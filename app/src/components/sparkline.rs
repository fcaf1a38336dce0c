//! The last two minutes of output, with the record ride behind.

use leptos::prelude::*;

use crate::Ctx;
use crate::state::{Page, Spark};

/// The sparkline of the race.
#[component]
pub fn Sparkline() -> impl IntoView {
    let ctx = Ctx::here();
    let spark = ctx.read_when(Page::spark_key, Page::spark);
    // From just above the best down to half of it, where a race is decided. Who rides less leaves it at the lower edge.
    let (above, height) = (Spark::HEIGHT / 20, Spark::HEIGHT / 2);
    let parts = [&*above.to_string(), &Spark::WIDTH.to_string(), &(above + height).to_string()].join(" ");
    let view_box = ["0 -", &parts].concat();
    view! {
        <svg class="spark" viewBox=view_box preserveAspectRatio="none" aria-hidden="true">
            <path class="record" d=move || spark.read().record.clone()></path>
            <path class="line" d=move || spark.read().own.clone()></path>
        </svg>
    }
}
