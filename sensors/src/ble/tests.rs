use super::emulate::{IndoorBike, TurningCrank};
use super::vectors::{decoder, vectors};
use super::*;
use crate::Origin;
use crate::regime::{believable, rpm, taken};
use crate::{Counters, Reading};

const SECOND: Millis = 1_000;

/// What is read from notifications a second apart.
fn read(said: &[(Characteristic, Vec<u8>)]) -> (Vec<Reading>, Counters) {
    let mut decoder = decoder();
    for (second, (characteristic, value)) in (0..).zip(said) {
        decoder.push(&characteristic.notification(value), second * SECOND);
    }
    (taken(decoder.as_mut()), decoder.counters())
}

#[test]
fn every_vector_is_read() {
    for vector in vectors() {
        assert_eq!(read(&vector.said).0, vector.told, "{}", vector.name);
    }
}

#[test]
fn a_cut_notification_is_refused_whole() {
    for vector in vectors().iter().filter(|vector| !vector.told.is_empty()) {
        for (characteristic, value) in &vector.said {
            for length in 0..value.len() {
                let (readings, counters) = read(&[(*characteristic, value[..length].to_vec())]);
                assert_eq!((readings, counters.good), (vec![], 0), "{}, {length} bytes", vector.name);
                assert_eq!(counters.bad.form, 1, "{}, {length} bytes", vector.name);
            }
        }
    }
}

#[test]
fn a_flipped_bit_is_believable_or_refused() {
    for vector in vectors() {
        for (index, (_, value)) in vector.said.iter().enumerate() {
            for (at, bit) in (0..value.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
                let mut said = vector.said.clone();
                said[index].1[at] ^= 1 << bit;
                read(&said).0.iter().for_each(believable);
            }
        }
    }
}

/// The bytes of a characteristic by its flags: those of each field that is there, each byte the number of its
/// field, so that a field in a wrong place is told by its value.
fn filled(flags: u16, fields: &[(u16, usize)]) -> Vec<u8> {
    let there = fields.iter().enumerate().filter(|(_, (bit, _))| flags & bit != 0);
    there.flat_map(|(index, (_, length))| vec![u8::try_from(index).unwrap(); *length]).collect()
}

#[test]
fn every_field_of_an_indoor_bike_is_found_with_any_others_beside_it() {
    // The specification's table, written down once more.
    const FIELDS: [(u16, usize); 13] = [
        (1, 2), // speed, by the flag turned round
        (1 << 1, 2),
        (1 << 2, 2), // cadence
        (1 << 3, 2),
        (1 << 4, 3),
        (1 << 5, 2), // resistance
        (1 << 6, 2), // power
        (1 << 7, 2),
        (1 << 8, 5),
        (1 << 9, 1), // heart rate
        (1 << 10, 1),
        (1 << 11, 2),
        (1 << 12, 2),
    ];
    for flags in 0..1_u16 << 13 {
        let value = [flags.to_le_bytes().as_slice(), &filled(flags ^ 1, &FIELDS)].concat();
        let told = ftms::read(&value, &mut Range::default()).unwrap();
        let there = |bit: u16, value: f64| (flags & 1 << bit != 0).then_some(value);
        assert_eq!(told.cadence, there(2, f64::from(0x0202_u16) / 2.0), "{flags:#b}");
        assert_eq!(told.power, there(6, f64::from(0x0606_u16)), "{flags:#b}");
        assert_eq!(told.heart_rate, there(9, 9.0), "{flags:#b}");
        assert_eq!(told.resistance.is_some(), flags & 1 << 5 != 0, "{flags:#b}");
        let cut = ftms::read(&value[..value.len() - 1], &mut Range::default());
        assert_eq!(cut, Err(Fault::Form), "{flags:#b}");
    }
}

#[test]
fn the_crank_of_a_power_meter_is_found_with_any_fields_beside_it() {
    const FIELDS: [(u16, usize); 12] = [
        (1, 1),
        (0, 0), // a flag without a field
        (1 << 2, 2),
        (0, 0),
        (1 << 4, 6),
        (1 << 5, 4), // crank
        (1 << 6, 4),
        (1 << 7, 4),
        (1 << 8, 3),
        (1 << 9, 2),
        (1 << 10, 2),
        (1 << 11, 2),
    ];
    for flags in 0..1_u16 << 12 {
        let value = [flags.to_le_bytes().as_slice(), &[0xb4, 0], &filled(flags, &FIELDS)].concat();
        let crank = (flags & 1 << 5 != 0).then_some(Crank { revolutions: 0x0505, time: 0x0505 });
        assert_eq!(power::read(&value), Ok(power::Measurement { watts: 180.0, crank }), "{flags:#b}");
        assert_eq!(power::read(&value[..value.len() - 1]), Err(Fault::Form), "{flags:#b}");
    }
}

#[test]
fn what_a_later_standard_may_add_is_left_out() {
    let value = [IndoorBike { cadence: 90.0, level: 37, watts: 175 }.says(), vec![1, 2, 3]].concat();
    let (readings, _) = read(&[(Characteristic::IndoorBike, value)]);
    assert_eq!(readings, [rpm(90.0).watts(175.0).percent(37.0, Origin::Level)]);
}

#[test]
fn other_characteristics_are_skipped_and_counted() {
    let mut decoder = decoder();
    for bytes in [&[][..], &[0x19], &[0x19, 0x2a, 90], &[0x37, 0x2a, 0, 140]] {
        decoder.push(bytes, 0);
    }
    assert_eq!((taken(decoder.as_mut()), decoder.counters().skipped), (vec![], 8));
}

#[test]
fn an_indoor_bike_goes_before_its_own_copies_until_it_falls_silent() {
    let mut decoder = decoder();
    let mut crank = TurningCrank::default();
    let bike = IndoorBike { cadence: 90.0, level: 20, watts: 150 };
    for second in 0..20 {
        crank.turn(1, 1_024);
        if second < 10 {
            decoder.push(&Characteristic::IndoorBike.notification(&bike.says()), second * SECOND);
        }
        decoder.push(&Characteristic::Cadence.notification(&crank.cadence()), second * SECOND + 1);
    }
    let cadences: Vec<_> = taken(decoder.as_mut()).iter().map(|reading| reading.cadence).collect();
    assert_eq!(cadences, [vec![90.0; 10], vec![60.0; 6]].concat(), "the copy waits for five seconds");
}

#[test]
fn a_power_meter_without_a_crank_goes_with_the_cadence_sensor_beside_it() {
    let mut decoder = decoder();
    let mut crank = TurningCrank::default();
    for second in 0..3 {
        crank.turn(3, 2_048);
        decoder.push(&Characteristic::Power.notification(&[0, 0, 180, 0]), second * SECOND);
        decoder.push(&Characteristic::Cadence.notification(&crank.cadence()), second * SECOND);
    }
    let expected = rpm(90.0).watts(180.0).percent(47.7, Origin::Estimated);
    assert_eq!(taken(decoder.as_mut()), [expected; 2]);
}

#[test]
fn a_crank_that_stands_still_comes_to_zero() {
    let mut decoder = decoder();
    let mut crank = TurningCrank::default();
    for second in 0..8 {
        if second < 3 {
            crank.turn(1, 1_024);
        }
        decoder.push(&Characteristic::Power.notification(&crank.power(100)), second * SECOND);
    }
    let cadences: Vec<_> = taken(decoder.as_mut()).iter().map(|reading| reading.cadence).collect();
    assert_eq!(cadences, [60.0, 60.0, 60.0, 30.0, 0.0, 0.0, 0.0]);
}

#[test]
fn nothing_is_estimated_beside_a_resistance_of_its_own() {
    let bike = IndoorBike { cadence: 90.0, level: 20, watts: 150 };
    let said = |value: Vec<u8>| (Characteristic::IndoorBike, value);
    let alone = said(vec![0x45, 0, 180, 0, 150, 0]);
    let silence = said(vec![1, 0]);
    let (readings, _) = read(&[said(bike.says()), silence.clone(), silence, alone.clone()]);
    assert_eq!(readings.last(), Some(&rpm(90.0).watts(150.0)), "it will tell it again in a moment");
    assert_eq!(read(&[alone]).0, [rpm(90.0).watts(150.0).percent(39.8, Origin::Estimated)]);
}

#[test]
fn a_new_connection_starts_with_new_counts() {
    let mut decoder = decoder();
    let mut crank = TurningCrank { revolutions: 9, time: 9_000 };
    decoder.push(&Characteristic::Cadence.notification(&crank.cadence()), 0);
    decoder.restart(SECOND);
    crank.turn(1, 1_024);
    decoder.push(&Characteristic::Cadence.notification(&crank.cadence()), SECOND);
    assert_eq!((taken(decoder.as_mut()), decoder.counters().good), (vec![], 2));
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn an_indoor_bike_is_read_as_it_speaks(halves in 0_u16..=500, level in 0_i16..=100, watts in 0_i16..=3_000) {
        let cadence = f64::from(halves) / 2.0;
        let value = IndoorBike { cadence, level, watts }.says();
        let (readings, _) = read(&[(Characteristic::IndoorBike, value)]);
        let expected = rpm(cadence).watts(watts.into()).percent(level.into(), Origin::Level);
        proptest::prop_assert_eq!(readings, vec![expected]);
    }

    #[test]
    fn a_crank_is_read_over_any_wrap(revolutions: u16, time: u16, turns in 1_u16..8, ticks in 2_000_u16..=4_000) {
        let mut crank = TurningCrank { revolutions, time };
        let first = crank.cadence();
        crank.turn(turns, ticks);
        let (readings, _) = read(&[(Characteristic::Cadence, first), (Characteristic::Cadence, crank.cadence())]);
        let exact = 61_440.0 * f64::from(turns) / f64::from(ticks);
        proptest::prop_assert_eq!(readings.first().map(|reading| reading.cadence), Reading::new(exact).map(|told| told.cadence));
    }
}
