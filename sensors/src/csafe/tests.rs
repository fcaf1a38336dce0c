use super::emulate::CsafeConsole;
use super::vectors::decoder;
use super::*;
use crate::Origin;
use crate::regime::{self, bytes, taken, whole};

#[test]
fn every_vector_is_read_however_it_comes() {
    vectors::run(&whole);
}

/// Runs a decoder against a console, which is looked after before each answer, until a time.
fn ride(
    console: &mut CsafeConsole,
    mut look: impl FnMut(&mut CsafeConsole, Millis),
    end: Millis,
) -> (Box<dyn Decoder>, Vec<(Millis, Reading)>) {
    let (mut decoder, mut readings) = (decoder(), Vec::new());
    while let Some(now) = decoder.next_deadline().filter(|now| *now <= end) {
        decoder.wake(now);
        look(console, now);
        while let Some(request) = decoder.poll_write() {
            decoder.push(&console.answer(&request), now + 20);
        }
        readings.extend(taken(decoder.as_mut()).into_iter().map(|reading| (now, reading)));
    }
    (decoder, readings)
}

/// A metre in 200 ms, until the pedals stop.
fn rolls_until(stop: Millis) -> impl FnMut(&mut CsafeConsole, Millis) {
    move |console, now| console.metres = u16::try_from(now.min(stop) / 200).unwrap()
}

#[test]
fn the_console_is_asked_once_for_everything_and_then_for_what_it_knows() {
    let mut console = CsafeConsole::new(90, 150, 8);
    console.heart_rate = 120;
    let (_, readings) = ride(&mut console, rolls_until(60_000), 10_000);
    assert!(readings.len() > 25, "{}", readings.len());
    let last = readings.last().unwrap().1;
    assert_eq!((last.cadence, last.power, last.heart_rate), (90.0, Some(150.0), Some(120.0)));
    assert_eq!(last.resistance, Resistance::new(32.0, Origin::Level), "[C] level 8 of 25");
}

#[test]
fn consoles_that_are_simple_or_shy_or_tell_a_speed_are_read_too() {
    for (as_speed, simple, shy) in
        [(true, false, false), (false, true, false), (false, false, true), (true, true, true)]
    {
        let mut console = CsafeConsole::new(90, 150, 8);
        (console.as_speed, console.simple, console.shy) = (as_speed, simple, shy);
        let (decoder, readings) = ride(&mut console, rolls_until(60_000), 30_000);
        assert!(readings.len() > 5, "{as_speed} {simple} {shy}: {:?}", decoder.counters());
        assert_eq!(readings.last().unwrap().1.cadence, 90.0);
    }
}

#[test]
fn a_console_that_answers_one_command_at_a_time_is_live_without_a_gap() {
    for (as_speed, shy) in [(false, false), (true, false), (false, true)] {
        let mut console = CsafeConsole::new(90, 150, 8);
        (console.as_speed, console.simple, console.shy) = (as_speed, true, shy);
        console.heart_rate = 120;
        let (_, readings) = ride(&mut console, rolls_until(120_000), 60_000);
        let times: Vec<_> = readings.iter().map(|(now, _)| *now).chain([60_000]).collect();
        let gap = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(times[0] < 10_000 && gap <= 1_500, "{as_speed} {shy}: from {} a gap of {gap} ms", times[0]);
        let settled = readings.iter().filter(|(now, _)| *now > times[0] + 5_000);
        for (now, reading) in settled {
            let whole = reading.power.and(reading.resistance).and(reading.heart_rate);
            assert!(whole.is_some(), "{as_speed} {shy}: {reading:?} at {now}");
        }
    }
}

#[test]
fn an_odd_power_or_heart_rate_is_counted_and_the_cadence_beside_it_is_told() {
    // [C] 90 rpm with 65,535 W, then with 251 beats a minute.
    for odd in [&[0xb4, 3, 0xff, 0xff, 0x58][..], &[0xb0, 1, 251]] {
        let mut decoder = decoder();
        let contents = [&[0x85, 0xa7, 3, 90, 0, 0x52][..], odd].concat();
        decoder.push(&frame::bytes(&contents), 1);
        assert_eq!(taken(decoder.as_mut()), [regime::rpm(90.0)], "{odd:02x?}");
        assert_eq!((decoder.counters().good, decoder.counters().bad.range), (1, 1), "{odd:02x?}");
    }
}

#[test]
fn what_a_console_freezes_is_not_believed() {
    let mut console = CsafeConsole::new(90, 150, 8);
    let (_, readings) = ride(&mut console, rolls_until(10_000), 20_000);
    let at = |time| readings.iter().rfind(|(now, _)| *now < time).unwrap().1;
    assert_eq!((at(14_000).cadence, at(14_000).power), (90.0, Some(150.0)));
    assert_eq!((at(16_000).cadence, at(16_000).power), (0.0, Some(0.0)));
}

#[test]
fn a_counter_that_never_moves_says_nothing_and_a_paused_console_does() {
    let mut console = CsafeConsole::new(90, 150, 8);
    let (_, readings) = ride(&mut console, |_, _| {}, 20_000);
    assert_eq!(readings.last().unwrap().1.cadence, 90.0, "one real machine never counts");
    let pauses = |console: &mut CsafeConsole, now| console.state = if now < 10_000 { 5 } else { 6 };
    let (_, readings) = ride(&mut console, pauses, 11_000);
    assert_eq!((readings[9].1.cadence, readings.last().unwrap().1.cadence), (90.0, 0.0));
}

#[test]
fn levels_are_scaled_and_end_at_the_hardest() {
    // [C]
    for (level, max, percent) in [(8, 20.0, 40.0), (8, 25.0, 32.0), (25, 20.0, 100.0)] {
        let mut decoder = CsafeDecoder::new(max);
        decoder.restart(0);
        let contents = [0x85, 0xa7, 3, 90, 0, 0x52, 0xa4, 2, 3, level];
        decoder.push(&frame::bytes(&contents), 1);
        assert_eq!(decoder.poll_reading().unwrap().resistance.unwrap().percent, percent);
    }
}

#[test]
fn a_mere_echo_is_no_console() {
    let mut decoder = decoder();
    assert_eq!(regime::ride(decoder.as_mut(), &mut <[u8]>::to_vec, 20_000), []);
    assert_eq!(decoder.counters().good, 0);
    assert!(decoder.is_stuck());
    // [C] the echo of the shortest request would read as `finished`.
    let mut decoder = CsafeDecoder::new(DEFAULT_MAX_LEVEL);
    decoder.talk.ask.sent(bytes("F1 A7 A7 F2"), 0);
    decoder.push(&bytes("F1 A7 A7 F2"), 1);
    assert_eq!(decoder.counters().good, 0);
}
