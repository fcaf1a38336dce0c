//! A ride: numbers, charts, files.

use leptos::prelude::*;

use super::{Trouble, name};
use crate::Ctx;
use crate::components::{PlotView, ScoreBars};
use crate::state::rooms::Room;
use crate::state::{Input, Page};

/// A ride.
#[component]
pub fn RideSheet() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let listing = ctx.read(Page::listing);
    let place = ctx.read(Page::ride_place);
    let score = ctx.read(Page::ride_score);
    let racer = ctx.now(|page| match page.rooms().here() {
        Some(Room::Ride(_, _, racer)) => Some(racer),
        _ => None,
    });
    let output = ctx.read_when(Page::charts_key, Page::output_plot);
    let places = ctx.read_when(Page::charts_key, Page::places_plot);
    view! {
        <section class="sheet" data-testid="listing" data-state=move || name(&listing.read())>
            <Trouble />
            <p class="ride-numbers">
                <span>{words.place()} " " <b>{place}</b></span>
                <span>
                    {words.score()}
                    " "
                    <b data-testid="ride-score" data-value=move || score.get().1>
                        {move || score.get().0}
                    </b>
                </span>
                {racer
                    .map(|racer| {
                        view! {
                            <button
                                type="button"
                                class="plain"
                                data-testid="all-rides"
                                on:click=move |_| ctx.tell(Input::Enter(Room::Racer(racer)))
                            >
                                {words.all_rides()}
                            </button>
                        }
                    })}
            </p>
            <div class="ride-charts">
                <PlotView title=words.output() id="output-chart" plot=output />
                <PlotView title=words.place() id="places-chart" plot=places />
                <ScoreBars />
            </div>
            <Files />
        </section>
    }
}

/// The ride's files, to be downloaded or scanned.
#[component]
fn Files() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let files = ctx.read(Page::ride_files);
    let scan = move |qr: String| {
        view! {
            <figure class="qr" data-testid="qr">
                <div inner_html=qr></div>
                <figcaption>{words.scan_it()}</figcaption>
            </figure>
        }
    };
    view! {
        <div class="files">
            {move || {
                let files = files.get()?;
                Some(
                    view! {
                        <a class="plain" href=files.fit download="" data-testid="fit">
                            "FIT"
                        </a>
                        <a class="plain" href=files.tcx download="" data-testid="tcx">
                            "TCX"
                        </a>
                        <a class="plain" href=files.csv download="" data-testid="csv">
                            "CSV"
                        </a>
                        {(!files.qr.is_empty()).then(|| scan(files.qr))}
                    },
                )
            }}
        </div>
    }
}
