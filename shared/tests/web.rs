//! The rules on wasm32, in a real browser: what the page counts must be what the hub counts.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use alleycat_shared::message::{Event, RaceMessage};
use alleycat_shared::race::{Race, RaceClock, Taken};
use alleycat_shared::{Cadence, ClassId, Output, RaceId, RacerId, Resistance, names};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const GOLDEN: &str = include_str!("golden/race-message.json");

#[wasm_bindgen_test]
fn the_golden_message_reads_and_writes_back() {
    let message = RaceMessage::parse(GOLDEN.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(message.to_json()).unwrap(), GOLDEN.trim_end());
}

#[wasm_bindgen_test]
fn outputs_are_the_same_to_four_decimals() {
    for (cadence, resistance, output) in
        [(81.0, 79.0, "167.0400"), (60.4, 60.6, "119.8224"), (0.0, 80.0, "0.0000")]
    {
        let (cadence, resistance) =
            (Cadence::try_from(cadence).unwrap(), Resistance::try_from(resistance).unwrap());
        assert_eq!(Output::of(cadence, resistance).to_string(), output);
    }
}

#[wasm_bindgen_test]
fn the_race_clock_fits_64_bits_of_time() {
    let moment = RaceClock::new(300).unwrap().at(1_620_824_038_331);
    assert_eq!((moment.race_id.get(), moment.second.get()), (5_402_746, 239));
}

#[wasm_bindgen_test]
fn a_race_is_scored_and_ranked() {
    let (class, race_id) = (ClassId::try_from(1).unwrap(), RaceId::try_from(10).unwrap());
    let mut race = Race::new(class, race_id, RaceClock::new(60).unwrap());
    let mut message = RaceMessage::parse(GOLDEN.as_bytes()).unwrap();
    message.race_id = race_id;
    message.event = Event::Final;
    for racer in [2_u64, 1] {
        message.racer_id = RacerId::try_from(racer).unwrap();
        assert_eq!(race.take(&message, 660_000), Ok(Taken::Counted));
    }
    assert_eq!(race.take(&message, 660_000), Ok(Taken::Duplicate));
    let order: Vec<u32> = race.standings(660_000).iter().map(|standing| standing.racer_id.get()).collect();
    assert_eq!(order, [1, 2], "a tie goes to the lower id");
    assert_eq!(race.standings(660_000)[0].ride.score().to_string(), "165.3120");
}

#[wasm_bindgen_test]
fn names_are_the_same_everywhere() {
    assert_eq!(names::default_name(RacerId::try_from(101).unwrap()).as_str(), "Mateo A.");
}
