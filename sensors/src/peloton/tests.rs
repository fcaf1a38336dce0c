//! What the decoder asks and when, and what it makes of broken talk.

use std::collections::VecDeque;

use super::emulate::PelotonBike;
use super::*;
use crate::regime::{Vector, bytes};
use crate::{Bad, Reading};

fn passive() -> PelotonDecoder {
    let mut decoder = PelotonDecoder::new(Mode::Passive);
    decoder.restart(0);
    decoder
}

/// What a decoder knows after some bytes: cadences read, and the last power and resistance.
fn known(decoder: &mut PelotonDecoder) -> (Vec<f64>, Option<f64>, Option<f64>) {
    let cadences = std::iter::from_fn(|| decoder.poll_reading()).map(|reading| reading.cadence).collect();
    (
        cadences,
        decoder.beside.power.at(1),
        decoder.beside.resistance.at(1).map(|resistance| resistance.percent),
    )
}

#[test]
fn every_vector_is_read_however_it_comes() {
    vectors::run(&crate::regime::whole);
}

#[test]
fn a_cut_frame_is_lost_and_the_next_one_is_not() {
    // [C] five reads
    let mut decoder = passive();
    for hex in
        ["00 FF F1 41 03 F1", "41 03 37 38", "30 D4", "F6 F1 44 05 30 30 30", "F1 4A 04 30 33 38 30 0A F6"]
    {
        decoder.push(&bytes(hex), 1);
    }
    assert_eq!(known(&mut decoder), (vec![87.0], None, Some(53.9)));
    assert!(decoder.counters().skipped > 0);
}

#[test]
fn noise_between_frames_is_skipped_and_counted() {
    let mut decoder = passive();
    let frame = bytes("F1 41 03 38 38 30 D5 F6");
    for seed in 0..200_u8 {
        let noise: Vec<u8> =
            (0..seed % 7).map(|n| n.wrapping_mul(seed).wrapping_add(seed)).filter(|b| *b < 0xf0).collect();
        decoder.push(&noise, 1);
        decoder.push(&frame, 1);
        assert_eq!(known(&mut decoder).0, [88.0], "after {noise:02x?}");
    }
}

#[test]
fn a_flipped_bit_is_never_a_reading() {
    for Vector { name, said, .. } in vectors::vectors().into_iter().filter(|vector| !vector.told.is_empty()) {
        let end = said.iter().position(|byte| *byte == 0xf6).unwrap();
        for (at, bit) in (0..=end).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut flipped = said[..=end].to_vec();
            flipped[at] ^= 1 << bit;
            let mut decoder = passive();
            decoder.push(&flipped, 1);
            assert_eq!(known(&mut decoder), (Vec::new(), None, None), "{name}: byte {at} bit {bit}");
        }
    }
}

/// Runs a decoder against a bike from one time to another; returns the readings and the requests with
/// their times. The bike takes 2 ms to answer.
fn ride(
    decoder: &mut PelotonDecoder,
    bike: &mut PelotonBike,
    end: Millis,
) -> (Vec<Reading>, Vec<(Millis, Vec<u8>)>) {
    let (mut readings, mut requests) = (Vec::new(), Vec::new());
    while let Some(now) = decoder.next_deadline().filter(|now| *now <= end) {
        decoder.wake(now);
        while let Some(request) = decoder.poll_write() {
            decoder.push(&bike.answer(&request), now + 2);
            requests.push((now, request));
        }
        readings.extend(std::iter::from_fn(|| decoder.poll_reading()));
    }
    (readings, requests)
}

fn active() -> PelotonDecoder {
    let mut decoder = PelotonDecoder::new(Mode::Auto);
    decoder.restart(0);
    decoder
}

/// A bike whose table entry n is 100 + 10 n.
fn bike() -> PelotonBike {
    let mut bike = PelotonBike::new(90, 250);
    bike.power = 1_500;
    bike.table = Some(std::array::from_fn(|n| 100 + 10 * u32::try_from(n).unwrap()));
    bike
}

#[test]
fn an_unpolled_bike_is_asked_for_its_table_then_in_turn() {
    let (readings, requests) = ride(&mut active(), &mut bike(), 6_000);
    assert_eq!(requests[0], (500, bytes("F5 41 36 F6")), "after listening: is it awake?");
    assert_eq!(requests[1], (600, bytes("F7 00 F7 F6")));
    assert_eq!(requests[16], (900, bytes("F7 0F 06 F6")));
    assert_eq!(requests[31], (1_200, bytes("F7 1E 15 F6")));
    assert_eq!(requests[32], (1_220, bytes("F5 4A 3F F6")));
    assert_eq!(requests[33], (1_320, bytes("F5 41 36 F6")));
    assert_eq!(requests[34], (1_420, bytes("F5 44 39 F6")));
    assert_eq!(requests[35], (1_520, bytes("F5 4A 3F F6")));
    let last = readings.last().unwrap();
    let resistance = Resistance { percent: 50.0, origin: Origin::Measured };
    assert_eq!((last.cadence, last.power, last.resistance), (90.0, Some(150.0), Some(resistance)));
}

#[test]
fn the_cadence_is_told_at_once_and_the_resistance_once_it_is_known() {
    let (readings, _) = ride(&mut active(), &mut bike(), 510);
    assert_eq!(readings.len(), 1);
    assert_eq!((readings[0].cadence, readings[0].resistance), (90.0, None));
    let (readings, _) = ride(&mut active(), &mut bike(), 1_400);
    assert!(readings.last().unwrap().resistance.is_some());
    assert!(readings.iter().filter_map(|reading| reading.resistance).all(|r| r.origin == Origin::Measured));
}

#[test]
fn a_bike_that_hides_its_scale_is_read_as_an_estimate() {
    let mut bike = bike();
    bike.table = None;
    let (readings, requests) = ride(&mut active(), &mut bike, 4_000);
    let count = |wanted: &[u8]| requests.iter().filter(|(_, request)| request.starts_with(wanted)).count();
    assert_eq!((count(&[0xf7]), count(&[0xf5, 0x49])), (3, 3));
    assert_eq!(readings.last().unwrap().resistance.unwrap().origin, Origin::Estimated);
    let known = readings.iter().position(|reading| reading.resistance.is_some()).unwrap();
    assert!(known >= 6, "its cadence is told while it is asked");
}

#[test]
fn a_bike_that_hides_its_table_is_asked_for_per_cent() {
    let mut bike = bike();
    (bike.table, bike.calibrated) = (None, Some(37));
    let (readings, _) = ride(&mut active(), &mut bike, 4_000);
    let resistance = Resistance { percent: 37.0, origin: Origin::Measured };
    assert_eq!(readings.last().unwrap().resistance, Some(resistance));
}

#[test]
fn a_bike_that_sleeps_for_a_moment_keeps_its_table() {
    let (mut decoder, mut bike) = (active(), bike());
    ride(&mut decoder, &mut bike, 700);
    for _ in 0..8 {
        decoder.wake(decoder.next_deadline().unwrap());
        while decoder.poll_write().is_some() {}
    }
    let (readings, _) = ride(&mut decoder, &mut bike, 4_000);
    assert_eq!(readings.last().unwrap().resistance.unwrap().origin, Origin::Measured);
}

#[test]
fn a_bike_that_wakes_up_late_is_still_asked_for_its_table() {
    let mut decoder = active();
    let (mut silent, mut now) = (0, 0);
    while now < 60_000 {
        now = decoder.next_deadline().unwrap();
        decoder.wake(now);
        silent += std::iter::from_fn(|| decoder.poll_write()).count();
    }
    assert!((100..=600).contains(&silent), "asked {silent} times in a minute");
    let (readings, _) = ride(&mut decoder, &mut bike(), 64_000);
    assert_eq!(readings.last().unwrap().resistance.unwrap().origin, Origin::Measured);
}

#[test]
fn answers_that_a_busy_machine_holds_back_are_waited_for() {
    let (mut decoder, mut bike) = (active(), bike());
    let (mut readings, mut held): (Vec<Reading>, VecDeque<(Millis, Vec<u8>)>) = (Vec::new(), VecDeque::new());
    let mut now = 0;
    while now < 12_000 {
        let due = decoder.next_deadline().unwrap();
        now = held.front().map_or(due, |(arrives, _)| due.min(*arrives));
        while held.front().is_some_and(|(arrives, _)| *arrives <= now) {
            decoder.push(&held.pop_front().unwrap().1, now);
        }
        decoder.wake(now);
        while let Some(request) = decoder.poll_write() {
            held.push_back((now + 120, bike.answer(&request)));
        }
        readings.extend(std::iter::from_fn(|| decoder.poll_reading()));
    }
    let resistance = Resistance { percent: 50.0, origin: Origin::Measured };
    assert_eq!(readings.last().unwrap().resistance, Some(resistance));
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    let (mut decoder, mut bike) = (active(), bike());
    ride(&mut decoder, &mut bike, 900);
    // The table is being read; one answer does not come, and then comes too late.
    let now = decoder.next_deadline().unwrap();
    decoder.wake(now);
    let lost = decoder.poll_write().unwrap();
    assert_eq!(decoder.next_deadline(), Some(now + 50));
    decoder.wake(now + 50);
    assert_eq!(decoder.poll_write(), Some(bytes("F5 41 36 F6")), "is it still there?");
    decoder.push(&bike.answer(&lost), now + 52);
    let (readings, _) = ride(&mut decoder, &mut bike, 5_000);
    assert_eq!(readings.last().unwrap().resistance.unwrap().percent, 50.0);
}

#[test]
fn a_bike_that_falls_silent_is_read_from_the_beginning() {
    let (mut decoder, mut first) = (active(), bike());
    ride(&mut decoder, &mut first, 4_000);
    for _ in 0..40 {
        decoder.wake(decoder.next_deadline().unwrap());
        while decoder.poll_write().is_some() {}
    }
    // Another bike, with another scale, hangs at the same adapter.
    let mut second = PelotonBike::new(60, 250);
    let (readings, requests) = ride(&mut decoder, &mut second, 30_000);
    assert!(requests.iter().any(|(_, request)| request[0] == 0xf7));
    assert_eq!(readings.last().unwrap().resistance.unwrap().percent, 11.2);
}

#[test]
fn an_echo_of_our_own_requests_is_no_answer() {
    let mut decoder = active();
    decoder.wake(500);
    let request = decoder.poll_write().unwrap();
    decoder.push(&request, 501);
    assert!(decoder.poll_reading().is_none());
    assert_eq!(decoder.next_deadline(), Some(550), "still waiting for the bike");
}

#[test]
fn a_bike_that_the_tablet_polls_is_never_written_to() {
    let mut decoder = active();
    decoder.push(&bytes("F1 41 03 38 38 30 D5 F6"), 100);
    for now in (200..10_000).step_by(100) {
        decoder.push(&bytes("F1 44 05 33 32 39 30 30 38 F6"), now);
        decoder.wake(now + 50);
        assert_eq!(decoder.poll_write(), None, "at {now}");
    }
}

#[test]
fn a_tablet_that_falls_silent_is_listened_for_and_then_stood_in_for() {
    let mut decoder = active();
    // Two stray answers look like a tablet.
    decoder.push(&bytes("F1 41 03 38 38 30 D5 F6 F1 44 05 33 32 39 30 30 38 F6"), 100);
    let (readings, requests) = ride(&mut decoder, &mut bike(), 5_000);
    assert_eq!(requests[0].0, 3_600, "3 s of silence, and half a second of listening");
    assert_eq!(readings.last().unwrap().resistance.unwrap().origin, Origin::Measured);
}

#[test]
fn nobody_talks_over_another_host() {
    let talk = [bytes("F5 41 36 F6"), bytes("F7 00 F7 F6"), bytes("FE 00 FE F6")].concat();
    // While listening.
    let mut decoder = active();
    decoder.push(&talk, 400);
    decoder.wake(500);
    assert_eq!((decoder.poll_write(), decoder.next_deadline()), (None, Some(3_400)));
    // And while polling: what waits to be sent is not sent.
    let (mut decoder, mut bike) = (active(), bike());
    ride(&mut decoder, &mut bike, 2_000);
    let now = decoder.next_deadline().unwrap();
    decoder.wake(now);
    decoder.push(&talk, now + 1);
    assert_eq!((decoder.poll_write(), decoder.next_deadline()), (None, Some(now + 3_001)));
}

#[test]
fn requests_without_answers_are_not_understood() {
    for mode in [Mode::Auto, Mode::Passive] {
        let mut decoder = PelotonDecoder::new(mode);
        decoder.restart(0);
        (0..10).for_each(|_| decoder.push(&bytes("F5 41 36 F6"), 1));
        assert_eq!((decoder.counters().good, decoder.counters().skipped), (0, 36), "{mode:?}");
    }
    let mut both = passive();
    (0..10).for_each(|_| both.push(&bytes("F5 41 36 F6 F1 41 03 38 38 30 D5 F6"), 1));
    assert_eq!((both.counters().good, both.counters().skipped), (10, 0));
}

#[test]
fn one_answer_of_before_does_not_make_a_tablet() {
    let mut decoder = active();
    decoder.push(&bytes("F1 41 03 38 38 30 D5 F6"), 100);
    decoder.wake(500);
    assert_eq!(decoder.poll_write(), Some(bytes("F5 41 36 F6")));
}

#[test]
fn what_is_refused_is_counted_by_reason() {
    let mut decoder = passive();
    for hex in [
        "F1 41 03 37 38 30 D5 F6",       // sum
        "F1 41 03 37 38 3A DE F6",       // a digit that is none
        "F1 41 03 38 38 30 D5 00",       // end
        "F1 41 03 39 39 39 E0 F6",       // 999 rpm
        "F1 44 05 39 39 39 39 39 57 F6", // 9999.9 W
        "F1 49 03 31 30 31 CF F6",       // 101 %
    ] {
        decoder.push(&bytes(hex), 1);
    }
    let counters = decoder.counters();
    assert_eq!((counters.good, counters.bad), (0, Bad { checksum: 1, form: 2, range: 3, unchecked: 0 }));
    assert_eq!(known(&mut decoder), (Vec::new(), None, None));
}

#[test]
fn a_long_read_loses_nothing() {
    let mut decoder = passive();
    decoder.push(&bytes("F1 41 03 38 38 30 D5 F6").repeat(60), 1);
    assert_eq!(known(&mut decoder).0.len(), 60);
}

#[test]
fn an_old_resistance_is_not_told_with_a_new_cadence() {
    let mut decoder = passive();
    decoder.push(&bytes("F1 4A 04 30 36 38 30 0D F6"), 0);
    decoder.push(&bytes("F1 41 03 38 38 30 D5 F6"), 1_999);
    decoder.push(&bytes("F1 41 03 38 38 30 D5 F6"), 2_000);
    assert!(decoder.poll_reading().unwrap().resistance.is_some());
    assert!(decoder.poll_reading().unwrap().resistance.is_none());
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn bytes_from_outside_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600)) {
        let mut decoder = passive();
        decoder.push(&bytes, 5);
        proptest::prop_assert!(decoder.frames.next(&mut crate::Counters::default()).is_none());
    }

    #[test]
    fn frames_of_digits_in_noise_never_read_out_of_range(
        digits in "[0-9]{3}",
        noise in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40),
    ) {
        let mut frame = vec![0xf1, 0x41, 3];
        frame.extend(digits.bytes());
        frame.push(frame.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte)));
        frame.push(0xf6);
        let mut decoder = passive();
        decoder.push(&noise, 1);
        decoder.push(&frame, 1);
        decoder.push(&[0; 64], 1);
        let cadences = known(&mut decoder).0;
        proptest::prop_assert!(cadences.iter().all(|cadence| (0.0..=250.0).contains(cadence)));
    }
}
