//! Who rode on this device before: a touch takes one, another one forgets it.

use leptos::prelude::*;

use super::Avatar;
use crate::Ctx;
use crate::state::{Input, Page, Rider};
use crate::words::isolated;

/// The riders, latest first.
#[component]
pub fn Recents() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let riders = ctx.read(|page: &Page| page.entry().recent().riders().to_vec());
    view! {
        <ul class="recents" aria-label=words.rode_here_before()>
            <For each=move || riders.get() key=|rider| (rider.racer, rider.name.clone()) let:rider>
                <Recent rider />
            </For>
        </ul>
    }
}

/// One of them.
#[component]
fn Recent(
    /// Who.
    rider: Rider,
) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let racer = rider.racer;
    let name = rider.name.to_string();
    let forget = words.forget_rider(&isolated(&name));
    let chosen = ctx.read(Page::racer);
    view! {
        <li class="recent" class:chosen=move || chosen.get() == Some(racer)>
            <button
                type="button"
                class="recent-who"
                data-testid="recent"
                data-racer=racer.to_string()
                aria-pressed=move || (chosen.get() == Some(racer)).to_string()
                on:click=move |_| ctx.tell(Input::Recent(racer))
            >
                <Avatar racer=Signal::stored(racer.get()) />
                <span>
                    <bdi class="name">{name}</bdi>
                    <span class="note">{racer.to_string()}</span>
                </span>
            </button>
            <button
                type="button"
                class="recent-off"
                data-testid="recent-off"
                aria-label=forget
                on:click=move |_| ctx.tell(Input::Unremember(racer))
            >
                "×"
            </button>
        </li>
    }
}
