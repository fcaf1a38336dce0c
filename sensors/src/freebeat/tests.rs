use super::emulate::FreebeatBike;
use super::vectors::decoder;
use super::*;
use crate::regime::{taken, whole};

#[test]
fn every_vector_is_read_however_it_comes() {
    vectors::run(&whole);
}

#[test]
fn the_bike_is_read_five_times_a_second_until_it_is_silent() {
    let (mut decoder, mut bike) = (decoder(), FreebeatBike { cadence: 85, resistance: 37 });
    let mut readings = Vec::new();
    while let Some(now) = decoder.next_deadline().filter(|now| *now <= 20_000) {
        decoder.wake(now);
        while let Some(request) = decoder.poll_write() {
            let answer = if now < 5_000 { bike.answer(&request) } else { request };
            decoder.push(&answer, now + 10);
        }
        readings.extend(taken(decoder.as_mut()));
    }
    assert!((20..=25).contains(&readings.len()), "{}", readings.len());
    assert!(decoder.is_stuck(), "an echo of what was asked is no answer");
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn bytes_from_outside_never_panic(
        pieces in proptest::collection::vec(proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80), 0..40),
    ) {
        crate::regime::survives(decoder().as_mut(), &pieces);
    }
}
