use super::emulate::AntStick;
use super::*;
use crate::Reading;
use crate::regime::{taken, whole};

#[test]
fn every_vector_is_read_however_it_comes() {
    vectors::run(&whole);
}

/// Runs a decoder with sticks for a time; each says something four times a second.
fn ride(decoder: &mut AntDecoder, stick: &mut AntStick, start: Millis, end: Millis) -> Vec<Reading> {
    let mut readings = Vec::new();
    for now in (start..end).step_by(10) {
        decoder.wake(now);
        while let Some(request) = decoder.poll_write() {
            decoder.push(&stick.answer(&request), now);
        }
        if now % 250 == 0 {
            decoder.push(&stick.says(), now);
        }
        readings.extend(taken(decoder));
    }
    readings
}

#[test]
fn a_stick_is_set_up_and_each_kind_of_sensor_is_read() {
    for profile in Profile::ALL {
        let mut decoder = AntDecoder::new(Options::default());
        decoder.restart(0);
        let mut stick = AntStick::new(profile, 90);
        let readings = ride(&mut decoder, &mut stick, 0, 5_000);
        assert!(readings.len() > 15, "{profile:?}: {readings:?}");
        let cadence = readings.last().unwrap().cadence;
        assert!((89.0..91.0).contains(&cadence), "{profile:?}: {cadence}");
        assert_eq!(decoder.paired(), Some(12_345));
    }
}

#[test]
fn pedals_that_stop_are_at_zero_and_a_sensor_that_sleeps_is_no_fault() {
    let mut decoder = AntDecoder::new(Options::default());
    decoder.restart(0);
    let mut stick = AntStick::new(Profile::Cadence, 90);
    ride(&mut decoder, &mut stick, 0, 5_000);
    stick.cadence = 0;
    let readings = ride(&mut decoder, &mut stick, 5_000, 9_000);
    assert_eq!(readings.last().unwrap().cadence, 0.0);
    // It sleeps: the channel searches, gives up, and is opened again.
    decoder.push(&Message::new(RESPONSE, &[2, EVENT, SEARCHES]).bytes(), 9_000);
    decoder.push(&Message::new(RESPONSE, &[2, EVENT, CLOSED]).bytes(), 39_000);
    assert_eq!(decoder.poll_write().unwrap()[..4], [0xa4, 1, setup::OPEN, 2]);
    assert!(!decoder.is_stuck() && decoder.next_deadline().is_none());
    stick.cadence = 60;
    let readings = ride(&mut decoder, &mut stick, 60_000, 62_000);
    assert_eq!(readings.last().unwrap().cadence, 60.0);
}

#[test]
fn the_most_trusted_sensor_wins_and_the_next_one_follows_when_it_is_gone() {
    let mut decoder = AntDecoder::new(Options::default());
    decoder.restart(0);
    let mut meter = AntStick::new(Profile::Power, 90);
    ride(&mut decoder, &mut meter, 0, 1_000);
    // Channel 2 has a cadence sensor that is ridden elsewhere.
    let crank =
        |turns: u8| Message::new(BROADCAST, &[2, 0, 0xff, 0xff, 0xff, 0, 4 * turns, turns, 0]).bytes();
    for turns in 1..8_u8 {
        let now = 1_000 + 250 * Millis::from(turns);
        decoder.push(&meter.says(), now);
        decoder.push(&crank(turns), now);
        assert!(taken(&mut decoder).iter().all(|reading| reading.cadence == 90.0));
    }
    decoder.push(&crank(8), 9_000);
    assert_eq!(taken(&mut decoder)[0].cadence, 60.0, "the meter has been silent for five seconds");
}

#[test]
fn a_stick_that_does_not_answer_is_reset_until_the_port_is_given_up() {
    let mut decoder = AntDecoder::new(Options::default());
    decoder.restart(0);
    let mut resets = 0;
    for now in (0..10_000).step_by(10) {
        decoder.wake(now);
        while let Some(request) = decoder.poll_write() {
            assert_eq!(request[..5], [0xa4, 1, 0x4a, 0, 0xef]);
            resets += 1;
        }
    }
    assert!(resets > 9 && decoder.is_stuck(), "{resets}");
}

#[test]
fn who_was_paired_is_looked_for_after_the_port_was_opened_again() {
    let mut decoder = AntDecoder::new(Options { profiles: vec![Profile::Cadence], ..Options::default() });
    decoder.restart(0);
    let mut stick = AntStick::new(Profile::Cadence, 90);
    ride(&mut decoder, &mut stick, 0, 2_000);
    decoder.restart(3_000);
    let mut asked = Vec::new();
    for now in (3_000..4_000).step_by(10) {
        decoder.wake(now);
        while let Some(request) = decoder.poll_write() {
            decoder.push(&stick.answer(&request), now);
            asked.push(request);
        }
    }
    let id = asked.iter().find(|request| request[2] == CHANNEL_ID).unwrap();
    assert_eq!(id[4..6], [0x39, 0x30]);
}
