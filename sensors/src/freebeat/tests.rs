use super::emulate::FreebeatBike;
use super::vectors::decoder;
use super::*;
use crate::regime::{ride, whole};

#[test]
fn every_vector_is_read_however_it_comes() {
    vectors::run(&whole);
}

#[test]
fn the_bike_is_read_five_times_a_second_until_it_is_silent() {
    let (mut decoder, mut bike) = (decoder(), FreebeatBike { cadence: 85, resistance: 37 });
    let readings = ride(decoder.as_mut(), &mut |request| bike.answer(request), 5_000);
    assert!((20..=25).contains(&readings.len()), "{}", readings.len());
    ride(decoder.as_mut(), &mut <[u8]>::to_vec, 20_000);
    assert!(decoder.is_stuck(), "an echo of what was asked is no answer");
}
