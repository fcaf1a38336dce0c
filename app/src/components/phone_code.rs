//! The code that the rider's own phone reads.

use leptos::prelude::*;

use crate::Ctx;
use crate::state::{Input, Page, PairSign, Way};

/// The code, or why there is none.
#[component]
pub fn PhoneCode() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let sign = ctx.read(Page::pair_sign);
    let left = ctx.read(Page::pair_left);
    let again = move |label: &'static str| {
        view! {
            <button
                type="button"
                class="plain"
                data-testid="new-code"
                on:click=move |_| ctx.tell(Input::Way(Way::Phone))
            >
                {label}
            </button>
        }
    };
    view! {
        <div class="phone-code">
            {move || match sign.get() {
                PairSign::Loading => view! { <p class="note" role="status">{words.making_code()}</p> }.into_any(),
                PairSign::Code { qr, url } => {
                    view! {
                        <div class="qr-code" data-testid="pair-code" data-url=url inner_html=qr></div>
                        <p class="note">{words.scan_with_phone()} " " <b>{left}</b></p>
                    }
                        .into_any()
                }
                PairSign::Ended => {
                    view! {
                        <p role="status">{words.code_is_over()}</p>
                        {again(words.new_code())}
                    }
                        .into_any()
                }
                PairSign::Failed(text) => {
                    view! {
                        <p role="alert">{text}</p>
                        {again(words.try_again())}
                    }
                        .into_any()
                }
            }}
        </div>
    }
}
