//! The page's views in a real browser, found by role and text. The state is the real one; the test plays
//! hub, bridge and clock.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on stops")]

mod rig;
mod words;

use alleycat_app::state::rooms::{Answer, Question, Room};
use alleycat_app::state::{Effect, Failure, Input, Source, View};
use alleycat_shared::api::{RaceResult, RaceState, Races};
use alleycat_shared::message::SensorState;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

use rig::{FIELD, OWN, RACE, Rig, START};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn choosing_racer_and_class_and_start_race_leads_to_the_countdown() {
    let rig = Rig::ready(START + 20_000).await;
    for key in ["Clear", "2", "9"] {
        rig.click("button", key).await;
    }
    rig.click("label", "Hill Street Repeats").await;
    assert_eq!(rig.value("Racer id"), "29");
    rig.click("button", "Start Race").await;
    let joins = rig.take_effects();
    let [Effect::Join(join)] = joins.as_slice() else { panic!("{joins:?}") };
    assert_eq!((join.racer_id.get(), join.name.as_str()), (29, rig.value("Name").as_str()));

    rig.tell(Input::Joined(Ok(rig::joined()))).await;
    assert!(rig.text().contains("Join now") && rig.text().contains("The race is 0:20 in"), "{}", rig.text());
    rig.click("button", "Next race").await;
    assert!(rig.text().contains("The race starts in"), "{}", rig.text());
    assert_eq!(rig.of_role("timer"), "0:40");
    rig.at(START + 57_000, Input::Woke).await;
    assert_eq!(rig.of_role("timer"), "3");
    rig.at(START + 60_000, Input::Woke).await;
    assert!(rig.text().contains("Time left 1:00"), "{}", rig.text());
    assert!(rig.text().contains("Hill Street Repeats"));
}

#[wasm_bindgen_test]
async fn the_board_pins_the_own_row_between_its_neighbours_and_rows_never_move() {
    let rig = Rig::racing().await;
    rig.hub_says(5).await;
    let rows = rig.rows();
    let ranks: Vec<_> = rows.iter().map(|row| rig::cell(row, 0)).collect();
    assert_eq!(ranks, ["1", "2", "3", "27", "28", "29", "30", "31", "32", "33"]);
    let own: Vec<_> =
        rows.iter().filter(|row| row.get_attribute("aria-current").as_deref() == Some("true")).collect();
    assert_eq!(own.len(), 1);
    assert_eq!(rig::cell(own[0], 0), "30");
    assert!(rig::cell(own[0], 1).ends_with("You"));
    assert!(rig::cell(&rows[5], 3).starts_with('+') && rig::cell(&rows[5], 3).ends_with("ahead"));
    assert!(rig::cell(&rows[7], 3).starts_with('−') && rig::cell(&rows[7], 3).ends_with("behind"));

    let before = rig::cell(&rows[0], 2);
    rig.hub_says(6).await;
    assert!(rig.rows().iter().zip(&rows).all(|(now, then)| now.is_same_node(Some(then))));
    assert_ne!(rig::cell(&rows[0], 2), before);
}

#[wasm_bindgen_test]
async fn the_line_of_the_output_grows_with_the_seconds() {
    let rig = Rig::racing().await;
    let mut drawn = 0;
    for second in 1..=4 {
        rig.at(START + second * 1_000 - 100, rig::reading(88.0)).await;
        rig.at(START + second * 1_000, Input::Woke).await;
        let line = rig.attribute("svg.spark path.line", "d").unwrap();
        assert!(line.len() > drawn, "second {second}: {line:?}");
        drawn = line.len();
    }
}

#[wasm_bindgen_test]
async fn a_lost_sensor_shows_dashes_never_zero_and_says_so() {
    let rig = Rig::racing().await;
    assert_eq!(rig.figures(), ["88.0", "59.8", "153.5"]);
    rig.at(START + 3_000, Input::Woke).await;
    assert_eq!(rig.figures(), ["88.0", "59.8", "153.5"], "only dimmed while it is stale");
    assert_eq!(rig.state_of("sensor-state"), "stale");
    rig.hub_says(5).await;
    rig.at(START + 6_000, Input::Woke).await;
    assert_eq!(rig.figures(), ["--", "--", "--"]);
    assert_eq!(rig.state_of("sensor-state"), "lost");
    assert_eq!(rig.of_role("alert"), "Bike signal lost");
    rig.at(START + 6_100, rig::reading(0.0)).await;
    assert_eq!(rig.figures()[0], "0.0", "a standstill is a reading");
    assert_eq!(rig.of_role("alert"), "");
    rig.tell(Input::Sensor(rig::state(SensorState::NoPort))).await;
    assert_eq!(rig.figures(), ["--", "--", "--"]);
}

#[wasm_bindgen_test]
async fn a_lost_link_has_a_banner_with_the_age_of_the_standings() {
    let rig = Rig::racing().await;
    rig.hub_says(5).await;
    assert_eq!((rig.of_role("alert"), rig.state_of("link-state")), (String::new(), "connected".into()));
    rig.at(START + 5_900, rig::reading(88.0)).await;
    rig.at(START + 6_000, Input::LinkDown { retry_at: None }).await;
    assert_eq!((rig.of_role("alert"), rig.state_of("link-state")), ("Hub offline".into(), "offline".into()));
    assert!(rig.text().contains("Standings as of 0:05"), "{}", rig.text());
    rig.tell(Input::LinkUp).await;
    assert_eq!(rig.of_role("alert"), "");
}

#[wasm_bindgen_test]
async fn what_is_no_racer_id_does_not_stay_in_the_box() {
    let rig = Rig::ready(START).await;
    rig.type_into("Racer id", "12").await;
    assert_eq!(rig.value("Racer id"), "12");
    for junk in ["12x", "40001", "-3"] {
        rig.type_into("Racer id", junk).await;
        assert_eq!(rig.value("Racer id"), "12", "{junk}");
    }
    rig.type_into("Name", "Žofie").await;
    rig.click("button", "Clear").await;
    rig.click("button", "Start Race").await;
    assert!(rig.of_role("alert").contains("racer id"), "{}", rig.text());
    assert_eq!(rig.take_effects(), []);
}

#[wasm_bindgen_test]
async fn a_bike_is_connected_without_the_bridge_where_the_browser_can() {
    let rig = Rig::ready(START).await;
    assert!(!rig.text().contains("Connect a bike"), "{}", rig.text());
    rig.tell(Input::Sources { kept: Source::Bridge, usb: false, bluetooth: true }).await;
    rig.click("button", "Connect a bike").await;
    assert_eq!(rig.take_effects(), [Effect::LoadReader]);
    assert!(!rig.text().contains("USB in this browser"), "{}", rig.text());
    rig.click("button", "Bluetooth").await;
    assert_eq!(rig.take_effects(), [Effect::KeepSource, Effect::ChooseSensor]);
    assert!(!rig.text().contains("The usual way"), "a choice closes the panel: {}", rig.text());
    assert_eq!(rig.state_of("sensor-state"), "no-bridge");
    rig.tell(Input::BridgeOpened).await;
    rig.tell(Input::Sensor(rig::state(SensorState::Live))).await;
    rig.tell(rig::reading(88.0)).await;
    assert_eq!(rig.state_of("sensor-state"), "live");

    rig.tell(Input::Sources { kept: Source::Bridge, usb: true, bluetooth: false }).await;
    rig.tell(Input::Drivers(vec![("kettler".into(), "A Kettler ergometer".into())])).await;
    rig.click("button", "Connect a bike").await;
    assert!(rig.text().contains("A Kettler ergometer"), "{}", rig.text());
    rig.click("button", "USB in this browser").await;
    let [Effect::KeepSource, Effect::ChooseSensor] = rig.take_effects()[..] else { panic!("{}", rig.text()) };
}

#[wasm_bindgen_test]
async fn leaving_a_race_takes_a_long_press() {
    let rig = Rig::racing().await;
    let leave = "Hold to leave the race";
    rig.fire(leave, "pointerdown").await;
    rig.fire(leave, "pointerup").await;
    rig.click("button", leave).await;
    assert_eq!(rig.view(), View::Racing);
    let began = js_sys::Date::now();
    rig.fire(leave, "pointerdown").await;
    assert_eq!(rig.view(), View::Racing);
    rig.until("the set-up is back", || rig.view() == View::Setup).await;
    assert!(js_sys::Date::now() - began >= 900.0);
}

#[wasm_bindgen_test]
async fn the_finish_shows_place_score_and_the_first_three() {
    let rig = Rig::racing().await;
    rig.hub_says(5).await;
    rig.at(START + 60_000, Input::Woke).await;
    assert!(rig.text().contains("30") && rig.text().contains("Fetching the result"), "{}", rig.text());
    rig.at(START + 61_000, Input::Woke).await;
    assert!(rig.take_effects().iter().any(|effect| matches!(effect, Effect::FetchResult(..))));
    let answer = |state| Input::Result { race: RACE.try_into().unwrap(), answer: Ok(rig::result(state)) };
    rig.tell(answer(RaceState::Grace)).await;
    assert!(rig.text().contains("Provisional"), "{}", rig.text());
    rig.tell(answer(RaceState::Official)).await;
    let RaceResult { results, .. } = rig::result(RaceState::Official);
    assert!(rig.text().contains("Official result") && rig.text().contains(&format!("of {FIELD}")));
    assert!(results[..3].iter().all(|row| rig.text().contains(row.name.as_str())), "{}", rig.text());
    assert_eq!(rig.by_test_id("finish-place"), (OWN + 1).to_string());
    rig.click("button", "Race again").await;
    assert!(rig.take_effects().iter().any(|effect| matches!(effect, Effect::Join(_))));
}

#[wasm_bindgen_test]
async fn how_old_a_list_is_changes_and_what_is_wrong_is_said_once() {
    let rig = Rig::ready(START).await;
    let class = 1_u64.try_into().unwrap();
    rig.tell(Input::Enter(Room::Races(class))).await;
    let question = Question::Races(class, None);
    let races = Answer::Races(Races { races: vec![rig::race()] });
    rig.tell(Input::Answered { question, answer: Ok(Box::new(races)) }).await;
    rig.at(START + 31_000, Input::Woke).await;
    rig.tell(Input::Answered { question, answer: Err(Failure::default()) }).await;
    assert_eq!(rig.of_role("alert"), "The hub does not answer.");
    let again = rig.found("[data-testid=retry]").unwrap();
    for age in ["0:31", "0:32"] {
        assert!(rig.text().contains(&format!("This is {age} old.")), "{}", rig.text());
        rig.at(START + 32_000, Input::Woke).await;
        assert!(again.is_connected(), "a hand may be on its way to it");
    }
}

#[wasm_bindgen_test]
async fn a_hub_out_of_reach_is_said_before_anything_else() {
    let rig = Rig::bare(START).await;
    rig.tell(Input::Config(Err(Default::default()))).await;
    assert!(rig.text().contains("Can't reach the hub. Trying again in 1 s."), "{}", rig.text());
}
