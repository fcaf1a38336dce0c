//! Rooms beside the race: races and results, rides, records, a rider's history, the full field.

pub mod doors;
pub mod field_sheet;
pub mod lines;
pub mod privacy;
pub mod race_sheet;
pub mod racer_sheet;
pub mod ride_sheet;

use leptos::prelude::*;

use super::on_escape;
use crate::Ctx;
use crate::components::{Chips, Icon, icon};
use crate::platform::clock;
use crate::state::rooms::Room;
use crate::state::{Input, Page};
use crate::words::isolated;
use doors::Doors;
use field_sheet::FieldSheet;
use lines::{Lines, Trouble, name};
use privacy::Privacy;
use race_sheet::RaceSheet;
use racer_sheet::RacerSheet;
use ride_sheet::RideSheet;

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
    let facts = ctx.read(Page::room_facts);
    on_escape(move || ctx.tell(Input::Back));
    let note = move || {
        let began = began.get().map(|ms| clock::local(words, ms)).unwrap_or_default();
        let class = class.get();
        let class = if class.is_empty() { class } else { isolated(&class) };
        let parts = [class, began, facts.get()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    };
    let body = match room {
        Room::Ride(..) => view! { <RideSheet /> }.into_any(),
        Room::Race(..) => view! { <RaceSheet /> }.into_any(),
        Room::Field => view! { <FieldSheet /> }.into_any(),
        Room::Racer(racer) => view! { <RacerSheet racer /> }.into_any(),
        Room::Races(_) | Room::Leaders(_) => view! { <Lines /> }.into_any(),
    };
    view! {
        <div class="step room" data-testid="room">
            <header>
                <button type="button" class="plain" data-testid="room-back" on:click=move |_| ctx.tell(Input::Back)>
                    <Icon path=icon::BACK />
                    " "
                    {words.back()}
                </button>
                <h1>
                    <span>{title}</span>
                    <span class="note">{note}</span>
                </h1>
                <Doors room />
                <Chips />
            </header>
            <main>{body}</main>
        </div>
    }
}
