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

/// Cadence and resistance of the readings in order.
type Told = &'static [(f64, Option<f64>)];

const VECTORS: [(&str, &str, Told); 16] = [
    ("cadence", "87\r\n", &[(87.0, None)]),                    // [S]
    ("skip,cadence,skip", "12.30,85,60\r\n", &[(85.0, None)]), // [S]
    ("skip,cadence", "Serial port opened\r\n24.80,82.00\r\n", &[(82.0, None)]), // [S]
    ("pulses", "r1\n", &[(181.8, None)]),                      // [C]
    ("pulses", "r0\n", &[(0.0, None)]),                        // [C]
    ("cadence", "{\"rpm\": 85, \"velocity\": 24.8}\n", &[(85.0, None)]), // [S]
    ("cadence", "Cadence: 85\n", &[(85.0, None)]),             // [S]
    ("cadence", "rpm : 85\n", &[(85.0, None)]),                // [S]
    ("cadence", "$BIKE,85.5,40*17\r\n", &[(85.5, Some(40.0))]), // [C]
    ("cadence", "$BIKE,0,40*31\r\n", &[(0.0, Some(40.0))]),    // [C]
    ("cadence", "$BIKE,92,*0E\r\n", &[(92.0, None)]),          // [C]
    ("cadence", "$BIKE,85.5,41*17\r\n", &[]),                  // [C]
    ("revolutions,millis", "10 7000\n12 8400\n", &[(85.7, None)]), // [C]
    (
        "cadence,adc",
        "80,0\n80,15\n80,200\n80,450\n80,600\n",
        &[(80.0, Some(0.0)), (80.0, Some(0.0)), (80.0, Some(42.5)), (80.0, Some(100.0)), (80.0, Some(100.0))],
    ), // [C]
    ("cadence,resistance", "82,24\n", &[(82.0, Some(24.0))]),
    ("cadence", "{\"cadence\":85.5,\"res\":40,\"watts\":150}\n", &[(85.5, Some(40.0))]),
];

#[test]
fn a_negative_zero_is_a_zero() {
    let mut decoder = decoder("cadence,resistance");
    decoder.push(b"-0,-0\n", 1);
    let reading = decoder.poll_reading().unwrap();
    let signs = (reading.cadence.is_sign_positive(), reading.resistance.unwrap().percent.is_sign_positive());
    assert_eq!(signs, (true, true));
}

#[test]
fn every_dialect_is_read_whole_and_byte_by_byte() {
    for (columns, text, expected) in VECTORS {
        let mut whole = decoder(columns);
        whole.push(text.as_bytes(), 1);
        assert_eq!(read(&mut whole), expected, "{text:?}");
        let mut pieces = decoder(columns);
        text.bytes().for_each(|byte| pieces.push(&[byte], 1));
        assert_eq!(read(&mut pieces), expected, "{text:?} byte by byte");
    }
}

#[test]
fn noise_around_a_line_does_not_reach_it() {
    for (columns, text, expected) in VECTORS {
        let mut noisy = decoder(columns);
        noisy.push(b"\xff\xfe\0garbage\n\n\0\0", 1);
        noisy.push(text.as_bytes(), 1);
        noisy.push(b"AT\r\n\0", 1);
        assert_eq!(read(&mut noisy), expected, "{text:?}");
    }
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
