//! The numbers of a chart as a table.

use leptos::prelude::*;

use crate::state::PlotTable;

/// The table.
#[component]
pub fn TableTwin(
    /// What the chart shows.
    title: &'static str,
    /// Its numbers.
    table: Memo<PlotTable>,
) -> impl IntoView {
    let head = move || {
        let head = table.get().head;
        head.into_iter().map(|name| view! { <th scope="col"><bdi>{name}</bdi></th> }).collect_view()
    };
    let row = |cells: Vec<String>| {
        let mut cells = cells.into_iter();
        let first = cells.next().unwrap_or_default();
        view! {
            <tr>
                <th scope="row">{first}</th>
                {cells.map(|cell| view! { <td>{cell}</td> }).collect_view()}
            </tr>
        }
    };
    let rows = move || table.get().rows.into_iter().map(row).collect_view();
    view! {
        <div class="twin" tabindex="0">
            <table aria-label=title>
                <thead>
                    <tr>{head}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}
