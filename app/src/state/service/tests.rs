//! The menu, driven by hand.

use alleycat_shared::message::Event;
use alleycat_shared::names::default_name;
use alleycat_shared::{ClassId, RaceId, RacerId};

use super::super::{Entry, Input, Preset, Recent, Rider, View};
use super::*;

const BEGIN: Millis = 1_000_000;

fn tell(page: &mut Page, now: Millis, word: Word) -> Vec<Effect> {
    page.handle(now, Input::Service(word))
}

fn began() -> Page {
    let mut page = Page::default();
    page.handle(BEGIN, Input::Woke);
    page
}

/// The message of a second of a ride.
pub(super) fn message(second: u16) -> RaceMessage {
    let racer_id = RacerId::try_from(7).unwrap();
    RaceMessage {
        uuid: Uuid::from_u128(second.into()),
        event: Event::Update,
        device_timestamp: 1_620_824_038_331,
        second: u64::from(second).try_into().unwrap(),
        race_id: RaceId::try_from(10).unwrap(),
        name: default_name(racer_id),
        racer_id,
        class_id: ClassId::try_from(1).unwrap(),
        cadence: 88.0.try_into().unwrap(),
        resistance: 59.8.try_into().unwrap(),
    }
}

#[test]
fn the_menu_opens_over_everything_and_closes_when_it_is_forgotten() {
    let mut page = began();
    assert_eq!(page.view(), View::Loading);
    assert!(tell(&mut page, BEGIN, Word::Open).contains(&Effect::Inspect));
    assert_eq!((page.view(), page.service().sheet()), (View::Service, Some(Sheet::Messages)));
    tell(&mut page, BEGIN + 1, Word::Show(Sheet::Build));
    assert_eq!(page.service().sheet(), Some(Sheet::Build));
    tell(&mut page, BEGIN + 200_000, Word::Touched);
    page.handle(BEGIN + 499_999, Input::Woke);
    assert_eq!(page.view(), View::Service);
    page.handle(BEGIN + 500_000, Input::Woke);
    assert_eq!(page.view(), View::Loading);
    tell(&mut page, BEGIN + 500_001, Word::Show(Sheet::Build));
    assert_eq!(page.service().sheet(), None, "a page of a closed menu opens nothing");
}

#[test]
fn the_browser_is_asked_again_while_the_menu_is_open_and_not_after() {
    let mut page = began();
    tell(&mut page, BEGIN, Word::Open);
    assert_eq!(page.handle(BEGIN + 60_000, Input::Woke), [], "one question at a time");
    tell(&mut page, BEGIN + 60_000, Word::Inspected(Box::default()));
    assert!(page.handle(BEGIN + 64_999, Input::Woke).is_empty());
    assert_eq!(page.handle(BEGIN + 65_000, Input::Woke), [Effect::Inspect]);
    tell(&mut page, BEGIN + 65_100, Word::Close);
    tell(&mut page, BEGIN + 65_200, Word::Inspected(Box::default()));
    assert!(page.handle(BEGIN + 90_000, Input::Woke).is_empty());
}

#[test]
fn the_hub_is_asked_what_it_counts_of_acknowledged_seconds() {
    let mut page = began();
    tell(&mut page, BEGIN, Word::Published(Box::new(message(1)), Delivery::Queued));
    let asks = |effects: &[Effect]| {
        effects.iter().any(|effect| matches!(effect, Effect::Ask(Question::Trace(..), _)))
    };
    assert!(!asks(&tell(&mut page, BEGIN, Word::Open)), "nothing is acknowledged");
    let acknowledged = Word::Delivered(vec![(Uuid::from_u128(1), Delivery::Acknowledged)]);
    assert!(asks(&tell(&mut page, BEGIN + 10, acknowledged)));
    assert!(!asks(&page.handle(BEGIN + 5_009, Input::Woke)));
    assert!(asks(&page.handle(BEGIN + 5_010, Input::Woke)));
}

#[test]
fn losses_are_counted_and_attempts_only_until_there_is_a_connection() {
    let mut page = began();
    for _ in 0..3 {
        tell(&mut page, BEGIN, Word::Lost("the broker went silent".to_owned()));
    }
    let fact = |page: &Page, label: &str| {
        let facts = page.diagnostics();
        facts.into_iter().find(|fact| fact.label == label).unwrap().value
    };
    assert_eq!(fact(&page, "Attempts since it was lost"), "3");
    page.handle(BEGIN, Input::LinkUp);
    assert_eq!(fact(&page, "Attempts since it was lost"), "0");
    assert_eq!(fact(&page, "Losses since the page began"), "3");
    assert_eq!(fact(&page, "Why it was lost"), "the broker went silent");
    assert_eq!(fact(&page, "Last reading"), "--", "no reading is not a reading of age 0");
}

#[test]
fn the_text_for_support_has_every_message_and_no_token() {
    let mut entry = Entry::new(Recent::default(), Preset::default());
    let (racer, token) = (RacerId::try_from(7).unwrap(), "known to nobody else");
    entry.remember(Rider { racer, name: default_name(racer), token: Some(token.to_owned()) });
    let mut page = Page::default();
    let recent = entry.recent().clone();
    page.handle(BEGIN, Input::Began { recent, preset: Preset::default(), kept: None, seed: 1 });
    assert_eq!(page.entry().token(racer).as_deref(), Some(token));
    for second in 1..=3 {
        tell(&mut page, BEGIN, Word::Published(Box::new(message(second)), Delivery::Queued));
    }
    let news = vec![(Uuid::from_u128(2), Delivery::Sent), (Uuid::from_u128(3), Delivery::Failed)];
    tell(&mut page, BEGIN, Word::Delivered(news));
    let text = page.service_text();
    let rows: Vec<_> = text.lines().filter(|line| line.contains(",10,1,7,")).collect();
    assert_eq!(rows.len(), 3, "{text}");
    assert!(rows[0].ends_with(",1,1620824038331,59.8,88.0,queued,"), "{}", rows[0]);
    assert!(rows[1].ends_with(",sent,") && rows[2].ends_with(",failed,"), "{text}");
    let version = ["Version: ", env!("CARGO_PKG_VERSION")].concat();
    assert!(text.contains(&version) && !text.contains(token), "{text}");
}

#[test]
fn only_an_idle_page_loads_itself_again() {
    let mut page = began();
    tell(&mut page, BEGIN, Word::NewerPage);
    page.handle(BEGIN, Input::Unsent(1));
    assert!(page.handle(BEGIN + 70_000, Input::Woke).is_empty(), "a second is still to be sent");
    assert_eq!(page.handle(BEGIN + 71_000, Input::Unsent(0)), [Effect::Reload]);
    assert!(page.handle(BEGIN + 72_000, Input::Woke).is_empty(), "said once");
}

#[test]
fn a_kiosk_at_rest_is_idle_too() {
    let mut page = began();
    page.flow = Flow::Idle;
    tell(&mut page, BEGIN, Word::NewerPage);
    assert!(page.handle(BEGIN + 60_000, Input::Woke).contains(&Effect::Reload));
}
