//! The boards as they go over the wire: golden files, and what a page pays for them in a large field.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use alleycat_shared::api::Verdict;
use alleycat_shared::message::{BoardMessage, Event, FieldMessage, FieldSnapshot, RaceMessage, RiderMessage};
use alleycat_shared::race::{
    AllTimeField, Race, RaceClock, RaceMoment, RecordRide, Standing, board, field, judge, rider,
};
use alleycat_shared::{Millis, RacerId, names};

/// Race 5,402,746 of 300 s begins.
const START: Millis = 1_620_823_800_000;

fn clock() -> RaceClock {
    RaceClock::new(300).unwrap()
}

/// What a rider sends of a second; the same in every run.
fn message(racer: u64, second: u64) -> RaceMessage {
    let racer_id = RacerId::try_from(racer).unwrap();
    let wave = (racer * 31 + second * 17) % 97;
    RaceMessage {
        uuid: uuid::Uuid::nil(),
        event: Event::Update,
        device_timestamp: START,
        second: second.try_into().unwrap(),
        race_id: 5_402_746.try_into().unwrap(),
        name: names::default_name(racer_id),
        racer_id,
        class_id: 1.try_into().unwrap(),
        cadence: (f64::from(u32::try_from(600 + wave * 3 + racer % 200).unwrap()) / 10.0).try_into().unwrap(),
        resistance: (f64::from(u32::try_from(300 + (wave * 7 + racer) % 300).unwrap()) / 10.0)
            .try_into()
            .unwrap(),
    }
}

fn race() -> Race {
    Race::new(1.try_into().unwrap(), 5_402_746.try_into().unwrap(), clock())
}

fn ride(race: &mut Race, racers: std::ops::Range<u64>, second: u64) {
    for racer in racers {
        race.take(&message(racer, second), START + second * 1_000).unwrap();
    }
}

/// The moment at which the boards of a second go out.
fn moment(second: u64) -> (RaceMoment, Millis) {
    let now = START + second * 1_000 + 100;
    (clock().at(now), now)
}

/// One rider's view, compared with a record ride.
fn view(race: &Race, standings: &[Standing<'_>], index: usize, second: u64) -> RiderMessage {
    let own = &standings[index];
    let (moment, now) = moment(second);
    let record = own.ride.trace();
    let all = standings.iter().map(|standing| RecordRide {
        racer_id: standing.racer_id,
        name: &standing.ride.name,
        trace: standing.ride.trace(),
    });
    let mut view = rider(race, standings, index, Some(record), moment, now);
    view.all_time = AllTimeField::after(own.second, all).seen_by(own, Some(record));
    view
}

/// Compares with a file in `golden/`, to the letter; reading it gives the same message.
fn golden<M>(name: &str, message: &M, file: &str)
where
    M: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let text = serde_json::to_string(message).unwrap();
    assert_eq!(text, file.trim_end(), "shared/tests/golden/{name}.json");
    let mut unknown: serde_json::Value = serde_json::from_str(file).unwrap();
    unknown["later"] = true.into();
    assert_eq!(&serde_json::from_value::<M>(unknown).unwrap(), message, "unknown fields are read over");
}

#[test]
fn the_boards_are_the_golden_files_to_the_letter() {
    let mut race = race();
    (1..=20).for_each(|second| ride(&mut race, 1..6, second));
    // One goes silent, one pedals like a machine, one is out by the host's word.
    (21..=140).for_each(|second| ride(&mut race, 1..5, second));
    let (at, now) = moment(140);
    let machine = |second| RaceMessage { racer_id: 9.try_into().unwrap(), ..message(9, second) };
    for second in 1..=140 {
        let (cadence, resistance) = (81.0.try_into().unwrap(), 40.0.try_into().unwrap());
        race.take(&RaceMessage { cadence, resistance, ..machine(second) }, now).unwrap();
    }
    let mut standings = race.standings_after(140, now);
    judge(&mut standings, |racer| (racer.get() == 2).then_some(Verdict::Disqualified));
    golden::<BoardMessage>("board", &board(&race, &standings, at, now), include_str!("golden/board.json"));
    let own = standings.iter().position(|standing| standing.racer_id.get() == 9).unwrap();
    golden::<RiderMessage>("rider", &view(&race, &standings, own, 140), include_str!("golden/rider.json"));
    let whole = field(&race, &standings, at);
    let snapshot = FieldMessage::Snapshot(whole.clone());
    golden::<FieldMessage>("field-snapshot", &snapshot, include_str!("golden/field-snapshot.json"));
    ride(&mut race, 3..5, 141);
    ride(&mut race, 6..7, 141);
    let mut standings = race.standings_after(141, now + 1_000);
    judge(&mut standings, |racer| (racer.get() == 2).then_some(Verdict::Disqualified));
    let next = field(&race, &standings, moment(141).0);
    let changes = whole.changes(&next);
    golden::<FieldMessage>(
        "field-changes",
        &FieldMessage::Changes(changes.clone()),
        include_str!("golden/field-changes.json"),
    );
    assert_eq!(whole.with(&changes), Some(next));
}

#[test]
fn the_full_list_of_a_thousand_riders_costs_under_six_kilobytes_a_second() {
    let mut race = race();
    let (mut snapshot, mut bytes) = (None::<FieldSnapshot>, 0);
    for second in 1..=100 {
        // The highest ids are the longest; a few riders come late, and a few go.
        ride(&mut race, 39_001..40_001 - (100 - second) / 20, second);
        let (at, now) = moment(second);
        let standings = race.standings_after(u16::try_from(second).unwrap(), now);
        let whole = field(&race, &standings, at);
        let message = match &snapshot {
            Some(snapshot) if second % 10 != 0 => {
                let changes = snapshot.changes(&whole);
                assert_eq!(snapshot.with(&changes).unwrap().rows.len(), whole.rows.len());
                FieldMessage::Changes(changes)
            }
            _ => FieldMessage::Snapshot(snapshot.insert(whole).clone()),
        };
        bytes += serde_json::to_vec(&message).unwrap().len();
    }
    assert!(bytes / 100 < 6_000, "{} bytes a second", bytes / 100);
    println!("{} bytes a second", bytes / 100);
}

#[test]
fn a_page_gets_under_two_kilobytes_a_second_whatever_the_fields_size() {
    for riders in [10, 100, 1_000] {
        let mut race = race();
        let mut most = 0;
        // The highest ids are the longest.
        let racers = 40_001 - riders..40_001;
        for second in 1..=300 {
            ride(&mut race, racers.clone(), second);
            if second % 50 != 0 {
                continue;
            }
            let (at, now) = moment(second - 1);
            let standings = race.standings_after(u16::try_from(second).unwrap(), now);
            let top = serde_json::to_vec(&board(&race, &standings, at, now)).unwrap().len();
            for index in [0, standings.len() / 2, standings.len() - 1] {
                let own = serde_json::to_vec(&view(&race, &standings, index, second - 1)).unwrap().len();
                most = most.max(top + own);
            }
        }
        // Two packets with their topics in one WebSocket message take 80 bytes more.
        assert!(most + 80 < 2_000, "{riders} riders: {most}");
    }
}
