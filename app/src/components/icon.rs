//! Icons of our own: one path each, drawn in the colour of the words beside it.

use leptos::prelude::*;

/// An icon. It says nothing to those who listen: words beside it do.
#[component]
pub fn Icon(
    /// Its lines, in a box of 24 by 24: one of this module's.
    path: &'static str,
) -> impl IntoView {
    let leads = path == BACK || path == ON;
    view! {
        <svg class="icon" class:leads=leads viewBox="0 0 24 24" aria-hidden="true">
            <path d=path></path>
        </svg>
    }
}

/// Ahead of the own record; won.
pub const TROPHY: &str =
    "M8 4h8v6a4 4 0 0 1-8 0zM8 6H4v1a4 4 0 0 0 4 4M16 6h4v1a4 4 0 0 1-4 4M12 14v5M8 20h8";
/// To where one came from: the other way round where one writes from right to left.
pub const BACK: &str = "M15 5l-7 7 7 7";
/// To more of it, turned likewise.
pub const ON: &str = "M9 5l7 7-7 7";
/// Ahead.
pub const UP: &str = "M5 15l7-8 7 8";
/// Behind.
pub const DOWN: &str = "M5 9l7 8 7-8";
/// Takes back the last one.
pub const ERASE: &str = "M9 5h11v14H9l-6-7zM12 9.500l5 5M17 9.500l-5 5";
/// Once more.
pub const AGAIN: &str = "M19 12a7 7 0 1 1-2.500-5.400L19 9M19 4v5h-5";
/// A list of results.
pub const LIST: &str = "M4 6h1M9 6h11M4 12h1M9 12h11M4 18h1M9 18h11";
/// A ride as a line.
pub const CHART: &str = "M4 19h16M4 15l5-6 4 4 7-8";
/// Another rider.
pub const RIDER: &str = "M12 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8M4 21c0-4 3-6 8-6s8 2 8 6";
