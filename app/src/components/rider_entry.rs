//! Who rides: id and name, and three ways to say it: keypad, somebody who rode here before, the own phone.

use leptos::prelude::*;

use super::{Avatar, Keypad, PhoneCode, Recents, RiderFields};
use crate::Ctx;
use crate::state::{Input, Page, Way};

/// The rider.
#[component]
pub fn RiderEntry() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let racer = ctx.read(Page::racer_number);
    let way = ctx.read(|page| page.entry().way());
    view! {
        <section class="entry" aria-label=words.who_rides()>
            <div class="who">
                <Avatar racer />
                <RiderFields own_device=false />
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
