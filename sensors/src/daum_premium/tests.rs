use super::emulate::DaumPremiumBike;
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
fn the_bike_is_read_twice_a_second_and_each_answer_is_acknowledged() {
    let mut bike = DaumPremiumBike::new(90.1, 130, 28);
    let mut acknowledged = 0;
    let (_, readings) = ride(
        &mut |request| {
            acknowledged += usize::from(request == [ACCEPTED]);
            bike.answer(request)
        },
        5_050,
    );
    assert_eq!((readings.len(), acknowledged), (10, 10), "{readings:?}");
    assert_eq!(readings[0].resistance.unwrap().percent, 100.0);
}

#[test]
fn power_that_stays_set_is_none_when_the_pedals_stand_still() {
    let mut bike = DaumPremiumBike::new(0.0, 130, 3);
    let (_, readings) = ride(&mut |request| bike.answer(request), 1_000);
    assert_eq!((readings[0].cadence, readings[0].power), (0.0, Some(0.0)));
}

#[test]
fn a_mere_echo_is_no_bike() {
    let (decoder, readings) = ride(&mut <[u8]>::to_vec, 30_000);
    assert_eq!((readings.len(), decoder.counters().good), (0, 0));
    assert!(decoder.is_stuck());
}
