//! A tablet for whoever comes, and the phone that brings its rider.

use alleycat_shared::api::PairOffer;

use super::*;
use crate::state::rooms::Room;
use crate::state::service::Word;
use crate::state::{Checked, HandStep, Light, PairSign, Way};

fn rider(racer: u64, name: &str) -> Rider {
    let name = name.to_owned().try_into().unwrap();
    Rider { racer: racer.try_into().unwrap(), name, token: Some("secret".into()) }
}

fn recent() -> Recent {
    let mut entry = Entry::new(Recent::default(), Preset::default());
    entry.remember(rider(29, "Ann"));
    entry.recent().clone()
}

fn opened(now: Millis, preset: Preset, recent: Recent) -> Page {
    let mut page = Page::default();
    page.handle(now, Input::Began { recent, preset, kept: None, seed: 1 });
    for input in [
        Input::Config(Ok(config())),
        Input::Clock(Some(offset())),
        Input::LinkUp,
        Input::BridgeOpened,
        Input::Sensor(state(SensorState::Live)),
    ] {
        page.handle(now, input);
    }
    page
}

fn kiosk(now: Millis) -> Page {
    opened(now, Preset { kiosk: true, ..Preset::default() }, recent())
}

fn boards(page: &Page) -> usize {
    page.topics().filter(|topic| matches!(topic, Topic::Board(_))).count()
}

#[test]
fn a_kiosk_rests_wakes_races_and_forgets_who_rode() {
    let mut page = kiosk(START);
    assert_eq!((page.view(), page.racer_number(), boards(&page)), (View::Idle, 0, 6));
    page.handle(START, Input::Wake);
    assert_eq!((page.view(), boards(&page), page.entry().way()), (View::Setup, 1, Way::Recent));
    page.handle(START, Input::Recent(29_u64.try_into().unwrap()));
    assert_eq!((page.rider_name(), page.racer_digits()), ("Ann".into(), "29".into()));
    page.handle(START, Input::Start);
    let effects = page.handle(START, Input::Joined(Ok(answer())));
    assert!(effects.contains(&Effect::StayAwake(true)));
    page.handle(START, Input::LinkUp);
    pedal(&mut page, START + 1_000);
    let over = START + 60_000;
    assert!(!page.handle(over, Input::Woke).contains(&Effect::StayAwake(false)), "the result is to be seen");
    assert_eq!((page.view(), page.forgets_in()), (View::Finished, None));
    page.handle(over + 29_000, Input::Service(Word::Touched));
    page.handle(over + 59_000, Input::Woke);
    assert_eq!((page.view(), page.forgets_in()), (View::Finished, Some(30)));
    let effects = page.handle(over + 89_000, Input::Woke);
    assert!(effects.contains(&Effect::StayAwake(false)) && effects.contains(&Effect::Connect(None)));
    assert_eq!(
        (page.view(), page.rider_name(), page.racer_digits()),
        (View::Idle, String::new(), String::new())
    );
    assert_eq!(page.entry().recent().riders().len(), 1, "who rode here can be taken again");
    assert!(page.left.is_none() && page.record.is_none());
}

#[test]
fn a_kiosk_goes_to_rest_when_nobody_is_there_and_not_when_somebody_warms_up() {
    let mut page = kiosk(START);
    page.handle(START, Input::Wake);
    page.handle(START + 59_999, Input::Woke);
    assert_eq!(page.view(), View::Setup);
    let mut warm = page.clone();
    pedal(&mut warm, START + 59_999);
    warm.handle(START + 119_000, Input::Woke);
    assert_eq!(warm.view(), View::Setup);
    assert_eq!(page.next_deadline(), START + 60_000);
    page.handle(START + 60_000, Input::Woke);
    assert_eq!(page.view(), View::Idle);
}

#[test]
fn a_page_in_a_browser_takes_nobody_away() {
    let mut page = ready(START);
    page.handle(START + 600_000, Input::Woke);
    assert_eq!((page.view(), page.rider_name()), (View::Setup, "Ann".into()));
    let mut page = join_at(START);
    page.handle(START + 60_000, Input::Woke);
    let effects = page.handle(START + 600_000, Input::Woke);
    assert_eq!((page.view(), page.forgets_in()), (View::Finished, None));
    assert!(effects.contains(&Effect::StayAwake(false)), "but the screen may go dark");
}

#[test]
fn at_rest_the_boards_of_the_classes_that_ride_take_turns() {
    let mut page = kiosk(START);
    let board = |class: u64, riders: u64| {
        let (board, _) = hub_says(10, riders, 0, 2);
        Input::Board {
            board: alleycat_shared::message::BoardMessage { class_id: class.try_into().unwrap(), ..board },
            retained: false,
        }
    };
    let class = |page: &Page| page.class().get();
    assert_eq!(class(&page), 1, "nobody rides");
    page.handle(START + 2_000, board(4, 3));
    assert_eq!((class(&page), page.field_line()), (4, "3 riders".to_owned()));
    page.handle(START + 2_500, board(2, 5));
    page.handle(START + 11_000, Input::Woke);
    assert_eq!(class(&page), 4, "not for long enough");
    page.handle(START + 12_000, Input::Woke);
    assert_eq!((class(&page), page.field_line()), (2, "5 riders".to_owned()));
    page.handle(START + 22_000, Input::Woke);
    assert_eq!(class(&page), 4);
    let set = Preset { kiosk: true, class: Some("3".into()), ..Preset::default() };
    let mut page = opened(START, set, Recent::default());
    page.handle(START + 2_000, board(4, 3));
    assert_eq!((class(&page), boards(&page)), (3, 1), "the host has set the class");
}

fn offer() -> PairOffer {
    let text = |text: &str| text.to_owned();
    let until = START + AHEAD + 180_000;
    PairOffer {
        code: text("public"),
        secret: text("secret"),
        until,
        url: text("http://hub/?pair=public"),
        qr: text("<svg/>"),
    }
}

#[test]
fn a_phone_brings_its_rider_who_leaves_nothing_behind() {
    let mut page = kiosk(START);
    page.handle(START, Input::Wake);
    assert_eq!(page.handle(START, Input::Way(Way::Phone)), [Effect::OfferPair]);
    assert_eq!(page.pair_sign(), PairSign::Loading);
    page.handle(START + 100, Input::PairOffered(Ok(offer())));
    assert!(matches!(page.pair_sign(), PairSign::Code { .. }));
    assert_eq!(page.pair_left(), "3:00");
    let claim = Effect::ClaimPair { code: "public".into(), secret: "secret".into() };
    assert_eq!(page.handle(START + 1_600, Input::Woke), std::slice::from_ref(&claim));
    assert_eq!(
        page.handle(START + 1_700, Input::PairClaimed { code: "public".into(), answer: Ok(None) }),
        []
    );
    assert_eq!(page.handle(START + 3_200, Input::Woke), [claim]);
    let ben = Joined {
        racer_id: 8_u64.try_into().unwrap(),
        name: "Ben".to_owned().try_into().unwrap(),
        token: "bens".into(),
    };
    page.handle(START + 3_300, Input::PairClaimed { code: "other".into(), answer: Ok(Some(ben.clone())) });
    assert_eq!(page.rider_name(), "", "of another code");
    page.handle(START + 3_300, Input::PairClaimed { code: "public".into(), answer: Ok(Some(ben.clone())) });
    assert_eq!(
        (page.rider_name(), page.racer_digits(), page.entry().way()),
        ("Ben".into(), "8".into(), Way::Keypad)
    );
    let effects = page.handle(START + 4_000, Input::Start);
    assert!(matches!(effects.as_slice(), [Effect::Join(join)] if join.token.as_deref() == Some("bens")));
    let effects = page.handle(START + 4_100, Input::Joined(Ok(Joined { token: "renewed".into(), ..ben })));
    let kept = effects.into_iter().find_map(|effect| match effect {
        Effect::KeepRide(ride) => Some(*ride),
        _ => None,
    });
    assert!(kept.is_some_and(|ride| ride.guest), "known also after a reload");
    page.handle(START + 60_000, Input::Woke);
    let effects = page.handle(START + 120_000, Input::Woke);
    let renewed = Rider { token: Some("renewed".into()), ..rider(8, "Ben") };
    assert!(effects.contains(&Effect::GiveBack(renewed)), "{effects:?}");
    assert!(page.entry().recent().riders().iter().all(|known| known.racer.get() != 8));
}

#[test]
fn a_code_ends_and_a_hub_without_one_is_said() {
    let mut page = kiosk(START);
    page.handle(START, Input::Wake);
    page.handle(START, Input::Way(Way::Phone));
    page.handle(START, Input::PairOffered(Err(Failure { status: Some(503), detail: "Too many.".into() })));
    assert_eq!(page.pair_sign(), PairSign::Failed("Too many.".into()));
    page.handle(START + 1_000, Input::Way(Way::Phone));
    page.handle(START + 1_000, Input::PairOffered(Ok(offer())));
    page.handle(START + 179_999, Input::Woke);
    assert!(matches!(page.pair_sign(), PairSign::Code { .. }));
    page.handle(START + 180_000, Input::Woke);
    assert_eq!(page.pair_sign(), PairSign::Ended);
    page.handle(START + 180_000, Input::Way(Way::Keypad));
    assert_eq!(page.pair_sign(), PairSign::Loading);
}

#[test]
fn a_kiosk_waits_as_long_as_a_code_is_good_and_not_for_one_that_cant_be_had() {
    let mut page = kiosk(START);
    page.handle(START, Input::Wake);
    page.handle(START, Input::Way(Way::Phone));
    let mut failing = page.clone();
    for second in 0..60 {
        let failure = Failure { status: Some(503), detail: "Too many.".into() };
        failing.handle(START + second * 1_000, Input::PairOffered(Err(failure)));
    }
    failing.handle(START + 60_000, Input::Woke);
    assert_eq!(failing.view(), View::Idle);
    page.handle(START, Input::PairOffered(Ok(offer())));
    page.handle(START + 179_999, Input::Woke);
    assert!(matches!(page.pair_sign(), PairSign::Code { .. }));
    page.handle(START + 239_998, Input::Woke);
    assert_eq!((page.view(), page.pair_sign()), (View::Setup, PairSign::Ended), "another code can be had");
    page.handle(START + 239_999, Input::Woke);
    assert_eq!(page.view(), View::Idle);
}

#[test]
fn a_room_that_nobody_touches_gives_way_to_the_warning_and_settings_to_rest() {
    let mut page = kiosk(START);
    page.handle(START, Input::Wake);
    page.handle(START, Input::Recent(29_u64.try_into().unwrap()));
    page.handle(START, Input::Start);
    page.handle(START, Input::Joined(Ok(answer())));
    let over = START + 60_000;
    page.handle(over, Input::Woke);
    page.handle(over, Input::Enter(Room::Racer(29_u64.try_into().unwrap())));
    page.handle(over, Input::Settings(true));
    page.handle(over + 60_000, Input::Woke);
    assert_eq!((page.view(), page.forgets_in()), (View::Finished, Some(30)));
    page.handle(over + 89_999, Input::Woke);
    assert_eq!((page.view(), page.is_settings_open()), (View::Finished, true));
    page.handle(over + 90_000, Input::Woke);
    assert_eq!((page.view(), page.is_settings_open()), (View::Idle, false));
}

#[test]
fn a_kiosk_whose_clock_is_set_back_rests_in_its_time() {
    let mut page = kiosk(START);
    page.handle(START, Input::Wake);
    page.handle(START - 300_000, Input::Woke);
    page.handle(START - 240_001, Input::Woke);
    assert_eq!(page.view(), View::Setup);
    page.handle(START - 240_000, Input::Woke);
    assert_eq!(page.view(), View::Idle);
}

#[test]
fn a_phone_joins_and_hands_its_rider_over() {
    let preset = Preset { pair: Some("public".into()), kiosk: true, ..Preset::default() };
    let mut page = opened(START, Preset { kiosk: false, ..preset }, recent());
    assert_eq!(
        (page.view(), page.rider_name(), page.hand_step()),
        (View::Pair, "Ann".into(), Some(HandStep::Asking))
    );
    assert!(matches!(page.handle(START, Input::Start).as_slice(), [Effect::Join(_)]));
    let effects = page.handle(START, Input::Joined(Ok(answer())));
    let hands = |effect: &Effect| matches!(effect, Effect::HandOver { code, rider } if code == "public" && rider.token.is_some());
    assert!(effects.iter().any(hands) && !effects.iter().any(|effect| matches!(effect, Effect::Connect(_))));
    page.handle(START, Input::HandedOver(Err(Failure { status: Some(404), detail: "x".into() })));
    assert!(page.trouble().contains("ended") && page.hand_step() == Some(HandStep::Asking));
    page.handle(START, Input::HandedOver(Ok(())));
    assert_eq!(page.hand_step(), Some(HandStep::Done));
    page.handle(START, Input::HandDone);
    assert_eq!(page.view(), View::Setup);
}

#[test]
fn before_a_race_bike_hub_and_clock_say_what_is_missing() {
    let mut page = join_at(START + 20_000);
    page.handle(START + 20_000, Input::NextRace);
    let lights =
        |page: &Page| [Checked::Bike, Checked::Hub, Checked::Clock].map(|checked| page.check(checked).light);
    assert_eq!((lights(&page), page.ready_line()), ([Light::Good; 3], "All set.".into()));
    page.handle(START + 21_000, Input::LinkDown { retry_at: None });
    page.handle(START + 21_000, Input::BridgeClosed);
    let mut slow = ClockOffset::default();
    slow.sample(0, 1_000 + AHEAD, 2_000);
    page.handle(START + 21_000, Input::Clock(Some(slow)));
    assert_eq!(lights(&page), [Light::Bad, Light::Bad, Light::Wait]);
    let line = page.ready_line();
    assert!(line.starts_with("You can ride all the same.") && line.contains("do not count"), "{line}");
    assert_eq!(page.check(Checked::Clock).word, "Only ±1000 ms");
}

#[test]
fn who_comes_late_is_told_what_is_missed() {
    let mut page = join_at(START + 12_300);
    assert_eq!(page.late_line(), "You missed the first 12 seconds.");
    page.handle(START + 21_999, Input::Woke);
    assert!(!page.late_line().is_empty());
    page.handle(START + 22_000, Input::Woke);
    assert_eq!(page.late_line(), "");
    assert_eq!(join_at(START + 900).late_line(), "");
}
