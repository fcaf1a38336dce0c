//! The race flow, driven by hand: every input at a time of the test's choice.

use alleycat_shared::api::Joined;
use alleycat_shared::config::{Auth, MqttConfig, SensorConfig, classes};
use alleycat_shared::message::{Event, SensorState};
use alleycat_shared::race::{DEFAULT_GRACE_SECONDS, LATE_JOIN_MS};

use super::super::flow::CLOCK_PATIENCE_MS;
use super::super::sensor::tests::{reading, state};
use super::super::standings::tests::hub_says;
use super::super::{Failure, Key, Preset, Recent, View};
use super::*;

/// The hub's clock is this much ahead of the page's.
const AHEAD: Millis = 7_000;
/// Race 10 of 60 s begins here on the page's clock.
pub(in crate::state) const START: Millis = 600_000 - AHEAD;

fn config() -> PageConfig {
    PageConfig {
        mqtt: MqttConfig::default(),
        sensor: SensorConfig { url: "/sensor".into() },
        classes: classes(),
        race_seconds: 60,
        grace_seconds: DEFAULT_GRACE_SECONDS,
        auth: Auth::Token,
    }
}

fn offset() -> ClockOffset {
    let mut offset = ClockOffset::default();
    offset.sample(100, 105 + AHEAD, 110);
    offset
}

fn began(now: Millis, kept: Option<Ride>) -> Page {
    let mut page = Page::default();
    let preset =
        Preset { racer: Some("29".into()), name: Some("Ann".into()), class: None, ..Preset::default() };
    let effects = page.handle(now, Input::Began { recent: Recent::default(), preset, kept, seed: 1 });
    assert_eq!(effects, [Effect::FetchConfig]);
    let effects = page.handle(now, Input::Config(Ok(config())));
    assert!(effects.contains(&Effect::OpenSensor) && effects.contains(&Effect::MeasureClock));
    page
}

/// A page in set-up with everything connected and a live bike.
fn ready(now: Millis) -> Page {
    let mut page = began(now, None);
    page.handle(now, Input::Clock(Some(offset())));
    page.handle(now, Input::LinkUp);
    page.handle(now, Input::BridgeOpened);
    page.handle(now, Input::Sensor(state(SensorState::Live)));
    pedal(&mut page, now);
    page
}

fn pedal(page: &mut Page, now: Millis) -> Vec<Effect> {
    page.handle(now, Input::Sensor(reading(88.0, Some(59.8))))
}

fn answer() -> Joined {
    let racer_id = RacerId::try_from(29).unwrap();
    Joined { racer_id, name: "Ann".to_owned().try_into().unwrap(), token: "secret".into() }
}

pub(in crate::state) fn join_at(now: Millis) -> Page {
    let mut page = ready(now);
    let effects = page.handle(now, Input::Start);
    assert!(matches!(effects.as_slice(), [Effect::Join(join)] if join.name.as_str() == "Ann"));
    let effects = page.handle(now, Input::Joined(Ok(answer())));
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Connect(Some(rider)) if rider.token.is_some()))
    );
    page.handle(now, Input::LinkUp);
    page
}

fn seconds(effects: &[Effect]) -> Vec<(u16, Event)> {
    let published = effects.iter().filter_map(|effect| match effect {
        Effect::Publish(message) => Some((message.second.get(), message.event)),
        _ => None,
    });
    published.collect()
}

#[test]
fn a_hub_out_of_reach_is_asked_again_and_the_rider_told() {
    let mut page = Page::default();
    page.handle(
        0,
        Input::Began { recent: Recent::default(), preset: Preset::default(), kept: None, seed: 9 },
    );
    assert_eq!((page.view(), page.boot_line()), (View::Loading, String::new()));
    page.handle(10, Input::Config(Err(Failure::default())));
    assert!(page.boot_line().starts_with("Can't reach the hub. Trying again in 1 s"));
    let effects = page.handle(page.next_deadline(), Input::Woke);
    assert_eq!(effects, [Effect::FetchConfig]);
    page.handle(2_000, Input::Config(Ok(config())));
    assert_eq!(page.view(), View::Setup);
}

#[test]
fn a_rider_who_is_in_before_the_clock_waits_for_it() {
    let mut page = began(START, None);
    page.handle(START, Input::Clock(None));
    page.handle(START, Input::Start);
    let effects = page.handle(START, Input::Joined(Ok(answer())));
    assert!(
        effects.contains(&Effect::MeasureClock),
        "now, and not when it would be tried again: {effects:?}"
    );
    assert_eq!((page.view(), page.is_joining()), (View::Setup, true));
    let mut late = page.clone();
    page.handle(START + 1_000, Input::Clock(Some(offset())));
    assert_eq!(page.view(), View::Racing, "without another tap");

    late.handle(START + CLOCK_PATIENCE_MS - 1, Input::Woke);
    assert!(late.is_joining());
    late.handle(START + CLOCK_PATIENCE_MS, Input::Woke);
    assert_eq!((late.view(), late.is_joining()), (View::Setup, false));
    assert!(late.trouble().contains("clock"), "{}", late.trouble());
}

#[test]
fn a_link_that_is_up_asks_for_a_clock_that_is_not_known() {
    let mut page = began(START, None);
    page.handle(START, Input::Clock(None));
    assert!(page.handle(START + 1, Input::LinkUp).contains(&Effect::MeasureClock));
    page.handle(START + 2, Input::Clock(Some(offset())));
    assert!(!page.handle(START + 3, Input::LinkUp).contains(&Effect::MeasureClock), "it is known");
}

#[test]
fn a_race_that_just_began_is_joined_at_once() {
    let mut page = join_at(START + LATE_JOIN_MS);
    assert_eq!(page.view(), View::Racing);
    assert_eq!(seconds(&pedal(&mut page, START + LATE_JOIN_MS + 1_000)), [(17, Event::Update)]);
}

#[test]
fn in_a_race_that_runs_the_rider_chooses() {
    let mut page = join_at(START + LATE_JOIN_MS + 1);
    assert_eq!((page.view(), page.running_for()), (View::Choosing, "0:15".to_owned()));
    let mut now = page.clone();
    now.handle(START + 20_000, Input::JoinNow);
    assert_eq!(now.view(), View::Racing);
    page.handle(START + 20_000, Input::NextRace);
    assert_eq!((page.view(), page.countdown()), (View::Countdown, 40));
    page.handle(START + 59_999, Input::Woke);
    assert_eq!((page.view(), page.countdown()), (View::Countdown, 1));
    page.handle(START + 60_000, Input::Woke);
    assert_eq!((page.view(), page.time_left()), (View::Racing, "1:00".to_owned()));
}

#[test]
fn one_message_a_second_and_the_last_one_is_final() {
    let mut page = join_at(START);
    let mut sent = Vec::new();
    for now in (START + 100..START + 61_000).step_by(100) {
        sent.extend(seconds(&pedal(&mut page, now)));
    }
    // The first one left when the race was joined.
    assert_eq!(sent.len(), 59);
    assert!(sent.iter().zip(2..).all(|((second, _), expected)| *second == expected));
    assert_eq!(sent.last(), Some(&(60, Event::Final)));
    assert_eq!(page.view(), View::Finished);
    assert_eq!(page.finish_score().to_string(), "9210.2400");
}

#[test]
fn seconds_without_a_reading_are_not_sent_and_show_nothing() {
    let mut page = join_at(START);
    let mut sent = Vec::new();
    for now in (START + 1_000..START + 10_000).step_by(1_000) {
        sent.extend(seconds(&page.handle(now, Input::Woke)));
    }
    assert_eq!(sent, [(2, Event::Update)]);
    assert_eq!((page.cadence(), page.output(), page.bike().name()), ("--".into(), "--".into(), "lost"));
    assert_eq!(page.bike_trouble(), "Bike signal lost");
    assert!(page.bike_detail().contains("do not count"));
    assert_eq!(seconds(&pedal(&mut page, START + 10_400)), [(11, Event::Update)], "it goes on by itself");
    assert_eq!((page.cadence(), page.bike_trouble()), ("88.0".into(), String::new()));
}

#[test]
fn a_taken_racer_id_is_said_clearly() {
    let mut page = ready(START);
    page.handle(START, Input::Start);
    assert!(page.is_joining());
    page.handle(START, Input::Joined(Err(Failure { status: Some(409), detail: "x".into() })));
    assert_eq!(page.trouble(), "Racer 29 rides on another device. Choose another id.");
    page.handle(START, Input::Pressed(Key::Digit(8)));
    assert_eq!((page.trouble(), page.racer_digits()), (String::new(), "8".into()));
}

#[test]
fn nothing_starts_without_a_racer_or_a_name() {
    let mut page = ready(START);
    page.handle(START, Input::Pressed(Key::Clear));
    assert_eq!(page.handle(START, Input::Start), []);
    assert!(page.trouble().contains("racer id"));
}

#[test]
fn a_lost_link_is_said_with_the_age_of_the_standings() {
    let mut page = join_at(START);
    let (board, rider) = hub_says(10, 51, 29, 5);
    page.handle(START + 5_000, Input::Board { board, retained: false });
    page.handle(START + 5_000, Input::RiderView(rider.unwrap()));
    assert_eq!(
        (page.place(), page.of_field(), page.link_trouble()),
        ("30".into(), "of 51".into(), String::new())
    );
    page.handle(START + 7_000, Input::LinkDown { retry_at: Some(START + 8_000) });
    page.handle(START + 7_000, Input::Unsent(2));
    assert_eq!(page.link_trouble(), "Hub offline");
    assert_eq!(
        page.link_detail(),
        "Standings as of 0:05. Your ride goes on: 2 seconds are kept and sent later."
    );
    page.handle(START + 9_000, Input::LinkUp);
    assert_eq!(page.link_trouble(), "");
    let effects = page.handle(START + 14_001, Input::Woke);
    assert!(effects.contains(&Effect::Probe) && page.link_trouble() == "No news from the hub");
}

#[test]
fn a_refused_login_joins_again_without_haste() {
    let mut page = join_at(START);
    let joins = |effects: Vec<Effect>| effects.iter().any(|effect| matches!(effect, Effect::Join(_)));
    assert!(joins(page.handle(START + 1_000, Input::LinkRefused)));
    assert!(!joins(page.handle(START + 1_100, Input::LinkRefused)));
    assert!(joins(page.handle(START + 11_100, Input::Woke)));
    let effects = page.handle(START + 11_200, Input::Joined(Ok(Joined { token: "new".into(), ..answer() })));
    assert!(effects.iter().any(
        |effect| matches!(effect, Effect::Connect(Some(rider)) if rider.token.as_deref() == Some("new"))
    ));
    assert_eq!(page.view(), View::Racing);
}

#[test]
fn who_can_not_join_again_for_another_device_is_told_so_and_promised_nothing() {
    let mut page = join_at(START);
    page.handle(START + 1_000, Input::LinkDown { retry_at: None });
    page.handle(START + 1_000, Input::Unsent(2));
    page.handle(START + 1_000, Input::LinkRefused);
    page.handle(START + 1_100, Input::Joined(Err(Failure::default())));
    assert_eq!(page.link_trouble(), "Hub offline", "nobody has said no");
    page.handle(START + 1_200, Input::Joined(Err(Failure { status: Some(409), detail: "x".into() })));
    assert_eq!(page.link_trouble(), "Racer 29 rides on another device. Choose another id.");
    assert_eq!(page.link_detail(), "Trying again by itself.");
    page.handle(START + 12_000, Input::Joined(Ok(answer())));
    assert!(page.link_detail().contains("sent later"), "{}", page.link_detail());
    page.handle(START + 12_100, Input::LinkUp);
    assert_eq!((page.link_trouble(), page.view()), (String::new(), View::Racing));
}

#[test]
fn a_refused_link_of_nobody_is_left_to_try_again_and_one_of_who_has_ridden_gives_way() {
    let mut page = ready(START);
    for _ in 0..3 {
        assert_eq!(page.handle(START, Input::LinkRefused), []);
    }
    let mut page = join_at(START);
    page.handle(START + 60_000, Input::Woke);
    assert_eq!(page.handle(START + 60_100, Input::LinkRefused), [Effect::Connect(None)]);
    assert_eq!(page.handle(START + 60_200, Input::LinkRefused), []);
}

#[test]
fn a_reload_goes_on_with_the_race_and_its_score() {
    let mut before = join_at(START);
    let effects = pedal(&mut before, START + 1_000);
    let kept = effects.into_iter().find_map(|effect| match effect {
        Effect::KeepRide(ride) => Some(*ride),
        _ => None,
    });
    let at_once = began(START + 3_000, kept.clone());
    assert_eq!(
        (at_once.view(), at_once.exact_score()),
        (View::Racing, "307.0080".to_owned()),
        "by the clock of before"
    );

    let kept = kept.map(|ride| Ride { clock: None, ..ride });
    let mut page = began(START + 3_000, kept.clone());
    let effects = page.handle(START + 3_000, Input::Clock(Some(offset())));
    assert!(matches!(effects.as_slice(), [Effect::Connect(Some(_)), ..]));
    assert_eq!((page.view(), page.exact_score()), (View::Racing, "307.0080".to_owned()));

    let mut late = began(START + 70_000, kept.clone());
    late.handle(START + 70_000, Input::Clock(Some(offset())));
    assert_eq!(late.view(), View::Finished);
    let mut much_later = began(START + 170_000, kept);
    let effects = much_later.handle(START + 170_000, Input::Clock(Some(offset())));
    assert_eq!((much_later.view(), effects), (View::Setup, vec![Effect::ForgetRide, Effect::Connect(None)]));
}

/// A page that comes back to a ride.
fn back(now: Millis, preset: Preset, ride: Ride) -> Page {
    let mut page = Page::default();
    page.handle(now, Input::Began { recent: Recent::default(), preset, kept: Some(ride), seed: 1 });
    page.handle(now, Input::Config(Ok(config())));
    page.handle(now, Input::Clock(Some(offset())));
    page
}

/// Ann's ride in the fourth class.
fn ride() -> Ride {
    let mut page = ready(START);
    page.handle(START, Input::ClassChosen(ClassId::try_from(4).unwrap()));
    page.handle(START, Input::Start);
    let effects = page.handle(START, Input::Joined(Ok(answer())));
    let kept = effects.into_iter().find_map(|effect| match effect {
        Effect::KeepRide(ride) => Some(*ride),
        _ => None,
    });
    kept.unwrap()
}

#[test]
fn who_comes_back_to_a_race_or_its_end_can_race_again_as_before() {
    let kiosk = Preset { kiosk: true, recent_off: true, ..Preset::default() };
    let address = Preset { racer: Some("7".into()), name: Some("Ben".into()), ..Preset::default() };
    for (preset, at) in [&kiosk, &address].into_iter().flat_map(|preset| [(preset, 3_000), (preset, 70_000)])
    {
        let mut page = back(START + at, preset.clone(), ride());
        page.handle(START + 71_000, Input::Woke);
        assert_eq!((page.view(), page.rider_name()), (View::Finished, "Ann".into()));
        let effects = page.handle(START + 72_000, Input::Start);
        let [Effect::Join(join)] = effects.as_slice() else { panic!("{preset:?}, {at}: {effects:?}") };
        assert_eq!(
            (join.racer_id.get(), join.name.as_str(), join.token.as_deref()),
            (29, "Ann", Some("secret"))
        );
        assert_eq!(page.class().get(), 4);
    }
}

#[test]
fn a_kiosk_that_comes_back_just_after_its_race_shows_the_end_and_gives_a_guest_back() {
    let preset = Preset { kiosk: true, ..Preset::default() };
    let mut page = back(START + 70_000, preset, Ride { guest: true, ..ride() });
    assert_eq!((page.view(), page.forgets_in()), (View::Finished, None));
    page.handle(START + 129_999, Input::Woke);
    assert_eq!((page.view(), page.forgets_in()), (View::Finished, Some(1)));
    let effects = page.handle(START + 130_000, Input::Woke);
    assert_eq!(page.view(), View::Idle);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::GiveBack(_))), "{effects:?}");
}

#[test]
fn race_again_says_why_it_does_not_work_where_that_is_seen() {
    let mut page = join_at(START);
    page.handle(START + 60_000, Input::Woke);
    page.entry = Entry::default();
    let effects = page.handle(START + 61_000, Input::Start);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Join(_))), "{effects:?}");
    assert_eq!(page.view(), View::Setup);
    assert!(page.trouble().contains("racer id"), "{}", page.trouble());
}

#[test]
fn by_the_clock_that_was_kept_a_ride_goes_on_and_none_is_forgotten() {
    // The device's clock was set on by so much while the page was away.
    let on = 167_000;
    let now = START + 3_000 + on;
    let late = || {
        let mut page = Page::default();
        let kept = Some(ride());
        let began = Input::Began { recent: Recent::default(), preset: Preset::default(), kept, seed: 1 };
        page.handle(now, began);
        let effects = page.handle(now, Input::Config(Ok(config())));
        assert!(!effects.contains(&Effect::ForgetRide), "{effects:?}");
        page
    };
    let mut measured = ClockOffset::default();
    measured.sample(on, AHEAD, on);
    let mut page = late();
    assert_eq!(page.view(), View::Setup);
    page.handle(now, Input::Clock(Some(measured)));
    assert_eq!((page.view(), page.time_left()), (View::Racing, "0:57".into()));

    let mut page = late();
    page.handle(now, Input::RacerTyped("7".into()));
    page.handle(now, Input::Start);
    let ben = Joined { racer_id: 7_u64.try_into().unwrap(), ..answer() };
    page.handle(now, Input::Joined(Ok(ben)));
    assert_eq!(page.handle(now, Input::Clock(Some(measured))), [], "somebody else has begun meanwhile");
    assert_eq!(page.racer().map(RacerId::get), Some(7));
}

#[test]
fn a_clock_that_is_set_back_is_measured_anew_at_once() {
    let mut page = ready(START);
    assert_eq!(page.handle(START - 900, Input::Woke), [], "as clocks are kept in step");
    assert_eq!(page.handle(START - 300_000, Input::Woke), [Effect::MeasureClock]);
}

#[test]
fn who_leaves_and_comes_back_goes_on_where_it_was() {
    let mut page = join_at(START);
    pedal(&mut page, START + 1_000);
    page.handle(START + 1_100, Input::Leave);
    assert_eq!(page.view(), View::Setup);
    page.handle(START + 1_200, Input::Start);
    let effects = page.handle(START + 1_300, Input::Joined(Ok(answer())));
    assert_eq!((seconds(&effects), page.exact_score()), (vec![], "307.0080".to_owned()));
}

#[test]
fn the_page_listens_to_the_chosen_class_and_racer() {
    let mut page = ready(START);
    let topics = |page: &Page| page.topics().map(|topic| topic.to_string()).collect::<Vec<_>>();
    assert_eq!(topics(&page), ["alleycat-subscribe/1/board", "alleycat-subscribe/1/rider/29"]);
    page.handle(START, Input::ClassChosen(ClassId::try_from(4).unwrap()));
    page.handle(START, Input::Pressed(Key::Clear));
    assert_eq!(topics(&page), ["alleycat-subscribe/4/board"]);
    assert_eq!(Page::default().topics().count(), 0);
}

#[test]
fn it_wakes_at_the_hubs_seconds_and_when_a_reading_grows_old() {
    let mut page = ready(START + 300);
    assert_eq!(page.next_deadline(), START + 1_000);
    pedal(&mut page, START + 900);
    page.handle(START + 2_100, Input::Woke);
    assert_eq!(page.next_deadline(), START + 2_900);
}

#[test]
fn a_hub_that_says_another_time_is_measured_anew() {
    let mut page = ready(START);
    let (board, _) = hub_says(10, 3, 1, 40);
    assert_eq!(page.handle(START + 1_000, Input::Board { board: board.clone(), retained: false }), []);
    let effects = page.handle(START + 11_000, Input::Board { board, retained: false });
    assert_eq!(effects, [Effect::MeasureClock]);
}

#[path = "finish_tests.rs"]
mod finish;
#[cfg(not(target_arch = "wasm32"))]
#[path = "kept_tests.rs"]
mod kept;
#[path = "kiosk_tests.rs"]
mod kiosk;
#[path = "words_tests.rs"]
mod words;
