//! A list of any length with as many elements as fit on a screen: they stay, and what they show moves through
//! them.

use leptos::html::Div;
use leptos::prelude::*;

/// The list. Its height is that of `count` rows; elements there are `shown`.
#[component]
pub fn Window<V: IntoView + 'static>(
    /// Where it is scrolled to.
    pane: Pane,
    /// How many rows the list has.
    #[prop(into)]
    count: Signal<usize>,
    /// How many rows there are elements for: more than the tallest screen shows.
    shown: usize,
    /// What it is, for those who listen: a table, or a grid whose rows are chosen.
    role: &'static str,
    /// Its name, for those who listen.
    #[prop(into)]
    label: Signal<String>,
    /// The name for tests.
    id: &'static str,
    /// Told when the rider has scrolled, by hand and not by [`Pane::put`].
    #[prop(optional, into)]
    moved: Option<Callback<()>>,
    /// Makes the element of a place that moves.
    each: impl Fn(Signal<usize>) -> V,
) -> impl IntoView {
    let first = pane.first;
    let scrolled = move || {
        if pane.scrolled()
            && let Some(moved) = moved
        {
            moved.run(());
        }
    };
    let slots = (0..shown).map(|at| each(Signal::derive(move || first.get() + at))).collect_view();
    view! {
        <div
            class="long"
            node_ref=pane.scroller
            on:scroll=move |_| scrolled()
            tabindex="0"
            role=role
            aria-label=label
            aria-rowcount=move || count.get().to_string()
            data-testid=id
            style=("--row", [&pane.row.to_string(), "px"].concat())
        >
            <div class="long-inside" role="presentation" style=("--rows", move || count.get().to_string())>
                <div role="rowgroup" class="long-rows" style=("--first", move || first.get().to_string())>
                    {slots}
                </div>
            </div>
        </div>
    }
}

/// Where a list is scrolled to.
#[derive(Clone, Copy)]
pub struct Pane {
    scroller: NodeRef<Div>,
    /// The height of a row in CSS pixels.
    row: usize,
    /// The row that the first element shows.
    first: RwSignal<usize>,
    /// Where the list was put, or found, by what is not the rider.
    put: StoredValue<i32>,
}

impl Pane {
    /// A list that is at its beginning, with rows of so many CSS pixels.
    pub fn new(row: usize) -> Self {
        Self { scroller: NodeRef::new(), row, first: RwSignal::new(0), put: StoredValue::new(0) }
    }

    /// The first row that is whole on the screen, and how many are. Nothing before the list is there.
    pub fn shows(self) -> Option<(usize, usize)> {
        let scroller = self.scroller.get_untracked()?;
        let height = usize::try_from(scroller.client_height()).unwrap_or(0);
        Some((self.top()?.div_ceil(self.row), height / self.row))
    }

    /// Scrolls so that this row has so many above it, as far as the list has them. The list has its new height
    /// already: in a frame, and not while signals are still told.
    pub fn put(self, row: usize, above: usize) {
        self.scroll_to(row.saturating_sub(above) * self.row);
    }

    /// Scrolls no further than that this row is whole on the screen.
    pub fn reveal(self, row: usize) {
        let (Some(scroller), Some(top)) = (self.scroller.get_untracked(), self.top()) else { return };
        let height = usize::try_from(scroller.client_height()).unwrap_or(0);
        let (upper, lower) = (row * self.row, (row + 1) * self.row);
        self.scroll_to(if upper < top { upper } else { top.max(lower.saturating_sub(height)) });
    }

    /// Where the list is now is not the rider's doing: a list that has become shorter moves by itself.
    pub fn stay(self) {
        if let Some(scroller) = self.scroller.get_untracked() {
            self.put.set_value(scroller.scroll_top());
        }
    }

    fn scroll_to(self, top: usize) {
        if let Some(scroller) = self.scroller.get_untracked() {
            scroller.set_scroll_top(i32::try_from(top).unwrap_or(i32::MAX));
            // As far as it went.
            self.stay();
            self.look();
        }
    }

    /// The list is somewhere else. Whether that was the rider.
    fn scrolled(self) -> bool {
        self.look();
        self.scroller.get_untracked().is_some_and(|scroller| self.put.get_value() != scroller.scroll_top())
    }

    fn look(self) {
        if let Some(top) = self.top() {
            // A row above the edge, so that a scroll by a part of a row shows no gap.
            let first = (top / self.row).saturating_sub(1);
            if self.first.get_untracked() != first {
                self.first.set(first);
            }
        }
    }

    fn top(self) -> Option<usize> {
        usize::try_from(self.scroller.get_untracked()?.scroll_top()).ok()
    }
}
