//! Races, standings and results as time goes on.

use alleycat_shared::message::Event;

use super::*;

const START: Millis = 1_000 * 60_000;

fn races() -> Races {
    crate::rig::races(60)
}

fn message(race: u64, racer: u64, second: u64) -> RaceMessage {
    RaceMessage {
        uuid: uuid::Uuid::nil(),
        event: Event::Update,
        device_timestamp: 0,
        second: second.try_into().unwrap(),
        race_id: race.try_into().unwrap(),
        name: RacerName::new("Ann").unwrap(),
        racer_id: racer.try_into().unwrap(),
        class_id: class(),
        cadence: 65.0.try_into().unwrap(),
        resistance: 35.0.try_into().unwrap(),
    }
}

fn class() -> ClassId {
    ClassId::try_from(1).unwrap()
}

#[test]
fn a_race_runs_then_waits_then_is_official() {
    let races = races();
    let race = RaceId::try_from(1_000).unwrap();
    races.take(&message(1_000, 7, 1), START).unwrap();
    let state = |now| races.result(race, class(), now).unwrap().unwrap().state;
    assert_eq!(state(START + 59_999), RaceState::Running);
    assert_eq!(state(START + 60_000), RaceState::Grace);
    races.take(&message(1_000, 7, 60), START + 89_999).unwrap();
    assert_eq!(races.take(&message(1_000, 7, 59), START + 90_000).unwrap_err().reason(), "too-late");
    assert!(races.close(START + 89_999).is_empty());
    assert_eq!(races.close(START + 90_000)[0].result.results[0].score.to_string(), "200.0000");
    assert_eq!(state(START + 90_000), RaceState::Official);
    assert!(races.close(START + 90_000).is_empty(), "official once");
}

#[test]
fn a_closed_race_is_not_opened_again_by_a_clock_read_too_early() {
    let races = races();
    races.take(&message(1_000, 7, 1), START).unwrap();
    races.close(START + 90_000);
    let late = races.take(&message(1_000, 8, 1), START + 89_999);
    assert_eq!(late.unwrap_err().reason(), "too-late");
    assert!(races.close(START + 90_001).is_empty(), "no second result of one race");
}

#[test]
fn a_second_counts_in_one_class_only() {
    let races = races();
    let in_class = |class: u64, second| {
        let message = RaceMessage { class_id: class.try_into().unwrap(), ..message(1_000, 7, second) };
        races.take(&message, START + 50_000).unwrap()
    };
    assert_eq!(
        (in_class(1, 1), in_class(2, 1), in_class(2, 2)),
        (Taken::Counted, Taken::Duplicate, Taken::Counted)
    );
}

#[test]
fn a_race_that_has_not_begun_is_refused() {
    assert_eq!(races().take(&message(1_001, 7, 1), START).unwrap_err().reason(), "ahead-of-clock");
    assert!(races().take(&message(1_001, 7, 1), START + 59_000).is_ok(), "within the clock's tolerance");
}

#[test]
fn records_keep_the_better_ride_with_its_trace() {
    let races = races();
    for (race, seconds) in [(1_000, 3), (1_001, 2)] {
        (1..=seconds).for_each(|second| _ = races.take(&message(race, 7, second), START + 80_000).unwrap());
    }
    races.close(START + 200_000);
    let entries = races.leaderboard(class(), 0, 10).entries;
    assert_eq!((entries.len(), entries[0].race_id.get(), entries[0].score.get()), (1, 1_000, 300.0));
    assert_eq!(races.lock().records(class())[&7.try_into().unwrap()].trace.len(), 3);
}

#[test]
fn the_list_is_newest_first_and_paged() {
    let races = races();
    for race in 1_000..1_005 {
        let start = START + (race - 1_000) * 60_000;
        races.take(&message(race, 7, 1), start).unwrap();
        races.close(start);
    }
    let ids = |before: Option<u64>, limit| {
        let before = before.map(|id| id.try_into().unwrap());
        let list = races.list(class(), before, limit, START + 4 * 60_000).unwrap();
        list.iter().map(|race| race.race_id.get()).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 100), [1_004, 1_003, 1_002, 1_001, 1_000]);
    assert_eq!(ids(Some(1_003), 2), [1_002, 1_001]);
}

#[test]
fn what_comes_too_late_is_kept_for_as_many_seconds_as_a_day_has() {
    let mut late = Late::default();
    let has_room = |late: &mut Late, id: u64, now| late.has_room(id.try_into().unwrap(), now);
    let now = 20_000 * LATE_IS_KEPT_MS;
    assert!((0..86_400).all(|_| has_room(&mut late, 7, now)));
    assert!(!has_room(&mut late, 7, now));
    assert!(has_room(&mut late, 8, now), "somebody else");
    assert!(has_room(&mut late, 7, now + LATE_IS_KEPT_MS), "another day");
}
