//! Rooms as the whole page has them: when they give way, and what riders may want there.

use alleycat_shared::message::{FieldMessage, FieldRow, FieldSnapshot};
use alleycat_shared::names::default_name;

use super::super::page::tests::{START, join_at};
use super::super::rooms::Question;
use super::super::service::Word;
use super::super::{Input, Listing, View};
use super::*;

fn own() -> RacerId {
    29_u64.try_into().unwrap()
}

#[test]
fn the_full_field_gives_way_to_the_race_when_nobody_touches_it() {
    let mut page = join_at(START + 1_000);
    page.handle(START + 1_000, Input::Woke);
    page.handle(START + 2_000, Input::Enter(Room::Racer(own())));
    assert_eq!(page.view(), View::Racing, "no other room hides a race");
    page.handle(START + 2_000, Input::Enter(Room::Field));
    // A wheel, a key, or a hand on anything.
    page.handle(START + 12_000, Input::Service(Word::Touched));
    page.handle(START + 31_999, Input::Search("zoe".into()));
    page.handle(START + 51_998, Input::Woke);
    assert_eq!(page.view(), View::Room(Room::Field));
    page.handle(START + 51_999, Input::Woke);
    assert_eq!(page.view(), View::Racing);
}

#[test]
fn the_full_field_says_when_the_link_that_brings_it_is_away() {
    let mut page = join_at(START + 1_000);
    page.handle(START + 1_000, Input::LinkUp);
    page.handle(START + 2_000, Input::Enter(Room::Field));
    assert_eq!(page.listing(), Listing::Loading);
    page.handle(START + 3_000, Input::LinkDown { retry_at: None });
    assert_eq!(page.listing(), Listing::Failed("The hub can't be reached.".into()));
    assert!(page.handle(START + 3_000, Input::Retry).contains(&Effect::Probe));
    page.handle(START + 4_000, Input::LinkUp);
    let row = FieldRow(own(), default_name(own()), 900, 0);
    let snapshot = FieldSnapshot { race_id: 10_u64.try_into().unwrap(), second: 4, rows: vec![row] };
    page.handle(START + 4_000, Input::Field(FieldMessage::Snapshot(snapshot)));
    assert_eq!(page.listing(), Listing::Ready);
    page.handle(START + 5_000, Input::LinkDown { retry_at: None });
    page.handle(START + 9_000, Input::Woke);
    assert_eq!((page.listing(), page.list_len()), (Listing::Stale("This is 0:04 old.".into()), 1));
}

#[test]
fn a_rider_wants_something_once_and_hears_what_became_of_it() {
    let mut page = join_at(START + 1_000);
    page.handle(START + 1_000, Input::Woke);
    let at = START + 60_500;
    page.handle(at, Input::Woke);
    let room = page.handle(at, Input::Enter(Room::Racer(own())));
    let asked = Effect::Ask(Question::Rides(own(), None), None);
    assert!(room.contains(&asked), "{room:?}");
    assert_eq!((page.own_will(), page.wished()), (Some(false), Wished::Nothing));
    let wish = Wish::Delete(own());
    let wanted = Effect::Wish(wish, "secret".to_owned());
    assert!(page.handle(at, Input::Wish(wish)).contains(&wanted));
    assert!(!page.handle(at, Input::Wish(wish)).contains(&wanted), "it is under way");
    let refused = Failure { status: Some(UNAUTHORIZED), detail: "no".to_owned() };
    page.handle(at, Input::Granted { wish, answer: Err(refused) });
    assert!(matches!(page.wished(), Wished::Failed(_, why) if why.contains("this device")));
    assert!(page.handle(at, Input::Wish(wish)).contains(&wanted), "once more");
    let done = page.handle(at, Input::Granted { wish, answer: Ok(()) });
    assert!(done.contains(&asked), "the room begins anew: {done:?}");
    assert_eq!(page.wished(), Wished::Done(wish));
    page.handle(at, Input::Enter(Room::Racer(7_u64.try_into().unwrap())));
    assert_eq!((page.own_will(), page.wished()), (None, Wished::Nothing), "somebody else's room");
}
