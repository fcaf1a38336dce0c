//! The ways to other rooms, and to the same room of another class.

use leptos::prelude::*;

use crate::Ctx;
use crate::state::Input;
use crate::state::rooms::Room;

/// The doors of a room that is about a class.
#[component]
pub fn Doors(
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
