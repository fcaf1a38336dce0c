//! The sheet of parts: each component of the page, in each of its states, side by side.

use alleycat_app::Ctx;
use alleycat_app::components::{
    Avatar, Banners, Chips, Figure, HoldButton, Keypad, Logo, PlotView, ScoreBars,
};
use alleycat_app::state::{Page, Settings};
use leptos::context::Provider;
use leptos::prelude::*;

use crate::screens::SCREENS;

/// The sheet.
#[component]
pub fn Sheet(
    /// The language and the colours.
    like: Settings,
) -> impl IntoView {
    let racers = (0..24).map(|racer| view! { <Avatar racer=Signal::stored(racer * 7 + 1) /> }).collect_view();
    view! {
        <main class="sheet-of-parts">
            <h1>"Parts"</h1>
            <Part name="Logo">
                <Logo />
            </Part>
            <Part name="Colours">{COLOURS.iter().map(|(name, on)| swatch(name, on)).collect_view()}</Part>
            <Part name="Riders">{racers}</Part>
            <Part name="Bike and hub">
                {["setup-no-bridge", "setup-no-port", "setup-new", "setup", "setup-stale", "setup-lost", "setup-garbage", "setup-offline"]
                    .map(|screen| view! { <In screen like><Chips /></In> })
                    .collect_view()}
            </Part>
            <Part name="Trouble">
                <In screen="racing-both" like><Banners /></In>
            </Part>
            <Part name="Buttons">
                <button type="button" class="go">"Start Race"</button>
                <button type="button" class="go second">"Next race" <small>"It starts in 1:07"</small></button>
                <button type="button" class="go" disabled=true>"Joining…"</button>
                <button type="button" class="plain">"Full result"</button>
                <HoldButton label="Hold to leave" name="Hold to leave: for one second" id="hold" on_held=|| {} />
                <button type="button" class="hold holding"><span>"Hold to leave"</span></button>
            </Part>
            <Part name="Figures">
                {["7", "412", "3:07", "153.5", "--"]
                    .map(|value| {
                        let words = |text: &str| Signal::stored(text.to_owned());
                        view! { <Figure label="Label" value=words(value) note=words("unit") id="figure" /> }
                    })
                    .collect_view()}
            </Part>
            <Part name="Keypad">
                <In screen="setup" like><Keypad /></In>
            </Part>
            <Part name="Charts">
                <In screen="race" like>
                    <Charts />
                </In>
            </Part>
        </main>
    }
}

/// The charts of a race.
#[component]
fn Charts() -> impl IntoView {
    let ctx = Ctx::here();
    view! {
        <PlotView title="Output" id="output-chart" plot=ctx.read_when(Page::charts_key, Page::output_plot) />
        <PlotView title="Place" id="places-chart" plot=ctx.read_when(Page::charts_key, Page::places_plot) />
        <ScoreBars />
    }
}

/// Some parts under a heading.
#[component]
fn Part(
    /// What they are.
    name: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <section class="part" aria-label=name>
            <h2>{name}</h2>
            <div class="part-row">{children()}</div>
        </section>
    }
}

/// Parts as they are on a screen of the gallery.
#[component]
fn In(
    /// Its name.
    screen: &'static str,
    /// The language and the colours.
    like: Settings,
    children: Children,
) -> impl IntoView {
    let screen = SCREENS.iter().find(|known| known.name == screen).expect("a screen of this name");
    let (page, _) = (screen.stage)(like).shown();
    view! { <Provider value=Ctx::new(RwSignal::new(page), |_| {})>{children()}</Provider> }
}

/// A colour with words on it, or in it.
fn swatch(name: &'static str, on: &'static str) -> impl IntoView {
    let (words, ground) = if on.is_empty() { (name, "tile") } else { (on, name) };
    let token = |name: &str| ["var(--", name, ")"].concat();
    view! { <span class="swatch" style=("color", token(words)) style=("background", token(ground))>{name}</span> }
}

/// Each with the colour of the words on it; without one it is itself the colour of words.
const COLOURS: [(&str, &str); 28] = [
    ("bg", "text"),
    ("tile", "text"),
    ("tile-2", "text"),
    ("text", ""),
    ("muted", ""),
    ("accent", "on-accent"),
    ("accent-ink", ""),
    ("accent-soft", "text"),
    ("good", ""),
    ("warn", ""),
    ("bad", ""),
    ("bad-soft", "text"),
    ("sky", ""),
    ("hold", "text"),
    ("output", ""),
    ("cadence", ""),
    ("resistance", ""),
    ("score", ""),
    ("heart", ""),
    ("gold", "on-medal"),
    ("silver", "on-medal"),
    ("bronze", "on-medal"),
    ("class-1", "on-class"),
    ("class-2", "on-class"),
    ("class-3", "on-class"),
    ("class-4", "on-class"),
    ("class-5", "on-class"),
    ("class-6", "on-class"),
];
