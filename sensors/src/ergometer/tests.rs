use super::emulate::Ergometer;
use super::vectors::decoder;
use super::*;
use crate::Reading;
use crate::regime::{taken, whole};

#[test]
fn every_vector_is_read_however_it_comes() {
    vectors::run(&whole);
}

/// Runs a decoder against an ergometer that answers after `delay` until a time.
fn ride(
    dialect: Dialect,
    delay: impl Fn(Millis) -> Millis,
    answer: &mut dyn FnMut(&[u8]) -> Vec<u8>,
    end: Millis,
) -> (Box<dyn Decoder>, Vec<Reading>) {
    let (mut decoder, mut readings) = (decoder(dialect), Vec::new());
    let mut late: Vec<(Millis, Vec<u8>)> = Vec::new();
    let mut now = 0;
    while now <= end {
        let (due, waiting): (Vec<_>, Vec<_>) = late.into_iter().partition(|(at, _)| *at <= now);
        late = waiting;
        due.iter().for_each(|(_, bytes)| decoder.push(bytes, now));
        decoder.wake(now);
        while let Some(request) = decoder.poll_write() {
            late.push((now + delay(now), answer(&request)));
        }
        readings.extend(taken(decoder.as_mut()));
        now += 10;
    }
    (decoder, readings)
}

#[test]
fn both_dialects_tell_cadence_power_heart_rate_and_an_estimate() {
    for dialect in [Dialect::Ergoline, Dialect::Monark] {
        let mut bike = Ergometer::new(dialect, 85, 150);
        bike.heart_rate = 132;
        let (_, readings) = ride(dialect, |_| 20, &mut |request| bike.answer(request), 5_000);
        let last = readings.last().unwrap();
        assert_eq!((last.cadence, last.power, last.heart_rate), (85.0, Some(150.0), Some(132.0)));
        // [C] 150 W at 85 rpm
        assert_eq!(last.resistance.unwrap().percent, 42.1);
        assert!(readings.len() >= 8, "{readings:?}");
    }
}

#[test]
fn a_load_that_stays_set_is_no_power_when_the_pedals_stand_still() {
    let mut bike = Ergometer::new(Dialect::Ergoline, 0, 150);
    let (_, readings) = ride(Dialect::Ergoline, |_| 20, &mut |request| bike.answer(request), 3_000);
    assert_eq!((readings[0].cadence, readings[0].power, readings[0].resistance), (0.0, Some(0.0), None));
}

#[test]
fn a_late_answer_is_never_taken_for_that_to_another_question() {
    // Every third answer takes 700 ms, by then nobody waits for it any more.
    let mut bike = Ergometer::new(Dialect::Monark, 85, 150);
    let delay = |now: Millis| if (now / 1_000) % 3 == 2 { 700 } else { 20 };
    let (_, readings) = ride(Dialect::Monark, delay, &mut |request| bike.answer(request), 60_000);
    assert!(readings.len() > 30, "{}", readings.len());
    for reading in readings {
        assert_eq!((reading.cadence, reading.power.unwrap_or(150.0)), (85.0, 150.0));
    }
}

#[test]
fn a_mere_echo_is_no_ergometer() {
    for dialect in [Dialect::Ergoline, Dialect::Monark] {
        let (decoder, readings) = ride(dialect, |_| 1, &mut <[u8]>::to_vec, 20_000);
        assert_eq!((readings.len(), decoder.counters().good), (0, 0));
        assert!(decoder.is_stuck());
    }
}
