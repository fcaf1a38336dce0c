//! Rooms beside the race: races and results, rides, records, a rider's history, the full field.

use leptos::prelude::*;

use super::on_escape;
use crate::Ctx;
use crate::components::{Chips, LongList, OutputChart, ScoreBars};
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
                    "‹ Back"
                </button>
                <h1>
                    <bdi>{title}</bdi>
                    <span class="note">{class} {move || began.get().map(|ms| [" · ", &clock::local(ms)].concat())}</span>
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
            <nav class="doors" aria-label="Results">
                {is_list.then(|| door("Races", "door-races", Room::Races(chosen)))}
                {is_list.then(|| door("All-time best", "door-leaders", Room::Leaders(chosen)))}
                <select
                    class="plain"
                    aria-label="Class"
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
                    "Older ones"
                </button>
            </Show>
        </section>
    }
}

/// What is said instead of a list, or beside an old one.
#[component]
fn Trouble() -> impl IntoView {
    let ctx = Ctx::here();
    let listing = ctx.read(Page::listing);
    move || {
        match listing.get() {
        Listing::Ready => ().into_any(),
        Listing::Loading => view! { <p class="empty" role="status">"Fetching…"</p> }.into_any(),
        Listing::Empty(text) => view! { <p class="empty" role="status">{text}</p> }.into_any(),
        Listing::Failed(text) | Listing::Stale(text) => {
            view! {
                <p class="banner" role="alert">
                    <span>{text}</span>
                    <button type="button" class="plain" data-testid="retry" on:click=move |_| ctx.tell(Input::Retry)>
                        "Try again"
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
                placeholder="Name or racer id"
                aria-label="Search by name or racer id"
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
    let race = match Ctx::here().now(|page| page.rooms().here()) {
        Some(Room::Race(race, class)) => {
            Some(["/api/races/", &race.to_string(), "/classes/", &class.to_string(), "/results.csv"].concat())
        }
        _ => None,
    };
    view! {
        <div class="sheets">
            <Lines />
            <section class="sheet" aria-label="How it was ridden">
                <OutputChart own="You" />
                <ScoreBars />
                {race.map(|path| view! { <a class="plain" href=path download="">"Result as CSV"</a> })}
            </section>
        </div>
    }
}

/// A ride: numbers, chart, files.
#[component]
fn RideSheet() -> impl IntoView {
    let ctx = Ctx::here();
    let listing = ctx.read(Page::listing);
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
                <span>"Place " <b>{place}</b></span>
                <span>"Score " <b data-testid="ride-score" data-value=move || score.get().1>{move || score.get().0}</b></span>
                {racer
                    .map(|racer| {
                        view! {
                            <button
                                type="button"
                                class="plain"
                                data-testid="all-rides"
                                on:click=move |_| ctx.tell(Input::Enter(Room::Racer(racer)))
                            >
                                "All rides"
                            </button>
                        }
                    })}
            </p>
            <OutputChart own="Output" />
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
                                            <figcaption>"Scan it: the ride goes to your phone."</figcaption>
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
