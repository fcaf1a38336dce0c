//! A number that is read from two metres: as large as its tile allows, whatever its length.

use leptos::prelude::*;

/// A label and a value.
#[component]
pub fn Figure(
    /// What it is.
    label: &'static str,
    /// The value.
    #[prop(into)]
    value: Signal<String>,
    /// Beside the label: a unit, the size of the field.
    #[prop(into)]
    note: Signal<String>,
    /// The name for tests.
    id: &'static str,
    /// The value for machines, if it is more exact than what is shown.
    #[prop(optional, into)]
    exact: Option<Signal<String>>,
    /// How many digits to leave room for, so that the size does not change with every digit.
    #[prop(default = 2)]
    room: usize,
    /// Words for style.
    #[prop(default = "")]
    class: &'static str,
) -> impl IntoView {
    // Twice the digits, a whole number: no need to print a fraction.
    let halves = move || halves(&value.read()).max(2 * room).to_string();
    view! {
        <div class=["figure ", class].concat()>
            <p class="figure-label">{label} " " <span class="note">{note}</span></p>
            <p
                class="figure-value"
                data-testid=id
                data-value=move || exact.map(|exact| exact.get())
                style=("--halves", halves)
            >
                {value}
            </p>
        </div>
    }
}

/// The width of a number in half digits: a colon, a point or a comma is half a digit wide.
fn halves(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, ':' | '.' | ',') { 1 } else { 2 }).sum()
}
