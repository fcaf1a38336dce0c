//! Rooms beside the race: races and results, rides, records, a rider's history, the full field.

use leptos::prelude::*;

use super::on_escape;
use crate::Ctx;
use crate::components::{Chips, Icon, LongList, OutputChart, ScoreBars, icon};
use crate::platform::clock;
use crate::state::rooms::Room;
use crate::state::{Input, Listing, Page};

/// A room.
#[component]
pub fn RoomView(
    /// Which one.
    room: Room,
) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let title = ctx.read(Page::room_title);
    let class = ctx.read(Page::room_class_name);
    let began = ctx.read(Page::room_began);
    on_escape(move || ctx.tell(Input::Back));
    let body = match room {
        Room::Ride(..) => view! { <RideSheet /> }.into_any(),
        Room::Race(..) => view! { <RaceSheet /> }.into_any(),
        Room::Field => view! { <FieldSheet /> }.into_any(),
        Room::Races(_) | Room::Leaders(_) | Room::Racer(_) => view! { <Lines /> }.into_any(),
    };
    view! {
        <div class="step room" data-testid="room" on:pointerdown=move |_| ctx.tell(Input::Touched)>
            <header>
                <button type="button" class="plain" data-testid="room-back" on:click=move |_| ctx.tell(Input::Back)>
                    <Icon path=icon::BACK />
                    " "
                    {words.back()}
                </button>
                <h1>
                    <bdi>{title}</bdi>
                    <span class="note">{class} {move || began.get().map(|ms| [" · ", &clock::local(words, ms)].concat())}</span>
                </h1>
                <Doors room />
                <Chips />
            </header>
            <main>{body}</main>
        </div>
    }
}

/// The ways to other rooms, and to the same room of another class.
#[component]
fn Doors(
    /// Where one is.
    room: Room,
) -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let of_class = room.class().filter(|class| room.of_class(*class).is_some());
    let door = move |label: &'static str, id: &'static str, to: Room| {
        view! {
            <button
                type="button"
                class="plain door"
                data-testid=id
                aria-current=(to == room).then_some("page")
                on:click=move |_| ctx.tell(Input::Enter(to))
            >
                {label}
            </button>
        }
    };
    of_class.map(|chosen| {
        let classes = ctx.now(|page| page.config().map(|config| config.classes.clone()).unwrap_or_default());
        let option = |class: alleycat_shared::config::Class| {
            view! { <option value=class.id.to_string() selected=class.id == chosen>{class.name}</option> }
        };
        let is_list = !matches!(room, Room::Race(..));
        view! {
            <nav class="doors" aria-label=words.results()>
                {is_list.then(|| door(words.races(), "door-races", Room::Races(chosen)))}
                {is_list.then(|| door(words.all_time_best(), "door-leaders", Room::Leaders(chosen)))}
                <select
                    class="plain"
                    aria-label=words.class()
                    data-testid="room-class"
                    on:change:target=move |event| {
                        if let Ok(class) = event.target().value().parse() {
                            ctx.tell(Input::RoomClass(class));
                        }
                    }
                >
                    {classes.into_iter().map(option).collect_view()}
                </select>
            </nav>
        }
    })
}

/// The room's list, or why there is none.
#[component]
fn Lines() -> impl IntoView {
    let ctx = Ctx::here();
    let listing = ctx.read(Page::listing);
    let more = ctx.read(Page::list_has_more);
    let ready = Memo::new(move |_| matches!(*listing.read(), Listing::Ready | Listing::Stale(_)));
    view! {
        <section class="sheet list" data-testid="listing" data-state=move || name(&listing.read())>
            <Trouble />
            <Show when=move || ready.get()>
                <LongList />
            </Show>
            <Show when=move || more.get()>
                <button type="button" class="plain" data-testid="more" on:click=move |_| ctx.tell(Input::More)>
                    {ctx.words().older_ones()}
                </button>
            </Show>
        </section>
    }
}

/// What is said instead of a list, or beside an old one.
#[component]
fn Trouble() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let listing = ctx.read(Page::listing);
    move || {
        match listing.get() {
        Listing::Ready => ().into_any(),
        Listing::Loading => view! { <p class="empty" role="status">{words.fetching()}</p> }.into_any(),
        Listing::Empty(text) => view! { <p class="empty" role="status">{text}</p> }.into_any(),
        Listing::Failed(text) | Listing::Stale(text) => {
            view! {
                <p class="banner" role="alert">
                    <span>{text}</span>
                    <button type="button" class="plain" data-testid="retry" on:click=move |_| ctx.tell(Input::Retry)>
                        {words.try_again()}
                    </button>
                </p>
            }
                .into_any()
        }
    }
    }
}

/// Everybody in the running race, to be searched.
#[component]
fn FieldSheet() -> impl IntoView {
    let ctx = Ctx::here();
    view! {
        <div class="field-search">
            <input
                type="search"
                placeholder=ctx.words().search_hint()
                aria-label=ctx.words().search()
                data-testid="search"
                autocomplete="off"
                on:input:target=move |event| ctx.tell(Input::Search(event.target().value()))
            />
        </div>
        <Lines />
    }
}

/// A race: its result, and how it was ridden.
#[component]
fn RaceSheet() -> impl IntoView {
    let ctx = Ctx::here();
    let words = ctx.words();
    let race = match ctx.now(|page| page.rooms().here()) {
        Some(Room::Race(race, class)) => {
            Some(["/api/races/", &race.to_string(), "/classes/", &class.to_string(), "/results.csv"].concat())
        }
        _ => None,
    };
    view! {
        <div class="sheets">
            <Lines />
            <section class="sheet" aria-label=words.how_it_was_ridden()>
                <OutputChart own=words.you() />
                <ScoreBars />
                {race.map(|path| view! { <a class="plain" href=path download="">{words.result_as_csv()}</a> })}
            </section>
        </div>
    }
}

/// A ride: numbers, chart, files.
#[component]
fn RideSheet() -> impl IntoView {
    let ctx = Ctx::here();
    let listing = ctx.read(Page::listing);
    let words = ctx.words();
    let place = ctx.read(Page::ride_place);
    let score = ctx.read(Page::ride_score);
    let files = ctx.read(Page::ride_files);
    let racer = ctx.now(|page| match page.rooms().here() {
        Some(Room::Ride(_, _, racer)) => Some(racer),
        _ => None,
    });
    view! {
        <section class="sheet ride" data-testid="listing" data-state=move || name(&listing.read())>
            <Trouble />
            <p class="ride-numbers">
                <span>{words.place()} " " <b>{place}</b></span>
                <span>{words.score()} " " <b data-testid="ride-score" data-value=move || score.get().1>{move || score.get().0}</b></span>
                {racer
                    .map(|racer| {
                        view! {
                            <button
                                type="button"
                                class="plain"
                                data-testid="all-rides"
                                on:click=move |_| ctx.tell(Input::Enter(Room::Racer(racer)))
                            >
                                {words.all_rides()}
                            </button>
                        }
                    })}
            </p>
            <OutputChart own=words.output() />
            <div class="files">
                {move || {
                    let files = files.get()?;
                    Some(
                        view! {
                            <a class="plain" href=files.fit download="" data-testid="fit">"FIT"</a>
                            <a class="plain" href=files.tcx download="">"TCX"</a>
                            <a class="plain" href=files.csv download="">"CSV"</a>
                            {(!files.qr.is_empty())
                                .then(|| {
                                    view! {
                                        <figure class="qr" data-testid="qr">
                                            <div inner_html=files.qr></div>
                                            <figcaption>{words.scan_it()}</figcaption>
                                        </figure>
                                    }
                                })}
                        },
                    )
                }}
            </div>
        </section>
    }
}

fn name(listing: &Listing) -> &'static str {
    match listing {
        Listing::Loading => "loading",
        Listing::Ready => "ready",
        Listing::Stale(_) => "stale",
        Listing::Empty(_) => "empty",
        Listing::Failed(_) => "failed",
    }
}
