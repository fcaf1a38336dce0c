//! What the finish says beyond place and score.

use alleycat_shared::api::{RaceResult, RaceState, ResultRow};
use alleycat_shared::message::OwnRecord;
use alleycat_shared::plausible::Flags;
use alleycat_shared::{Output, Score, names};

use super::*;

/// A race that is over, with a record of before of so many points.
fn over(record: Option<f64>) -> Page {
    let mut page = join_at(START);
    pedal(&mut page, START + 1_000);
    let (_, rider) = hub_says(10, 51, 29, 2);
    #[expect(clippy::cast_possible_truncation, reason = "some thousands of points")]
    let points = |points: f64| Score::ZERO + Output::from_ten_thousandths((points * 10_000.0) as u32);
    let record =
        record.map(|best| OwnRecord { score: points(best), race_id: None, ahead: 0.0, ahead_seconds: None });
    page.handle(
        START + 2_000,
        Input::RiderView(alleycat_shared::message::RiderMessage { record, ..rider.unwrap() }),
    );
    page.handle(START + 60_000, Input::Woke);
    page
}

/// The hub's result: Ann is at this place of so many, each ten points above the next.
fn told(page: &mut Page, place: u32, riders: u32) {
    let row = |rank: u32| {
        let racer = if rank == place { 29 } else { 100 + u64::from(rank) };
        let racer_id = RacerId::try_from(racer).unwrap();
        let points = Output::from_ten_thousandths((150 - 10 * (rank - 1)) * 10_000);
        ResultRow {
            rank,
            racer_id,
            name: names::default_name(racer_id),
            score: Score::ZERO + points,
            best: Output::ZERO,
            seconds: 2,
            flags: Flags::NONE,
            cleared: false,
        }
    };
    let result = RaceResult {
        race_id: 10_u64.try_into().unwrap(),
        class_id: ClassId::try_from(1).unwrap(),
        state: RaceState::Grace,
        results: (1..=riders).map(row).collect(),
        disqualified: Vec::new(),
    };
    page.handle(START + 62_000, Input::Result { race: result.race_id, answer: Ok(result) });
}

#[test]
fn the_gap_is_to_the_one_above_and_for_the_winner_to_the_next() {
    let mut page = over(None);
    assert_eq!(page.finish_gap(), None);
    told(&mut page, 2, 4);
    let first = names::default_name(RacerId::try_from(101).unwrap()).to_string();
    assert_eq!(page.finish_gap(), Some(("10.0 behind".to_owned(), first)));
    told(&mut page, 1, 4);
    let second = names::default_name(RacerId::try_from(102).unwrap()).to_string();
    assert_eq!(page.finish_gap(), Some(("10.0 ahead of".to_owned(), second)));
    told(&mut page, 1, 1);
    assert_eq!(page.finish_gap(), None);
}

#[test]
fn a_podium_with_somebody_behind_and_a_record_are_celebrated_and_nothing_else() {
    let celebrates = |record, place, riders| {
        let mut page = over(record);
        assert!(!page.celebrates(), "not before the hub has said so");
        told(&mut page, place, riders);
        page.celebrates()
    };
    // Ann's scores by place: 150, 140, 130, 120.
    assert!(celebrates(None, 1, 4) && celebrates(None, 3, 4));
    assert!(!celebrates(None, 4, 4) && !celebrates(None, 3, 3) && !celebrates(None, 1, 1));
    assert!(celebrates(Some(119.0), 4, 4) && !celebrates(Some(120.0), 4, 4));
}

#[test]
fn the_record_is_said_whether_it_is_one_or_not() {
    let record = |best| {
        let mut page = over(best);
        told(&mut page, 1, 2);
        page.finish_record()
    };
    assert_eq!(record(Some(140.0)), "New record: +10.0 over your best");
    assert_eq!(record(Some(162.5)), "−12.5 to your best");
    assert_eq!(record(None), "Your first result in this class");
}

#[test]
fn the_chart_has_a_line_and_words_and_the_finish_is_said_once() {
    let page = over(None);
    assert!(page.finish_chart().own.starts_with('M') && page.finish_chart().record.is_empty());
    assert_eq!(page.finish_chart_line(), "0:03 ridden · mean output 154 · best 154");
    assert_eq!(page.finish_alert(), "Finished: place 30 of 51, score 461.");
}

#[test]
fn without_any_record_all_time_shows_the_rider_alone() {
    let mut page = join_at(START);
    let (_, rider) = hub_says(10, 51, 29, 2);
    page.handle(START + 2_000, Input::RiderView(rider.unwrap()));
    page.handle(START + 2_000, Input::AllTime(true));
    assert!(page.slot(0).is_some_and(|slot| slot.own && slot.rank == 1) && page.slot(1).is_none());
    assert_eq!(page.field_line(), "No other records yet");
}
