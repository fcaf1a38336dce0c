use super::emulate::DaumBike;
use super::vectors::decoder;
use super::*;
use crate::regime::{self, whole};

#[test]
fn every_vector_is_read_however_it_comes() {
    vectors::run(&whole);
}

/// Runs a decoder against a bike until a time.
fn ride(answer: &mut dyn FnMut(&[u8]) -> Vec<u8>, end: Millis) -> (Box<dyn Decoder>, Vec<Reading>) {
    let mut decoder = decoder();
    let readings = regime::ride(decoder.as_mut(), answer, end);
    (decoder, readings)
}

#[test]
fn the_cockpit_is_found_and_read_once_a_second_whether_new_or_old() {
    for old in [false, true] {
        let mut bike = DaumBike::new(85, 12);
        bike.old = old;
        let (_, readings) = ride(&mut |request| bike.answer(request), 10_000);
        assert!((8..=10).contains(&readings.len()), "{readings:?}");
        let gears = readings.iter().map(|reading| reading.resistance.unwrap().percent);
        assert!(gears.into_iter().all(|percent| percent == 40.7));
    }
}

#[test]
fn gears_are_levels_from_the_first_to_the_last() {
    // [C]
    for (gear, percent) in [(1, 0.0), (12, 40.7), (28, 100.0)] {
        let mut bike = DaumBike::new(85, gear);
        let (_, readings) = ride(&mut |request| bike.answer(request), 3_000);
        assert_eq!(readings[0].resistance.unwrap().percent, percent, "gear {gear}");
    }
    let mut bike = DaumBike::new(85, 29);
    assert_eq!(ride(&mut |request| bike.answer(request), 3_000).1, [], "there is no such gear");
}

#[test]
fn a_cable_that_echoes_is_read_through_and_a_mere_echo_is_no_bike() {
    let mut bike = DaumBike::new(85, 12);
    let (decoder, readings) = ride(&mut |request| [request, &bike.answer(request)].concat(), 5_000);
    assert_eq!(readings.len(), 4, "{:?}", decoder.counters());
    let (decoder, readings) = ride(&mut <[u8]>::to_vec, 20_000);
    assert_eq!((readings.len(), decoder.counters().good), (0, 0));
    assert!(decoder.is_stuck());
}
