//! What the browser has kept, changed in places: it is left alone, or read, and then the page goes on with it.

use alleycat_noise::read;
use serde::de::DeserializeOwned;

use super::super::{Settings, Source};
use super::*;

fn kept<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

#[test]
fn a_page_goes_on_with_any_ride_that_was_kept() {
    let mut page = join_at(START);
    let rides = (1..10).flat_map(|second| pedal(&mut page, START + second * 1_000));
    let ride = rides.filter_map(|effect| match effect {
        Effect::KeepRide(ride) => Some(ride),
        _ => None,
    });
    let text = serde_json::to_string(&ride.last().unwrap()).unwrap();
    read("kept ride", &[text], |bytes| {
        let Some(ride) = kept(bytes) else { return false };
        let mut page = began(START + 10_000, Some(ride));
        page.handle(START + 10_000, Input::LinkUp);
        page.handle(START + 10_000, Input::BridgeOpened);
        page.handle(START + 10_000, Input::Sensor(state(SensorState::Live)));
        pedal(&mut page, START + 10_100);
        page.handle(START + 11_000, Input::Clock(Some(offset())));
        for second in [11, 12, 13, 59, 60, 61, 95, 200] {
            pedal(&mut page, START + second * 1_000);
            let shown = (page.time_left(), page.output(), page.finish_score(), page.countdown());
            assert!(!shown.0.is_empty(), "{shown:?}");
        }
        true
    });
}

#[test]
fn a_page_begins_with_any_riders_source_and_settings_that_were_kept() {
    let riders = r#"{"riders":[{"racer":29,"name":"Ann","token":"a.b"},{"racer":7,"name":"Ben","token":null}],"class":2}"#;
    read("kept riders", &[riders], |bytes| {
        let Some(recent) = kept(bytes) else { return false };
        let mut page = Page::default();
        page.handle(START, Input::Began { recent, preset: Preset::default(), kept: None, seed: 1 });
        page.handle(START, Input::Config(Ok(config())));
        page.handle(START, Input::Start);
        true
    });
    let sources =
        [r#"{"source":"usb","driver":"line"}"#, r#"{"source":"bridge"}"#, r#"{"source":"bluetooth"}"#];
    read("kept source", &sources, |bytes| {
        let Some(kept) = kept::<Source>(bytes) else { return false };
        Page::default().handle(START, Input::Sources { kept, usb: true, bluetooth: true });
        true
    });
    let settings = serde_json::to_string(&Settings::default()).unwrap();
    read("kept settings", &[settings], |bytes| kept::<Settings>(bytes).is_some());
}
