//! How the bike is connected: through the bridge, or by the browser itself where it can. Where it can't, there is
//! nothing to choose and nothing to see.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use crate::Ctx;
use crate::state::{Input, Source};

/// The button and what it opens.
#[component]
pub fn SourceChooser() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let open = RwSignal::new(false);
    let is_choice = ctx.read(|page| page.sources().is_choice());
    let chosen = ctx.read(|page| page.sources().chosen.name());
    let toggle = move |_| {
        open.update(|open| *open = !*open);
        if open.get_untracked() {
            ctx.tell(Input::SourcesOpened);
        }
    };
    view! {
        <Show when=move || is_choice.get()>
            <div
                class="source"
                on:keydown=move |event: KeyboardEvent| {
                    if event.key() == "Escape" {
                        open.set(false);
                    }
                }
            >
                <button
                    type="button"
                    class="plain"
                    data-testid="source"
                    data-source=chosen
                    aria-expanded=move || open.get().to_string()
                    on:click=toggle
                >
                    {words.connect_bike()}
                </button>
                <Show when=move || open.get()>
                    <div class="behind" aria-hidden="true" on:click=move |_| open.set(false)></div>
                    <SourcePanel done=move || open.set(false) />
                </Show>
            </div>
        </Show>
    }
}

/// The ways to connect a bike.
#[component]
fn SourcePanel(
    /// What follows a choice.
    done: impl Fn() + Clone + Send + Sync + 'static,
) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let sources = ctx.read(|page| page.sources().clone());
    let driver = RwSignal::new(match ctx.now(|page| page.sources().chosen.clone()) {
        Source::Usb { driver } => driver,
        _ => AUTO.to_owned(),
    });
    // In the very moment of the tap: the browser asks for a device then, and not later.
    let choose = move |source: Source| {
        ctx.tell(Input::SourceChosen(source));
        done();
    };
    let [bridge, bluetooth, usb] = std::array::from_fn(|_| choose.clone());
    let drivers = move || {
        let listed = sources.get().drivers.into_iter();
        listed.map(|(name, bikes)| view! { <option value=name>{bikes}</option> }).collect_view()
    };
    view! {
        <div class="panel" role="group" aria-label=words.connect_bike()>
            <Way source="bridge" title=words.by_bridge() note=words.by_bridge_note() choose=move || bridge(Source::Bridge) />
            <Show when=move || sources.read().bluetooth>
                {
                    let bluetooth = bluetooth.clone();
                    view! {
                        <Way
                            source="bluetooth"
                            title=words.by_bluetooth()
                            note=words.by_bluetooth_note()
                            choose=move || bluetooth(Source::Bluetooth)
                        />
                    }
                }
            </Show>
            <Show when=move || sources.read().usb>
                {
                    let usb = usb.clone();
                    view! {
                        <Way
                            source="usb"
                            title=words.by_usb()
                            note=words.by_usb_note()
                            choose=move || usb(Source::Usb { driver: driver.get_untracked() })
                        />
                    }
                }
                <label class="field">
                    <span>{words.kind_of_bike()}</span>
                    <select
                        data-testid="driver"
                        prop:value=driver
                        on:change:target=move |event| driver.set(event.target().value())
                    >
                        <option value=AUTO>{words.find_out()}</option>
                        {drivers}
                    </select>
                </label>
            </Show>
        </div>
    }
}

/// One way.
#[component]
fn Way(
    /// The source's name.
    source: &'static str,
    /// What it is called.
    title: &'static str,
    /// What it is.
    note: &'static str,
    /// What a tap does.
    choose: impl Fn() + 'static,
) -> impl IntoView {
    let chosen = Ctx::here().read(|page| page.sources().chosen.name());
    view! {
        <button
            type="button"
            class="way"
            data-testid=["source-", source].concat()
            aria-pressed=move || (chosen.get() == source).to_string()
            on:click=move |_| choose()
        >
            <b>{title}</b>
            <span>{note}</span>
        </button>
    }
}

/// The driver that finds out.
const AUTO: &str = "auto";
