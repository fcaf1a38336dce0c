//! The mark and the name.

use leptos::prelude::*;

/// A wheel with a cat's ears, and the name beside it.
#[component]
pub fn Logo() -> impl IntoView {
    view! {
        <span class="logo">
            <svg viewBox="0 0 48 48" aria-hidden="true" inner_html=MARK></svg>
            "Alleycat"
        </span>
    }
}

const MARK: &str = "<path d='M7 5l12 8h10l12-8v22H7z' fill='#ffd23f'/><circle cx='24' cy='28' r='17' fill='#ffd23f'/>\
    <circle cx='24' cy='28' r='11.500' fill='none' stroke='#0b1220' stroke-width='2.500'/>\
    <path d='M24 17v22M13 28h22M16.200 20.200l15.600 15.600M31.800 20.200L16.200 35.800' stroke='#0b1220' \
    stroke-width='1.200'/><circle cx='24' cy='28' r='3' fill='#0b1220'/>";
