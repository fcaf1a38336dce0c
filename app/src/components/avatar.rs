//! A cat for every racer id, drawn from the id alone: nothing is fetched.

use leptos::prelude::*;

/// The picture of a racer.
#[component]
pub fn Avatar(
    /// The racer id.
    #[prop(into)]
    racer: Signal<u32>,
) -> impl IntoView {
    // The picture is the same for all: of another racer only colours change, and which mark is seen.
    let colour = move |shift: u32, from: &'static [&'static str]| move || pick(racer.get(), shift, from);
    view! {
        <svg
            class="avatar"
            viewBox="0 0 48 48"
            aria-hidden="true"
            style=("--back", colour(28, &BACKS))
            style=("--coat", colour(24, &COATS))
            style=("--eyes", colour(20, &EYES))
            data-mark=colour(16, &MARKS)
            inner_html=CAT
        ></svg>
    }
}

/// What a racer has of these. Neighbouring ids get far-apart colours: Fibonacci hashing (Knuth, TAOCP 3, 6.4).
fn pick(racer: u32, shift: u32, from: &[&'static str]) -> &'static str {
    let mixed = racer.wrapping_add(1).wrapping_mul(2_654_435_769);
    from[(mixed >> shift) as usize % from.len()]
}

/// The inside of an SVG of 48 by 48, with every mark.
const CAT: &str = "<rect width='48' height='48' rx='14' fill='var(--back)'/>\
    <g fill='var(--coat)'><path d='M9 8l10 8h10l10-8v18H9z'/><ellipse cx='24' cy='28' rx='16.500' ry='14'/></g>\
    <path class='stripes' d='M24 15v6M19.500 15.500v4M28.500 15.500v4' stroke='#0b1220' stroke-opacity='.4' \
     stroke-width='2' stroke-linecap='round'/>\
    <ellipse class='muzzle' cx='24' cy='34.500' rx='8' ry='6' fill='#fff' fill-opacity='.55'/>\
    <path class='patch' d='M24 15c8 0 15 5 16 12-8 2-14-3-16-12z' fill='#0b1220' fill-opacity='.28'/>\
    <path class='ears' d='M9 8l9 7-9 8zM39 8l-9 7 9 8z' fill='#0b1220' fill-opacity='.3'/>\
    <g fill='var(--eyes)'><ellipse cx='17.500' cy='27' rx='3.600' ry='4.200'/>\
    <ellipse cx='30.500' cy='27' rx='3.600' ry='4.200'/></g>\
    <path d='M17.500 23.400v7.200M30.500 23.400v7.200' stroke='#0b1220' stroke-width='2.400' stroke-linecap='round'/>\
    <path d='M22.200 33h3.600L24 35.200z' fill='#ff9aa8'/>";
const BACKS: [&str; 12] = [
    "#2f5d8a", "#7a4b9d", "#2c7a6b", "#a4493d", "#8a6d1f", "#3f6fb5", "#9d3f72", "#4d7a2c", "#5a57a8",
    "#1f7f93", "#96602b", "#6b4fb3",
];
const COATS: [&str; 8] =
    ["#f3e3c8", "#e8a15a", "#c7cedb", "#8d97a8", "#fff7ea", "#d98849", "#5c6577", "#b58f6f"];
const EYES: [&str; 5] = ["#4cd08a", "#ffd23f", "#6fc3ff", "#ffb020", "#b6f09c"];
/// The class of the mark that is seen.
const MARKS: [&str; 5] = ["", "stripes", "muzzle", "patch", "ears"];
