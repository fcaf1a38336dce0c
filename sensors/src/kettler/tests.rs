use super::emulate::KettlerBike;
use super::vectors::decoder;
use super::*;
use crate::regime::{ride, taken, whole};

#[test]
fn every_vector_is_read_however_it_comes() {
    vectors::run(&whole);
}

#[test]
fn the_bike_is_asked_what_it_is_and_then_for_its_status() {
    for upper in [false, true] {
        let mut bike = KettlerBike::new(91, 178);
        bike.upper = upper;
        let mut requests = Vec::new();
        let mut answer = |request: &[u8]| {
            requests.push(String::from_utf8_lossy(request).into_owned());
            bike.answer(request)
        };
        let readings = ride(decoder().as_mut(), &mut answer, 6_000);
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
fn a_bike_that_knows_no_computer_is_asked_for_its_status_in_its_own_case() {
    for upper in [false, true] {
        let mut bike = KettlerBike::new(91, 178);
        (bike.upper, bike.no_pc_mode) = (upper, true);
        let mut requests = Vec::new();
        let mut answer = |request: &[u8]| {
            requests.push(String::from_utf8_lossy(request).into_owned());
            bike.answer(request)
        };
        let readings = ride(decoder().as_mut(), &mut answer, 6_000);
        let computer = requests.iter().filter(|request| request.eq_ignore_ascii_case("cm\r\n")).count();
        assert_eq!(
            (computer, requests.last().unwrap().as_str()),
            (2, if upper { "ST\r\n" } else { "st\r\n" })
        );
        assert!(
            readings.len() >= 7 && readings.iter().all(|reading| reading.cadence == 91.0),
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
