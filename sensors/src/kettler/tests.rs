use super::emulate::KettlerBike;
use super::vectors::decoder;
use super::*;
use crate::regime::{taken, whole};

#[test]
fn every_vector_is_read_however_it_comes() {
    vectors::run(&whole);
}

/// Runs a decoder against a bike until a time.
fn ride(decoder: &mut dyn Decoder, bike: &mut KettlerBike, end: Millis) -> (Vec<Reading>, Vec<String>) {
    let (mut readings, mut requests) = (Vec::new(), Vec::new());
    while let Some(now) = decoder.next_deadline().filter(|now| *now <= end) {
        decoder.wake(now);
        while let Some(request) = decoder.poll_write() {
            decoder.push(&bike.answer(&request), now + 20);
            requests.push(String::from_utf8(request).unwrap());
        }
        readings.extend(taken(decoder));
    }
    (readings, requests)
}

#[test]
fn the_bike_is_asked_what_it_is_and_then_for_its_status() {
    for upper in [false, true] {
        let mut bike = KettlerBike::new(91, 178);
        bike.upper = upper;
        let (readings, requests) = ride(decoder().as_mut(), &mut bike, 6_000);
        let (id, computer, status) =
            if upper { ("ID\r\n", "CM\r\n", "ST\r\n") } else { ("id\r\n", "cm\r\n", "st\r\n") };
        assert_eq!(requests.iter().filter(|request| *request == id).count(), 1, "{requests:?}");
        assert_eq!(requests.iter().filter(|request| *request == computer).count(), 1, "{requests:?}");
        assert_eq!(requests.last().unwrap(), status);
        assert!(
            readings.len() >= 8 && readings.iter().all(|reading| reading.cadence == 91.0),
            "{readings:?}"
        );
    }
}

#[test]
fn an_echo_of_what_was_asked_is_no_answer() {
    let mut decoder = decoder();
    for _ in 0..40 {
        let now = decoder.next_deadline().unwrap();
        decoder.wake(now);
        while let Some(request) = decoder.poll_write() {
            assert!(request.eq_ignore_ascii_case(b"id\r\n"), "{:?}", String::from_utf8_lossy(&request));
            decoder.push(&request, now + 1);
        }
    }
    assert_eq!((decoder.counters().good, taken(decoder.as_mut()).len()), (0, 0));
    assert!(decoder.is_stuck());
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
