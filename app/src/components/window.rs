//! A list of any length with as many elements as fit on a screen: they stay, and what they show moves through
//! them.

use leptos::html::Div;
use leptos::prelude::*;

/// The list. Its height is that of `count` rows; elements there are `shown`.
#[component]
pub fn Window<V: IntoView + 'static>(
    /// How many rows the list has.
    #[prop(into)]
    count: Signal<usize>,
    /// The height of a row in CSS pixels.
    row: u32,
    /// How many rows there are elements for: more than the tallest screen shows.
    shown: usize,
    /// What it is, for those who listen.
    #[prop(into)]
    label: Signal<String>,
    /// The name for tests.
    id: &'static str,
    /// Makes the element of a place that moves.
    each: impl Fn(Signal<usize>) -> V,
) -> impl IntoView {
    let first = RwSignal::new(0_usize);
    let scroller = NodeRef::<Div>::new();
    let scrolled = move || {
        if let Some(scroller) = scroller.get_untracked() {
            let top = u32::try_from(scroller.scroll_top()).unwrap_or(0) / row;
            // A row above the edge, so that a scroll by a part of a row shows no gap.
            first.set((top as usize).saturating_sub(1));
        }
    };
    let slots = (0..shown).map(|at| each(Signal::derive(move || first.get() + at))).collect_view();
    view! {
        <div
            class="long"
            node_ref=scroller
            on:scroll=move |_| scrolled()
            tabindex="0"
            data-testid=id
            style=("--row", [&row.to_string(), "px"].concat())
        >
            <div
                class="long-inside"
                role="table"
                aria-label=label
                aria-rowcount=move || count.get().to_string()
                style=("--rows", move || count.get().to_string())
            >
                <div role="rowgroup" class="long-rows" style=("--first", move || first.get().to_string())>
                    {slots}
                </div>
            </div>
        </div>
    }
}
