use alleycat_shared::Score;
use alleycat_shared::api::{RaceEntry, RaceResult, Races, RecordEntry, Records};

use super::*;

fn class() -> ClassId {
    1_u64.try_into().unwrap()
}

fn race(id: u64) -> RaceId {
    id.try_into().unwrap()
}

fn races(newest: u64, count: u64) -> Answer {
    let entry =
        |id| RaceEntry { race_id: race(id), class_id: class(), state: RaceState::Official, riders: 3 };
    Answer::Races(Races { races: (0..count).map(|back| entry(newest - back)).collect() })
}

#[test]
fn a_room_asks_once_and_again_when_its_answer_is_old() {
    let mut rooms = Rooms::default();
    assert_eq!(rooms.ask(0, None), []);
    rooms.enter(0, Room::Races(class()));
    let list = Question::Races(class(), None);
    assert_eq!(rooms.ask(0, None), [list]);
    assert_eq!((rooms.ask(1, None), rooms.ask_at()), (Vec::new(), None), "under way");
    rooms.answered(10, 500, list, Ok(races(900, 2)));
    assert_eq!(rooms.ask_at(), Some(10 + LIST_MS));
    assert_eq!(rooms.ask(10 + LIST_MS, None), [list]);
    rooms.answered(40_100, 500, list, Err("The hub is busy.".into()));
    let main = rooms.main().unwrap();
    assert_eq!((main.failure(), main.value().is_some()), (Some("The hub is busy."), true), "old, but there");
    rooms.retry(40_101);
    assert_eq!(rooms.ask(40_101, None), [list]);
}

#[test]
fn lists_go_on_page_by_page_until_one_is_not_full() {
    let mut rooms = Rooms::default();
    rooms.enter(0, Room::Races(class()));
    let first = rooms.ask(0, None)[0];
    rooms.more(1);
    assert_eq!(rooms.ask(1, None), [], "the first page is not there yet");
    rooms.answered(2, 0, first, Ok(races(900, 50)));
    rooms.more(3);
    let second = Question::Races(class(), Some(race(851)));
    assert_eq!(rooms.ask(3, None), [second]);
    assert_eq!(second.path(), "/api/races?limit=50&classId=1&before=851");
    rooms.answered(4, 0, second, Ok(races(850, 7)));
    rooms.more(5);
    assert_eq!((rooms.ask(5, None), rooms.asked().len()), (Vec::new(), 2), "that was the last one");
    rooms.renew();
    assert_eq!(rooms.ask(6, None), [first], "after a deletion all is asked anew");
}

#[test]
fn a_list_of_several_pages_loses_no_line_to_a_newer_one() {
    let mut rooms = Rooms::default();
    rooms.enter(0, Room::Races(class()));
    let first = rooms.ask(0, None)[0];
    rooms.answered(0, 0, first, Ok(races(900, 50)));
    let (mut quiet, mut asking) = (rooms.clone(), rooms);
    quiet.more(1);
    let second = quiet.ask(1, None)[0];
    quiet.answered(2, 0, second, Ok(races(850, 50)));
    assert_eq!(
        (quiet.ask(LIST_MS, None), quiet.ask_at()),
        (Vec::new(), None),
        "nor is a page asked for again"
    );

    // The first page is being asked for again, and its list may have failed before, when the second is wanted.
    assert_eq!(asking.ask(LIST_MS, None), [first]);
    asking.answered(LIST_MS, 500, first, Err("The hub is busy.".into()));
    assert_eq!(asking.ask(LIST_MS + 500, None), [first]);
    asking.more(LIST_MS + 501);
    assert_eq!(asking.ask(LIST_MS + 501, None), [second]);
    asking.answered(LIST_MS + 502, 0, first, Ok(races(901, 50)));
    asking.answered(LIST_MS + 502, 0, second, Ok(races(850, 50)));
    let listed = asking.answers().flat_map(|answer| match answer {
        Answer::Races(races) => races.races.iter().map(|race| race.race_id.get()).collect(),
        _ => Vec::new(),
    });
    assert!(listed.eq((801..=900).rev()), "each once");
    assert_eq!((asking.main().unwrap().failure(), asking.ask_at()), (None, None));
}

#[test]
fn a_history_goes_on_after_what_else_its_room_asks() {
    let mut rooms = Rooms::default();
    let own = 7_u64.try_into().unwrap();
    rooms.enter(0, Room::Racer(own));
    let rides = Question::Rides(own, None);
    assert_eq!(rooms.ask(0, None), [rides, Question::Records(own)]);
    rooms.answered(1, 0, Question::Records(own), Ok(Answer::Records(Records::default())));
    let entry = |id| alleycat_shared::api::HistoryEntry {
        race_id: race(id),
        class_id: class(),
        name: alleycat_shared::names::default_name(own),
        rank: 1,
        riders: 1,
        score: Score::ZERO,
        best: alleycat_shared::Output::ZERO,
        seconds: 1,
        disqualified: false,
    };
    let history = alleycat_shared::api::History { rides: (0..50).map(|back| entry(900 - back)).collect() };
    rooms.answered(1, 0, rides, Ok(Answer::Rides(history)));
    rooms.more(2);
    assert_eq!(rooms.ask(2, None), [Question::Rides(own, Some(race(851)))]);
}

#[test]
fn a_race_asks_for_the_rides_of_its_winner_and_of_the_own_racer() {
    let mut rooms = Rooms::default();
    let own = 7_u64.try_into().unwrap();
    rooms.enter(0, Room::Race(race(5), class()));
    let result = rooms.ask(0, Some(own))[0];
    let rows = |ids: &[u64]| {
        let row = |(rank, id): (u32, &u64)| ResultRow {
            rank,
            racer_id: (*id).try_into().unwrap(),
            name: alleycat_shared::names::default_name((*id).try_into().unwrap()),
            score: Score::ZERO,
            best: alleycat_shared::Output::ZERO,
            seconds: 1,
            flags: alleycat_shared::plausible::Flags::NONE,
            cleared: false,
        };
        Answer::Result(RaceResult {
            race_id: race(5),
            class_id: class(),
            state: RaceState::Running,
            results: (1..).zip(ids).map(row).collect(),
            disqualified: Vec::new(),
        })
    };
    rooms.answered(1, 0, result, Ok(rows(&[9, 7])));
    let trace = |racer: u64| Question::Trace(race(5), class(), racer.try_into().unwrap());
    let (places, records) = (Question::Places(race(5), class(), own), Question::Records(own));
    assert_eq!(rooms.ask(1, Some(own)), [trace(7), trace(9), places, records]);
    assert_eq!(trace(7).path(), "/api/races/5/classes/1/racers/7");
    assert_eq!(places.path(), "/api/races/5/classes/1/racers/7/places");
    let entry = RecordEntry { class_id: class(), race_id: race(3), score: Score::ZERO, rank: 1, riders: 1 };
    rooms.answered(2, 0, records, Ok(Answer::Records(Records { named: false, records: vec![entry] })));
    assert_eq!(rooms.ask(2, Some(own)), [Question::Trace(race(3), class(), own)], "the record ride");
    assert_eq!(rooms.ask(1 + LIVE_MS, Some(own)), [result], "it still runs");
    // Somebody who has not ridden sees the winner.
    rooms.leave();
    rooms.enter(9_000, Room::Race(race(5), class()));
    rooms.ask(9_000, None);
    rooms.answered(9_001, 0, result, Ok(rows(&[9, 7])));
    let winner = 9_u64.try_into().unwrap();
    let asked = [trace(9), Question::Places(race(5), class(), winner), Question::Records(winner)];
    assert_eq!(rooms.ask(9_001, None), asked);
}

#[test]
fn rooms_are_left_the_way_one_came_and_by_themselves_when_nobody_is_there() {
    let mut rooms = Rooms::default();
    rooms.enter(0, Room::Races(class()));
    rooms.enter(1, Room::Race(race(5), class()));
    rooms.enter(2, Room::Race(race(5), class()));
    rooms.back(3);
    assert_eq!(rooms.here(), Some(Room::Races(class())));
    for id in 1..20 {
        rooms.enter(4, Room::Race(race(id), class()));
    }
    assert_eq!(rooms.open.len(), DEEPEST);
    rooms.idle(59_999, 60_000);
    assert!(rooms.here().is_some());
    rooms.touch(50_000);
    rooms.idle(100_000, 60_000);
    assert!(rooms.here().is_some(), "somebody was there");
    rooms.idle(110_000, 60_000);
    assert_eq!(rooms.here(), None);
}
