//! The settings: a dialog over whatever is up. The browser keeps the focus inside, ends it with Escape and makes
//! the rest of the page inert.

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::Ctx;
use crate::platform::document;
use crate::state::{Input, Page, Setting, Theme};
use crate::words::Lang;

/// The way to the settings.
#[component]
pub fn SettingsButton() -> impl IntoView {
    let ctx = Ctx::here();
    view! {
        <button
            type="button"
            class="plain gear"
            id=BUTTON
            data-testid="settings"
            aria-haspopup="dialog"
            on:click=move |_| ctx.tell(Input::Settings(true))
        >
            <svg viewBox="0 0 24 24" aria-hidden="true">
                <path d=GEAR></path>
            </svg>
            <span>{ctx.words().settings()}</span>
        </button>
    }
}

/// The settings, while they are open.
#[component]
pub fn Settings() -> impl IntoView {
    let open = Ctx::here().read(Page::is_settings_open);
    view! {
        <Show when=move || open.get()>
            <Sheet />
        </Show>
    }
}

/// The dialog. It stays up in another language, so its words are signals.
#[component]
fn Sheet() -> impl IntoView {
    let ctx = Ctx::here();
    let lang = ctx.read(Page::words);
    let settings = ctx.read(Page::settings);
    let word = move |said: fn(Lang) -> &'static str| move || said(lang.get());
    let dialog = NodeRef::<Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            // It fails where it is open already, or gone.
            let _ = dialog.show_modal();
        }
    });
    let close = move || {
        ctx.tell(Input::Settings(false));
        // What opened it was put up anew if the language has changed.
        document::focus(BUTTON);
    };
    view! {
        <dialog
            class="settings"
            node_ref=dialog
            aria-labelledby="settings-title"
            data-testid="settings-dialog"
            on:close=move |_| close()
        >
            <h2 id="settings-title">{word(Lang::settings)}</h2>
            <fieldset>
                <legend>{word(Lang::language)}</legend>
                {Lang::ALL
                    .map(|one| {
                        let chosen = move || lang.get() == one;
                        let set = Setting::Lang(one);
                        view! { <Choice group="lang" id=one.tag() words=move || one.language_name() tag=one.tag() chosen set /> }
                    })
                    .collect_view()}
            </fieldset>
            <fieldset>
                <legend>{word(Lang::colours)}</legend>
                {Theme::ALL
                    .map(|theme| {
                        let chosen = move || settings.read().theme == theme;
                        let set = Setting::Theme(theme);
                        view! { <Choice group="theme" id=theme.name() words=word(name(theme)) chosen set /> }
                    })
                    .collect_view()}
            </fieldset>
            <fieldset>
                <legend>{word(Lang::sounds)}</legend>
                <Choice group="sound" id="off" words=word(Lang::sounds_off) chosen=move || !settings.read().sound set=Setting::Sound(false) />
                <Choice group="sound" id="on" words=word(Lang::sounds_on) chosen=move || settings.read().sound set=Setting::Sound(true) />
                <button
                    type="button"
                    class="plain"
                    data-testid="try-sound"
                    disabled=move || !settings.read().sound
                    on:click=move |_| ctx.tell(Input::TrySound)
                >
                    {word(Lang::try_sound)}
                </button>
                <p class="note">{word(Lang::sounds_note)}</p>
            </fieldset>
            <form method="dialog">
                <button type="submit" class="go" data-testid="settings-done">{word(Lang::done)}</button>
            </form>
        </dialog>
    }
}

/// One of some possibilities: a radio button as large as a finger.
#[component]
fn Choice(
    /// The setting.
    group: &'static str,
    /// The value, for tests.
    id: &'static str,
    /// What it says.
    words: impl Fn() -> &'static str + Send + Sync + 'static,
    /// The language of that, where it is not the page's.
    #[prop(optional)]
    tag: Option<&'static str>,
    /// Whether it is the present one.
    chosen: impl Fn() -> bool + Send + Sync + 'static,
    /// What a tap sets.
    set: Setting,
) -> impl IntoView {
    let ctx = Ctx::here();
    // The dialog begins where one chooses the language.
    let first = tag.is_some() && untrack(&chosen);
    view! {
        <label class="choice" lang=tag data-testid=[group, "-", id].concat()>
            <input
                type="radio"
                name=group
                autofocus=first
                prop:checked=chosen
                on:change=move |_| ctx.tell(Input::Set(set))
            />
            <span>{words}</span>
        </label>
    }
}

fn name(theme: Theme) -> fn(Lang) -> &'static str {
    match theme {
        Theme::System => Lang::theme_system,
        Theme::Dark => Lang::theme_dark,
        Theme::Light => Lang::theme_light,
        Theme::Contrast => Lang::theme_contrast,
    }
}

const BUTTON: &str = "settings-button";
/// Eight teeth and a hole.
const GEAR: &str = "M10.200 2h3.600l.5 2.700 1.700.7 2.300-1.600 2.500 2.500-1.600 2.300.7 1.700 2.700.5v3.600l-2.700.5-.7 1.700 1.600 2.300-2.500 2.500-2.300-1.600-1.700.7-.5 2.700h-3.600l-.5-2.700-1.700-.7-2.300 1.600-2.500-2.500 1.600-2.300-.7-1.700L2 14.600V11l2.700-.5.7-1.700-1.600-2.300 2.500-2.500 2.300 1.600 1.700-.7zM12 8.600a3.400 3.400 0 1 0 0 6.800 3.400 3.400 0 0 0 0-6.800z";
