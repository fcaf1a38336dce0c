//! What is known, as lines of a name and a value.

use leptos::prelude::*;

use crate::state::service::{Fact, Group};

/// The lines of one group.
#[component]
pub fn FactList(
    /// What the group is called.
    title: &'static str,
    /// Which one.
    group: Group,
    /// All that is known.
    facts: Memo<Vec<Fact>>,
) -> impl IntoView {
    // The names stay; only values change.
    let labels: Vec<_> = facts.with_untracked(|facts| of(facts, group).map(|fact| fact.label).collect());
    let line = move |(index, label): (usize, &'static str)| {
        let value = Memo::new(move |_| {
            facts.with(|facts| of(facts, group).nth(index).map(|fact| fact.value.clone()))
        });
        view! {
            <div>
                <dt>{label}</dt>
                <dd data-fact=label>{value}</dd>
            </div>
        }
    };
    let labels = labels.into_iter().enumerate().map(line).collect_view();
    view! {
        <section class="facts" aria-label=title>
            <h2>{title}</h2>
            <dl>{labels}</dl>
        </section>
    }
}

fn of(facts: &[Fact], group: Group) -> impl Iterator<Item = &Fact> {
    facts.iter().filter(move |fact| fact.group == group)
}
