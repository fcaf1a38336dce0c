//! What the state says in another language, the settings, and what is heard.

use super::*;
use crate::state::{Cue, Setting, Theme};
use crate::words::Lang;

fn german(mut page: Page) -> Page {
    let settings = Settings::default();
    assert_eq!(page.handle(page.now, Input::Liked { settings, browser: Lang::De }), []);
    page
}

#[test]
fn a_race_is_told_in_german() {
    let mut page = german(join_at(START));
    let (board, rider) = hub_says(10, 51, 29, 5);
    page.handle(START + 5_000, Input::Board { board, retained: false });
    page.handle(START + 5_000, Input::RiderView(rider.unwrap()));
    pedal(&mut page, START + 5_100);
    assert_eq!(
        (page.cadence(), page.resistance(), page.output()),
        ("88,0".into(), "59,8".into(), "153,5".into())
    );
    assert_eq!((page.of_field(), page.field_line()), ("von 51".into(), "51 dabei".into()));
    assert_eq!(page.news_line(), "Platz 30 von 51. Noch 0:55.");
    page.handle(START + 7_000, Input::LinkDown { retry_at: None });
    let kept = [1, 2].map(|count| {
        page.handle(START + 7_000, Input::Unsent(count));
        page.link_detail()
    });
    assert!(kept[0].contains("1 Sekunde ist") && kept[1].contains("2 Sekunden sind"), "{kept:?}");
    assert!(page.exact_score().contains('.'), "machines read a point");
    page.handle(START + 60_000, Input::Woke);
    assert_eq!(page.finish_line(), "Das Ergebnis wird geholt…");
}

#[test]
fn the_bridges_english_hint_gives_way_to_what_its_state_means() {
    let hint = || {
        let (driver, port, hint) = ("line".into(), "p".into(), "There is no /dev/ttyUSB0.".into());
        Input::Sensor(alleycat_shared::message::SensorMessage::State {
            state: SensorState::NoPort,
            driver,
            port,
            hint,
        })
    };
    let mut page = ready(START);
    page.handle(START, hint());
    assert_eq!(page.bike_advice(), "There is no /dev/ttyUSB0.");
    let mut page = german(page);
    page.handle(START, hint());
    assert_eq!(page.bike_advice(), "Steck den Radsensor ein.");
}

#[test]
fn an_answer_that_can_not_be_read_is_told_in_german() {
    let mut page = german(ready(START));
    page.handle(START, Input::Start);
    page.handle(START, Input::Joined(Err(Failure { status: Some(200), ..Failure::default() })));
    assert_eq!(page.trouble(), "Die Antwort des Hubs ist nicht lesbar.");
}

#[test]
fn settings_are_kept_and_the_browsers_language_only_if_nobody_chose() {
    let mut page = german(ready(START));
    page.handle(START, Input::Pressed(Key::Clear));
    page.handle(START, Input::Start);
    assert!(page.trouble().starts_with("Gib"));
    let english = Settings { lang: Some(Lang::En), ..Settings::default() };
    assert_eq!(page.handle(START, Input::Set(Setting::Lang(Lang::En))), [Effect::KeepSettings(english)]);
    assert_eq!((page.words(), page.trouble()), (Lang::En, String::new()), "nothing is left in the other one");
    let all = Settings { theme: Theme::Contrast, sound: true, ..english };
    page.handle(START, Input::Set(Setting::Theme(Theme::Contrast)));
    assert_eq!(page.handle(START, Input::Set(Setting::Sound(true))), [Effect::KeepSettings(all)]);
    let text = serde_json::to_string(&all).unwrap();
    assert_eq!(text, r#"{"lang":"en","theme":"contrast","sound":true}"#);
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), all);
    assert_eq!(
        serde_json::from_str::<Settings>(r#"{"theme":"light"}"#).unwrap().theme,
        Theme::Light,
        "of an older page"
    );
}

#[test]
fn sounds_are_heard_where_they_are_wanted_and_a_new_place_is_seen_everywhere() {
    for wanted in [true, false] {
        let mut page = ready(START - 3_500);
        page.handle(START - 3_500, Input::Set(Setting::Sound(wanted)));
        page.handle(START - 3_500, Input::Start);
        page.handle(START - 3_500, Input::Joined(Ok(answer())));
        page.handle(START - 3_500, Input::NextRace);
        let mut heard = Vec::new();
        let mut at = |page: &mut Page, now, input| {
            let cues = page.handle(now, input).into_iter().filter_map(|effect| match effect {
                Effect::Cue(cue) => Some(cue),
                _ => None,
            });
            heard.extend(cues);
        };
        for ms in [0, 500, 1_500, 2_500, 3_500] {
            at(&mut page, START - 3_500 + ms, Input::Woke);
        }
        for (second, own) in [(5, 29), (6, 29)] {
            // The hub sees the rider in another field, and so in another place.
            let (_, rider) = hub_says(10, if second == 5 { 51 } else { 30 }, own, second);
            let mut rider = rider.unwrap();
            rider.own.rank -= if second == 6 { 2 } else { 0 };
            at(&mut page, START + second * 1_000, Input::RiderView(rider));
        }
        assert_eq!(page.moved(), "up");
        at(&mut page, START + 8_000, Input::Woke);
        assert_eq!((page.moved(), page.is_closing()), ("", false));
        at(&mut page, START + 50_000, Input::Woke);
        assert!(page.is_closing());
        at(&mut page, START + 60_000, Input::Woke);
        use Cue::{Count, Finish, Gained, Go, LastSeconds};
        let all = [Count, Count, Count, Go, Gained, LastSeconds, Finish];
        assert_eq!(heard, if wanted { all.to_vec() } else { Vec::new() });
    }
}
