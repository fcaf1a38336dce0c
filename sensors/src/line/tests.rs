//! Vectors: [S] the form stands in a public sketch, [C] computed from the rules.

use super::*;
use crate::{Bad, Origin};

fn decoder(columns: &str) -> LineDecoder {
    let columns = columns.split(',').map(|column| column.parse().unwrap()).collect();
    let mut decoder = LineDecoder::new(Options { columns });
    decoder.push(b"\n", 0);
    decoder
}

/// Cadence and resistance of every reading.
fn read(decoder: &mut LineDecoder) -> Vec<(f64, Option<f64>)> {
    let readings = std::iter::from_fn(|| decoder.poll_reading());
    readings.map(|reading| (reading.cadence, reading.resistance.map(|r| r.percent))).collect()
}

#[test]
fn a_negative_zero_is_a_zero() {
    let mut decoder = decoder("cadence,resistance");
    decoder.push(b"-0,-0\n", 1);
    let reading = decoder.poll_reading().unwrap();
    let signs = (reading.cadence.is_sign_positive(), reading.resistance.unwrap().percent.is_sign_positive());
    assert_eq!(signs, (true, true));
}

#[test]
fn every_vector_is_read_however_it_comes() {
    vectors::run(&crate::regime::whole);
}

#[test]
fn lists_and_objects_by_our_own_words_are_read() {
    for (columns, text, told) in [
        ("cadence,resistance", "82,24\n", (82.0, Some(24.0))),
        ("cadence", "{\"cadence\":85.5,\"res\":40,\"watts\":150}\n", (85.5, Some(40.0))),
    ] {
        let mut decoder = decoder(columns);
        decoder.push(text.as_bytes(), 1);
        assert_eq!(read(&mut decoder), [told], "{text:?}");
    }
}

#[test]
fn a_sketch_that_must_be_asked_is_asked_and_its_silence_is_no_standstill() {
    let mut decoder = vectors::decoder("cadence", vectors::polled(b'c'));
    decoder.wake(0);
    assert_eq!((decoder.poll_write(), decoder.poll_write()), (Some(b"c".to_vec()), None));
    decoder.wake(100);
    assert_eq!(decoder.poll_write(), None, "one question at a time");
    // A half-duplex cable brings back the question in front of the answer: no reading is made up of it.
    decoder.push(b"c82.00\r\n82.00\r\n", 100);
    assert_eq!(read(&mut decoder), [(82.0, None)]);
    for _ in 0..20 {
        let now = decoder.next_deadline().unwrap();
        decoder.wake(now);
        while decoder.poll_write().is_some() {}
    }
    assert_eq!(read(&mut decoder), []);
    assert!(decoder.is_stuck());
}

#[test]
fn a_sketch_that_must_be_started_is_told_again_only_when_it_is_silent() {
    let mut decoder = vectors::decoder("revolutions,millis", vectors::started());
    let starts = |decoder: &mut LineDecoder, now| {
        decoder.wake(now);
        std::iter::from_fn(|| decoder.poll_write()).collect::<Vec<_>>()
    };
    assert_eq!(starts(&mut decoder, 0), [b"\xffp"]);
    assert_eq!(starts(&mut decoder, 4_999), [b""; 0]);
    assert_eq!(starts(&mut decoder, 5_000), [b"\xffp"]);
    for second in 6..30 {
        let now = second * 1_000;
        decoder.push(format!("{second} {now}\n").as_bytes(), now);
        assert_eq!(starts(&mut decoder, now), [b""; 0], "at {now}");
    }
    assert_eq!(starts(&mut decoder, 34_000), [b"\xffp"]);
    assert!(!decoder.is_stuck(), "pedals at rest are no fault");
}

#[test]
fn a_potentiometer_without_a_way_is_refused() {
    let sketch = Sketch { potentiometer: (200.0, 200.0), ..Sketch::default() };
    let mut decoder = vectors::decoder("cadence,adc", sketch);
    decoder.push(b"80,200\n80,300\n", 1);
    assert_eq!((read(&mut decoder), decoder.counters().bad.range), (vec![], 2));
}

#[test]
fn a_speed_is_understood_and_not_told() {
    let mut decoder = decoder("cadence");
    decoder.push(b"Speed: 24.8\n{\"velocity\": 24.8}\n", 1);
    assert_eq!((read(&mut decoder), decoder.counters().good), (vec![], 2));
}

#[test]
fn half_a_line_from_before_the_port_was_opened_is_no_reading() {
    let mut decoder = LineDecoder::new(Options::default());
    decoder.push(b"7\n87\n", 0);
    assert_eq!(read(&mut decoder), [(87.0, None)]);
    decoder.push(b"12", 5);
    decoder.restart(10);
    decoder.push(b"5\n88\n", 10);
    assert_eq!(read(&mut decoder), [(88.0, None)], "nothing of the old half line survives");
}

#[test]
fn what_is_no_measurement_is_counted() {
    let mut decoder = decoder("cadence");
    decoder.push(b"ready\n251\n-1\nnan\n1e2\n{broken\n$BIKE,85.5,41*17\n$BIKE,1\n", 0);
    assert_eq!(read(&mut decoder), []);
    let counters = decoder.counters();
    assert_eq!((counters.good, counters.bad), (0, Bad { checksum: 1, form: 2, range: 2, unchecked: 0 }));
    assert!(counters.skipped >= 11, "{counters:?}");
}

#[test]
fn a_sensor_that_prints_at_each_turn_is_at_rest_when_silent() {
    let mut decoder = decoder("cadence");
    decoder.push(b"90\n", 1_000);
    decoder.push(b"90\n", 1_660);
    read(&mut decoder);
    decoder.wake(3_000);
    assert_eq!(read(&mut decoder), [], "one late line is no news");
    decoder.wake(3_660);
    decoder.wake(4_660);
    assert_eq!(read(&mut decoder), [(0.0, None), (0.0, None)], "said again while it lasts");
}

#[test]
fn what_is_printed_in_lines_of_its_own_goes_with_the_cadence() {
    let mut decoder = decoder("cadence");
    decoder.push(b"Resistance: 40\nPower = 150\nCadence: 85\n", 1_000);
    let reading = decoder.poll_reading().unwrap();
    assert_eq!((reading.resistance.unwrap().percent, reading.power), (40.0, Some(150.0)));
    decoder.push(b"Cadence: 85\n", 3_000);
    assert_eq!(read(&mut decoder), [(85.0, None)], "too old to go with it");
    decoder.push(b"Resistance: 101\n", 3_000);
    assert_eq!(decoder.counters().bad.range, 1);
}

#[test]
fn pulses_are_averaged_over_two_seconds() {
    let mut decoder = decoder("pulses");
    decoder.push(b"r1\nr0\nr1\nr0\nr1\nr0\n", 0);
    assert_eq!(read(&mut decoder).last(), Some(&(90.9, None)));
    decoder.push(b"r0\nr0\nr0\nr0\nr0\nr0\n", 2_000);
    assert_eq!(read(&mut decoder).last(), Some(&(0.0, None)));
}

#[test]
fn a_sensor_that_talks_at_rest_is_never_assumed_to_be_so() {
    let mut decoder = decoder("cadence");
    decoder.push(b"$BIKE,85.5,40*17\r\n", 1_000);
    assert_eq!(decoder.next_deadline(), None);
}

#[test]
fn a_flipped_bit_never_passes_our_own_frame() {
    let frame = b"$BIKE,85.5,40*17";
    for (at, bit) in (1..frame.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        let mut flipped = frame.to_vec();
        flipped[at] ^= 1 << bit;
        let mut decoder = decoder("cadence");
        decoder.push(b"$BIKE,0,40*31\n", 1);
        read(&mut decoder);
        decoder.push(&flipped, 1);
        decoder.push(b"\n", 1);
        assert!(
            read(&mut decoder).is_empty(),
            "byte {at} bit {bit}: {:?}",
            String::from_utf8_lossy(&flipped)
        );
    }
}

#[test]
fn a_potentiometer_is_a_measurement() {
    let mut decoder = decoder("cadence,adc");
    decoder.push(b"80,200\n", 1);
    assert_eq!(decoder.poll_reading().unwrap().resistance.unwrap().origin, Origin::Measured);
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn bytes_from_outside_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..600)) {
        for columns in ["cadence", "revolutions,millis", "pulses", "cadence,adc,power"] {
            let mut decoder = decoder(columns);
            decoder.push(&bytes, 5);
            decoder.wake(10_000);
            for (cadence, percent) in read(&mut decoder) {
                proptest::prop_assert!((0.0..=250.0).contains(&cadence));
                proptest::prop_assert!(percent.is_none_or(|p| (0.0..=100.0).contains(&p)));
            }
        }
    }
}
