//! Who rides: id and name, and three ways to say it: keypad, somebody who rode here before, the own phone.

use leptos::prelude::*;
use leptos::web_sys::HtmlInputElement;

use super::{Avatar, Keypad, PhoneCode, Recents};
use crate::Ctx;
use crate::state::{Input, Page, Way};

/// The rider.
#[component]
pub fn RiderEntry() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let digits = ctx.read(Page::racer_digits);
    let name = ctx.read(|page| page.entry().name_text().to_owned());
    let racer = ctx.read(Page::racer_number);
    let way = ctx.read(|page| page.entry().way());
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
            <Ways />
            {move || match way.get() {
                Way::Keypad => view! { <Keypad /> }.into_any(),
                Way::Recent => view! { <Recents /> }.into_any(),
                Way::Phone => view! { <PhoneCode /> }.into_any(),
            }}
        </section>
    }
}

/// The three ways.
#[component]
fn Ways() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let way = ctx.read(|page| page.entry().way());
    let nobody = ctx.read(|page| page.entry().recent().is_empty());
    let side = move |label: &'static str, id: &'static str, wanted: Way| {
        view! {
            <button
                type="button"
                data-testid=id
                aria-pressed=move || (way.get() == wanted).to_string()
                disabled=move || wanted == Way::Recent && nobody.get()
                on:click=move |_| ctx.tell(Input::Way(wanted))
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="ways" role="group" aria-label=words.how_to_say_who()>
            {side(words.way_keypad(), "way-keypad", Way::Keypad)} {side(words.way_recent(), "way-recent", Way::Recent)}
            {side(words.way_phone(), "way-phone", Way::Phone)}
        </div>
    }
}
