//! Id and name, typed.

use leptos::prelude::*;
use leptos::web_sys::HtmlInputElement;

use crate::Ctx;
use crate::state::{Input, Page};

/// The two fields.
#[component]
pub fn RiderFields(
    /// Whether it is the rider's own device: its keyboard comes up for the id, and its owner's name is offered.
    own_device: bool,
) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let digits = ctx.read(Page::racer_digits);
    let name = ctx.read(|page| page.entry().name_text().to_owned());
    // What is not taken must not stay in the box either.
    let typed = move |input: &HtmlInputElement, told: Input, kept: fn(&Page) -> String| {
        ctx.tell(told);
        let kept = ctx.now(kept);
        if input.value() != kept {
            input.set_value(&kept);
        }
    };
    view! {
        <label class="field racer">
            <span>{words.racer_id()}</span>
            <input
                data-testid="racer-id"
                inputmode=if own_device { "numeric" } else { "none" }
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
                autocomplete=if own_device { "nickname" } else { "off" }
                autocapitalize="words"
                enterkeyhint="done"
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
    }
}
