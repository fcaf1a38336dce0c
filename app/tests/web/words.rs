//! The page in German, the settings, names in any script, and the twins of the sounds.

use alleycat_app::state::{Cue, Effect, Input, Setting, Settings, Theme, View};
use alleycat_app::words::Lang;
use alleycat_shared::api::RaceState;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::rig::{self, RACE, Rig, START};

/// A page of somebody whose browser wishes German.
async fn german(rig: &Rig) {
    rig.tell(Input::Liked { settings: Settings::default(), browser: Lang::De }).await;
    // The views are put up anew first, and then their boxes are filled.
    leptos::task::tick().await;
}

fn root(name: &str) -> Option<String> {
    web_sys::window().unwrap().document().unwrap().document_element().unwrap().get_attribute(name)
}

#[wasm_bindgen_test]
async fn a_race_in_german_from_set_up_to_finish() {
    let rig = Rig::ready(START + 20_000).await;
    german(&rig).await;
    assert_eq!(root("lang").as_deref(), Some("de"));
    assert_eq!(rig.value("Nummer"), rig::OWN.to_string());
    assert!(rig.text().contains("Rad sendet") && rig.text().contains("Hub verbunden"), "{}", rig.text());
    rig.click("button", "Löschen").await;
    rig.click("button", "Rennen starten").await;
    assert!(rig.of_role("alert").starts_with("Gib deine Startnummer ein"), "{}", rig.text());
    rig.type_into("Nummer", "29").await;
    rig.click("button", "Rennen starten").await;
    rig.tell(Input::Joined(Ok(rig::joined()))).await;
    assert!(
        rig.text().contains("Jetzt einsteigen") && rig.text().contains("Läuft seit 0:20"),
        "{}",
        rig.text()
    );
    rig.click("button", "Nächstes Rennen").await;
    assert_eq!(rig.of_role("timer"), "0:40");
    rig.tell(rig::reading(88.0)).await;
    assert!(rig.text().contains("88,0"), "a decimal comma: {}", rig.text());
    rig.click("button", "Abbrechen").await;
    assert_eq!(rig.view(), View::Setup);
}

#[wasm_bindgen_test]
async fn a_race_in_german_has_commas_for_riders_and_points_for_machines() {
    let rig = Rig::racing().await;
    german(&rig).await;
    rig.hub_says(5).await;
    rig.at(START + 5_100, rig::reading(88.0)).await;
    assert_eq!(rig.figures(), ["88,0", "59,8", "153,5"]);
    let exact = rig.attribute("[data-testid=score]", "data-value").unwrap();
    assert!(exact.contains('.') && !exact.contains(','), "{exact}");
    assert!(rig.text().contains("Platz von 51") && rig.text().contains("Kadenz U/min"), "{}", rig.text());
    let row = &rig.rows()[5];
    assert!(rig::cell(row, 3).ends_with("davor"), "{}", rig::cell(row, 3));
    rig.at(START + 60_000, Input::Woke).await;
    rig.at(START + 61_000, Input::Woke).await;
    rig.tell(Input::Result { race: RACE.try_into().unwrap(), answer: Ok(rig::result(RaceState::Official)) })
        .await;
    assert!(rig.text().contains("Offizielles Ergebnis"), "{}", rig.text());
    rig.click("button", "Noch ein Rennen").await;
    assert!(rig.take_effects().iter().any(|effect| matches!(effect, Effect::Join(_))));
}

#[wasm_bindgen_test]
async fn settings_change_the_page_at_once_and_are_kept() {
    let rig = Rig::ready(START + 20_000).await;
    rig.click("button", "Settings").await;
    assert!(
        rig.attribute("dialog", "open").is_some() && rig.text().contains("High contrast"),
        "{}",
        rig.text()
    );
    rig.click("label", "Deutsch").await;
    assert!(
        rig.text().contains("Starker Kontrast") && rig.text().contains("Rennen starten"),
        "{}",
        rig.text()
    );
    rig.click("label", "Hell").await;
    assert_eq!((root("lang").as_deref(), root("data-theme").as_deref()), (Some("de"), Some("light")));
    let kept = Settings { lang: Some(Lang::De), theme: Theme::Light, sound: false };
    assert_eq!(rig.take_effects().last(), Some(&Effect::KeepSettings(kept)));
    rig.click("label", "Wie das Gerät").await;
    assert_eq!(root("data-theme"), None);
    rig.click("label", "An").await;
    rig.take_effects();
    rig.click("button", "Probehören").await;
    assert_eq!(rig.take_effects(), [Effect::Cue(Cue::Go)]);
    rig.click("button", "Fertig").await;
    rig.until("the dialog is gone", || !rig.text().contains("Starker Kontrast")).await;
    let focus = web_sys::window().unwrap().document().unwrap().active_element().unwrap();
    assert_eq!(focus.get_attribute("data-testid").as_deref(), Some("settings"), "where one came from");
}

#[wasm_bindgen_test]
async fn each_sound_has_a_twin_on_the_screen() {
    let rig = Rig::racing().await;
    rig.tell(Input::Set(Setting::Sound(true))).await;
    rig.hub_says(5).await;
    rig.take_effects();
    assert_eq!(rig.attribute(".race", "data-moved").as_deref(), Some(""));
    rig.at(START + 50_000, Input::Woke).await;
    assert!(rig.take_effects().contains(&Effect::Cue(Cue::LastSeconds)));
    assert!(rig.attribute(".race", "class").unwrap().contains("closing"));
}

#[wasm_bindgen_test]
async fn names_in_any_script_stand_alone_and_are_cut_between_letters() {
    for name in ["محمد الدرّاج", "רוכבת מהירה", "👩🏽‍🚀👨‍👩‍👧‍👦🚴🏿‍♀️", "e\u{301}e\u{301}e\u{301}"]
    {
        let rig = Rig::ready(START + 20_000).await;
        rig.type_into("Name", name).await;
        rig.click("button", "Start Race").await;
        let joins = rig.take_effects();
        let [Effect::Join(join)] = joins.as_slice() else { panic!("{name}: {joins:?}") };
        assert_eq!(join.name.as_str(), name);
        let joined = alleycat_shared::api::Joined { name: join.name.clone(), ..rig::joined() };
        rig.tell(Input::Joined(Ok(joined))).await;
        rig.click("button", "Next race").await;
        assert_eq!(rig.of_tag("bdi"), name, "alone in its element");
    }
}
