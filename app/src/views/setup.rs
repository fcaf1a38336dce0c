//! Choosing racer and class, with the class's live board beside: also what a spectator watches.

use leptos::prelude::*;
use leptos::web_sys::HtmlInputElement;

use super::SettingsButton;
use crate::Ctx;
use crate::components::{Avatar, Board, Chips, ClassTiles, Keypad, Logo, ServiceDoor, SourceChooser};
use crate::state::rooms::Room;
use crate::state::{Input, Page};

/// The set-up.
#[component]
pub fn Setup() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let next = ctx.read(Page::next_race_in);
    let trouble = ctx.read(Page::trouble);
    let advice = ctx.read(Page::bike_advice);
    let joining = ctx.read(Page::is_joining);
    view! {
        <form
            class="setup"
            on:submit=move |event| {
                event.prevent_default();
                ctx.tell(Input::Start);
            }
        >
            <header>
                <Logo />
                <p class="next">
                    <span class="note">{words.next_race_in()}</span>
                    " "
                    <b data-testid="next-race-in">{next}</b>
                </p>
                <button
                    type="button"
                    class="plain"
                    data-testid="results"
                    on:click=move |_| ctx.tell(Input::Enter(Room::Races(ctx.now(|page| page.entry().class()))))
                >
                    {words.results()}
                </button>
                <SettingsButton />
                <Chips />
            </header>
            <main>
                <h1 class="hidden">{words.choose_racer_and_class()}</h1>
                <RiderEntry />
                <ClassTiles />
                <Board own=words.chosen() />
            </main>
            <footer>
                <p class="hint">
                    <strong role="alert" data-testid="trouble">{trouble}</strong>
                    <span>{move || trouble.read().is_empty().then(|| advice.get())}</span>
                </p>
                <ServiceDoor />
                <SourceChooser />
                <button type="submit" class="go" data-testid="start" disabled=joining>
                    {move || if joining.get() { words.joining() } else { words.start_race() }}
                </button>
            </footer>
        </form>
    }
}

/// Who rides: id, name, keypad.
#[component]
pub fn RiderEntry() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let digits = ctx.read(Page::racer_digits);
    let name = ctx.read(|page| page.entry().name_text().to_owned());
    let racer = ctx.read(Page::racer_number);
    // What is not taken must not stay in the box either.
    let typed = move |input: &HtmlInputElement, told: Input, kept: fn(&Page) -> String| {
        ctx.tell(told);
        let kept = ctx.now(kept);
        if input.value() != kept {
            input.set_value(&kept);
        }
    };
    view! {
        <section class="entry" aria-label=words.who_rides()>
            <div class="who">
                <Avatar racer />
                <label class="field racer">
                    <span>{words.racer_id()}</span>
                    <input
                        data-testid="racer-id"
                        inputmode="none"
                        autocomplete="off"
                        maxlength="5"
                        placeholder="0–40000"
                        prop:value=digits
                        on:focus:target=|event| event.target().select()
                        on:input:target=move |event| {
                            let input = event.target();
                            typed(&input, Input::RacerTyped(input.value()), Page::racer_digits);
                        }
                    />
                </label>
                <label class="field">
                    <span>{words.name()}</span>
                    <input
                        data-testid="name"
                        autocomplete="off"
                        autocapitalize="words"
                        enterkeyhint="done"
                        maxlength="24"
                        spellcheck="false"
                        prop:value=name
                        on:input:target=move |event| {
                            let input = event.target();
                            typed(&input, Input::NameTyped(input.value()), |page| {
                                page.entry().name_text().to_owned()
                            });
                        }
                    />
                </label>
            </div>
            <Keypad />
        </section>
    }
}
