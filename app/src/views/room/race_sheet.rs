//! A race: its first three, its result, and how it was ridden.

use leptos::prelude::*;

use super::Lines;
use crate::Ctx;
use crate::components::{FirstThree, PlotView, ScoreBars};
use crate::state::Page;
use crate::state::rooms::Room;

/// A race.
#[component]
pub fn RaceSheet() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let path = match ctx.now(|page| page.rooms().here()) {
        Some(Room::Race(race, class)) => {
            Some(["/api/races/", &race.to_string(), "/classes/", &class.to_string(), "/results.csv"].concat())
        }
        _ => None,
    };
    let output = ctx.read_when(Page::charts_key, Page::output_plot);
    let places = ctx.read_when(Page::charts_key, Page::places_plot);
    view! {
        <div class="sheets">
            <div class="column">
                <FirstThree />
                <Lines />
            </div>
            <section class="sheet charts" aria-label=words.how_it_was_ridden()>
                <PlotView title=words.output() id="output-chart" plot=output />
                <PlotView title=words.place() id="places-chart" plot=places />
                <ScoreBars />
                {path
                    .map(|path| {
                        view! {
                            <a class="plain" href=path download="" data-testid="result-csv">
                                {words.result_as_csv()}
                            </a>
                        }
                    })}
            </section>
        </div>
    }
}
