//! A view that the first race does without: it comes when it is wanted, and says so until it is there.

use std::task::{Context, Poll, Waker};

use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::on_escape;
use crate::Ctx;
use crate::apart::Loading;
use crate::components::{Icon, icon};
use crate::state::{Input, View};

/// A view that is apart. What is loaded already is shown at once.
#[component]
pub fn Later(
    /// What is to be seen.
    view: View,
    /// Loads what shows it.
    load: fn() -> Loading,
    /// What leaves it.
    back: Input,
) -> impl IntoView {
    let mut loading = load();
    match loading.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(show)) => show(view),
        Poll::Ready(Err(_)) => view! { <Waiting view loading=load() load back /> }.into_any(),
        Poll::Pending => view! { <Waiting view loading load back /> }.into_any(),
    }
}

/// Until it is there.
#[component]
fn Waiting(view: View, loading: Loading, load: fn() -> Loading, back: Input) -> impl IntoView {
    let loaded = RwSignal::new(None);
    let wait = move |loading: Loading| {
        loaded.set(None);
        spawn_local(async move {
            let came = loading.await.map_err(drop);
            // Whoever has gone back does not see it.
            let _ = loaded.try_set(Some(came));
        });
    };
    wait(loading);
    let again = move || wait(load());
    move || match loaded.get() {
        Some(Ok(show)) => show(view),
        state => view! { <Sorry failed=state.is_some() again back=back.clone() /> }.into_any(),
    }
}

/// What is seen meanwhile: the way back, and why there is no more than that.
#[component]
fn Sorry(failed: bool, again: impl Fn() + 'static, back: Input) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let leave = move || ctx.tell(back.clone());
    on_escape(leave.clone());
    let state = if failed { "failed" } else { "loading" };
    view! {
        <div class="step room" data-testid="later" data-state=state>
            <header>
                <button type="button" class="plain" data-testid="later-back" on:click=move |_| leave()>
                    <Icon path=icon::BACK />
                    " "
                    {words.back()}
                </button>
            </header>
            <main>
                <section class="sheet list">
                    {if failed {
                        view! {
                            <p class="banner" role="alert">
                                <span>{words.cant_load_part()}</span>
                                <button type="button" class="plain" data-testid="later-again" on:click=move |_| again()>
                                    {words.try_again()}
                                </button>
                            </p>
                        }
                            .into_any()
                    } else {
                        view! { <p class="empty" role="status">{words.fetching()}</p> }.into_any()
                    }}
                </section>
            </main>
        </div>
    }
}
