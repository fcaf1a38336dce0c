//! What is on the gallery's page: one screen, the sheet of parts, or the list of all.

use alleycat_app::Ctx;
use alleycat_app::app::Shell;
use alleycat_app::platform::{document as dress, location};
use alleycat_app::state::{Settings, Theme};
use alleycat_app::words::Lang;
use leptos::prelude::*;

use crate::screens::{SCREENS, Screen};
use crate::sheet::Sheet;

/// The name of the sheet of parts in the address.
const SHEET: &str = "parts";

/// What the address says.
#[derive(Clone, PartialEq, Eq)]
struct Address {
    screen: String,
    like: Settings,
    words: Option<String>,
    /// Counts the times that it was read: a screen is made anew even if it is the same one.
    time: u32,
}

impl Address {
    fn read(time: u32) -> Self {
        let screen = location::query("screen").unwrap_or_default();
        let theme = location::query("theme").and_then(|name| Theme::named(&name)).unwrap_or_default();
        let lang = location::query("lang").and_then(|tag| Lang::wished([tag.as_str()]));
        let like = Settings { lang, theme, sound: false };
        Self { screen, like, words: location::query("words"), time }
    }
}

/// The gallery. It reads the address again on `popstate`, so that whoever drives it need not load it anew for
/// each screen.
#[component]
pub fn Gallery() -> impl IntoView {
    let address = RwSignal::new(Address::read(0));
    let handle = window_event_listener(leptos::ev::popstate, move |_| {
        address.set(Address::read(address.with_untracked(|address| address.time + 1)));
    });
    on_cleanup(move || handle.remove());
    Effect::new(move |_| {
        let address = address.get();
        dress::wears(address.like.theme);
        dress::speaks(address.like.lang.unwrap_or_default());
        keep_words(address.words.as_deref());
        // For whoever waits for it.
        mark(&address.screen);
    });
    move || {
        let address = address.get();
        match SCREENS.iter().find(|screen| screen.name == address.screen) {
            Some(screen) => view! { <Staged screen like=address.like /> }.into_any(),
            None if address.screen == SHEET => view! { <Sheet like=address.like /> }.into_any(),
            None => view! { <Overview /> }.into_any(),
        }
    }
}

/// A screen, alive: it can be used as far as that takes nobody else.
#[component]
fn Staged(
    /// Which one.
    screen: &'static Screen,
    /// The language and the colours.
    like: Settings,
) -> impl IntoView {
    let (page, now) = (screen.stage)(like).shown();
    let page = RwSignal::new(page);
    let ctx = Ctx::new(page, move |input| {
        page.update(|page| {
            // Nobody is there to do what it wants done.
            page.handle(now, input);
        });
    });
    view! { <Shell ctx /> }
}

/// All screens, to choose from.
#[component]
fn Overview() -> impl IntoView {
    let link = |name: &'static str, what: &'static str, main: bool| {
        let themes = ["dark", "light", "contrast"];
        let link = move |theme: &'static str| {
            let address = ["?screen=", name, "&theme=", theme].concat();
            view! { <a href=address>{theme}</a> " " }
        };
        view! {
            <li data-screen=name data-main=main.to_string()>
                <b>{name}</b>
                " "
                <span class="note">{what}</span>
                " "
                {themes.map(link).collect_view()}
            </li>
        }
    };
    view! {
        <main class="overview">
            <h1>"Alleycat gallery"</h1>
            <ul>
                {link(SHEET, "the parts", true)}
                {SCREENS.iter().map(|screen| link(screen.name, screen.what, screen.main)).collect_view()}
            </ul>
        </main>
    }
}

fn keep_words(face: Option<&str>) {
    let root = document().document_element();
    let done = root.map(|root| match face {
        Some(face) => root.set_attribute("data-words", face),
        None => root.remove_attribute("data-words"),
    });
    // An attribute with a plain name can always be set.
    drop(done);
}

fn mark(screen: &str) {
    if let Some(body) = document().body() {
        // As above.
        drop(body.set_attribute("data-shown", screen));
    }
}
