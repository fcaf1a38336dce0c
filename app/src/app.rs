//! The page: the driver, the context, the view that is up.

use leptos::prelude::*;

use crate::Ctx;
use crate::apart;
use crate::net::Driver;
use crate::platform::{document, sound};
use crate::state::service::Word;
use crate::state::{Input, Page, View};
use crate::views::{Choosing, Countdown, Finished, Idle, Later, Loading, Racing, Settings, Setup};

/// The whole page with everything behind it.
#[component]
pub fn App() -> impl IntoView {
    let page = RwSignal::new(Page::default());
    let driver = Driver::start(page);
    view! { <Shell ctx=Ctx::new(page, move |input| driver.tell(input)) /> }
}

/// The view that is up, for any driver: the real one, or a test.
#[component]
pub fn Shell(
    /// The state and who is told.
    ctx: Ctx,
) -> impl IntoView {
    provide_context(ctx);
    let view = ctx.read(Page::view);
    let news = ctx.read(Page::news_line);
    let lang = ctx.read(Page::words);
    let settings = ctx.read(Page::settings);
    Effect::new(move |_| document::speaks(lang.get()));
    Effect::new(move |_| {
        document::wears(settings.read().theme);
        sound::want(settings.read().sound);
    });
    view! {
        {move || {
            // Put up anew in another language: so words are no signals.
            lang.track();
            let view = view.get();
            match view {
                View::Loading => view! { <Loading /> }.into_any(),
                View::Pair => {
                    view! { <Later view load=|| Box::pin(apart::phone()) back=Input::HandDone /> }.into_any()
                }
                View::Idle => view! { <Idle /> }.into_any(),
                View::Setup => view! { <Setup /> }.into_any(),
                View::Choosing => view! { <Choosing /> }.into_any(),
                View::Countdown => view! { <Countdown /> }.into_any(),
                View::Racing => view! { <Racing /> }.into_any(),
                View::Finished => view! { <Finished /> }.into_any(),
                View::Room(_) => {
                    view! { <Later view load=|| Box::pin(apart::rooms()) back=Input::Back /> }.into_any()
                }
                View::Service => {
                    let back = Input::Service(Word::Close);
                    view! { <Later view load=|| Box::pin(apart::service()) back /> }.into_any()
                }
            }
        }}
        <Settings />
        <p class="hidden" role="status">{news}</p>
    }
}
