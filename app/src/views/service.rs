//! The service menu: for whoever keeps the bikes, behind a long press on the mark.

use leptos::prelude::*;

use super::on_escape;
use crate::Ctx;
use crate::components::{Chips, FactList, FullScreenChoice, Icon, MessageTable, icon};
use crate::platform::{clock, share, worker};
use crate::state::service::{Group, Inspection, Sheet, Word};
use crate::state::{Input, Page};

/// The menu.
#[component]
pub fn Service() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let sheet = ctx.read(|page| page.service().sheet().unwrap_or_default());
    let close = move || ctx.tell(Input::Service(Word::Close));
    let tab = move |label: &'static str, id: &'static str, to: Sheet| {
        view! {
            <button
                type="button"
                class="plain door"
                data-testid=id
                aria-current=move || (sheet.get() == to).then_some("page")
                on:click=move |_| ctx.tell(Input::Service(Word::Show(to)))
            >
                {label}
            </button>
        }
    };
    on_escape(close);
    view! {
        <div class="step room service" data-testid="service">
            <header>
                <button type="button" class="plain" data-testid="service-close" on:click=move |_| close()>
                    <Icon path=icon::BACK />
                    {words.back()}
                </button>
                <h1>{words.service()}</h1>
                <nav class="doors" aria-label=words.service()>
                    {tab(words.messages(), "service-messages", Sheet::Messages)}
                    {tab(words.diagnostics(), "service-diagnostics", Sheet::Diagnostics)}
                    {tab(words.build(), "service-build", Sheet::Build)}
                </nav>
                <Chips />
            </header>
            <main>
                {move || match sheet.get() {
                    Sheet::Messages => {
                        view! {
                            <section class="sheet list">
                                <MessageTable />
                            </section>
                        }
                            .into_any()
                    }
                    Sheet::Diagnostics => view! { <Diagnostics /> }.into_any(),
                    Sheet::Build => view! { <Build /> }.into_any(),
                }}
            </main>
            <Actions />
        </div>
    }
}

/// What can be done here.
#[component]
fn Actions() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let said = RwSignal::new("");
    let copy = move || {
        share::copy(ctx.now(Page::service_text), move |copied| {
            said.set(if copied { words.copied() } else { words.cant_copy() });
        });
    };
    let download = move || {
        share::download(&["alleycat-", &clock::stamp(), ".txt"].concat(), &ctx.now(Page::service_text));
    };
    view! {
        <footer class="service-actions">
            <button type="button" class="plain" data-testid="service-copy" on:click=move |_| copy()>
                {words.copy_as_text()}
            </button>
            <button type="button" class="plain" data-testid="service-download" on:click=move |_| download()>
                {words.download_as_file()}
            </button>
            <button type="button" class="plain" data-testid="service-reload" on:click=|_| worker::reload()>
                {words.load_page_again()}
            </button>
            <FullScreenChoice />
            <p class="note" role="status">{said}</p>
        </footer>
    }
}

/// Sensor and link.
#[component]
fn Diagnostics() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let facts = ctx.read(Page::diagnostics);
    view! {
        <section class="sheet">
            <div class="fact-columns">
                <FactList title=words.group_sensor() group=Group::Sensor facts />
                <FactList title=words.group_link() group=Group::Link facts />
            </div>
            <Body title=words.bridge_says() id="bridge-status" part=|inspection| inspection.bridge.clone() />
        </section>
    }
}

/// What is built, configured and kept.
#[component]
fn Build() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let facts = ctx.read(Page::build_facts);
    view! {
        <section class="sheet">
            <div class="fact-columns">
                <FactList title=words.group_page() group=Group::Page facts />
                <FactList title=words.group_browser() group=Group::Browser facts />
            </div>
            <Body title="/config.json" id="config-json" part=|inspection| inspection.config.clone() />
        </section>
    }
}

/// A text as it came, if it came.
#[component]
fn Body(
    /// What it is.
    title: &'static str,
    /// The name for tests.
    id: &'static str,
    /// Where it is.
    part: fn(&Inspection) -> Option<String>,
) -> impl IntoView {
    let ctx = Ctx::here();
    let inspection = ctx.read(|page| page.service().inspection().cloned());
    let text = Memo::new(move |_| inspection.read().as_ref().and_then(part));
    view! {
        <Show when=move || text.read().is_some()>
            <h2>{title}</h2>
            <pre tabindex="0" data-testid=id>{text}</pre>
        </Show>
    }
}
