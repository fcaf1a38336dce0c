use super::emulate::Computrainer;
use super::vectors::decoder;
use super::*;
use crate::regime::{bytes, taken, whole};

#[test]
fn every_vector_is_read_however_it_comes() {
    vectors::run(&whole);
}

#[test]
fn rows_of_a_command_have_the_sums_of_the_source() {
    // [S] 100 W, [C] 150 and 300 W
    let rows = [(100, "03 00 00 0A 40 32 E0"), (150, "6A 00 00 0A 40 4B E0"), (300, "1F 00 00 0A 40 16 C2")];
    for (watts, hex) in rows {
        assert_eq!(row(8, watts).to_vec(), bytes(hex), "{watts} W");
    }
}

#[test]
fn a_greeted_trainer_streams_as_long_as_it_gets_commands() {
    let (mut decoder, mut trainer) = (decoder(), Computrainer::new(91, 250));
    let (mut readings, mut commands) = (Vec::new(), 0);
    for now in (0..10_000).step_by(50) {
        decoder.wake(now);
        while let Some(request) = decoder.poll_write() {
            commands += usize::from(request.len() == 56);
            decoder.push(&trainer.answer(&request), now);
        }
        decoder.push(&trainer.says(), now);
        readings.extend(taken(decoder.as_mut()));
    }
    assert!(readings.len() > 190 && commands > 35, "{} {commands}", readings.len());
    assert_eq!((readings[9].cadence, readings[9].power), (91.0, Some(250.0)));
}

#[test]
fn a_silent_unit_is_greeted_again_until_the_port_is_given_up() {
    let mut decoder = decoder();
    let mut greetings = 0;
    for now in (0..30_000).step_by(100) {
        decoder.wake(now);
        while let Some(request) = decoder.poll_write() {
            greetings += usize::from(request == GREETING);
        }
    }
    assert!(greetings > 10 && decoder.is_stuck(), "{greetings}");
}
