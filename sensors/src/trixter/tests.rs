use super::emulate::TrixterBike;
use super::vectors::decoder;
use super::*;
use crate::Reading;
use crate::regime::{bytes, taken, whole};

#[test]
fn every_vector_is_read_however_it_comes() {
    vectors::run(&whole);
}

#[test]
fn loads_are_written_as_the_source_has_them() {
    // [C]
    let table = [
        (0, "6A 00 3C 5A 78 74"),
        (100, "6A 64 A0 BE DC CC"),
        (200, "6A C8 05 23 41 C5"),
        (250, "6A FA 37 55 73 81"),
    ];
    for (load, hex) in table {
        assert_eq!(command(load).to_vec(), bytes(hex), "{load}");
    }
}

/// A second of messages.
fn second(decoder: &mut dyn Decoder, crank: u16, start: Millis) -> (Vec<Reading>, usize) {
    let (mut readings, mut writes) = (Vec::new(), 0);
    for now in (start..start + 1_000).step_by(13) {
        decoder.wake(now);
        writes += std::iter::from_fn(|| decoder.poll_write()).count();
        decoder.push(&TrixterBike { crank, heart_rate: 0 }.says(), now);
        readings.extend(taken(decoder));
    }
    (readings, writes)
}

#[test]
fn a_few_readings_a_second_are_told_and_a_load_only_if_it_is_wanted() {
    let (readings, writes) = second(decoder(None).as_mut(), 1_852, 0);
    assert!((7..=9).contains(&readings.len()) && writes == 0, "{}", readings.len());
    assert_eq!((readings[1].cadence, readings[1].resistance), (90.0, None));
    let (readings, writes) = second(decoder(Some(100)).as_mut(), 1_852, 0);
    assert!(writes > 70, "{writes}");
    assert_eq!(readings[1].resistance, Resistance::new(40.0, Origin::SetPoint));
}

#[test]
fn a_single_wild_message_does_not_reach_the_rider_and_a_stop_does() {
    let mut decoder = decoder(None);
    second(decoder.as_mut(), 1_852, 0);
    decoder.push(&TrixterBike { crank: 700, heart_rate: 0 }.says(), 1_000);
    let (readings, _) = second(decoder.as_mut(), 1_852, 1_013);
    assert!(readings.iter().all(|reading| reading.cadence == 90.0), "{readings:?}");
    let (readings, _) = second(decoder.as_mut(), 65_535, 3_000);
    assert_eq!(readings.last().unwrap().cadence, 0.0);
}

#[test]
fn what_was_ridden_before_a_silence_is_not_told_after_it() {
    let mut decoder = decoder(None);
    second(decoder.as_mut(), 1_852, 0);
    let (readings, _) = second(decoder.as_mut(), 65_535, 5_000);
    assert!(readings.iter().all(|reading| reading.cadence == 0.0), "{readings:?}");
}
