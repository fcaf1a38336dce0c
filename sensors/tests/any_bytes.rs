//! Every decoder and bytes that nobody's bike says, seeded and by proptest: a failure can be brought back.
#![cfg(not(target_arch = "wasm32"))]

use alleycat_sensors::regime::{DECODERS, fuzz, survives};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Bytes that begin, end and escape frames in one protocol or another: nonsense of these gets further.
const TELLING: &[u8] = b"\x01\x02\x03\x06\x11\x17\x22\x40\x41\x53\x55\x6a\x73\xa4\xa5\xf0\xf1\xf2\xf3\xf5\xf6\xff\r\n:,$*{}B0123456789abcdefABCDEF";

#[test]
fn no_bytes_make_a_decoder_panic_hang_or_tell_what_can_not_be() {
    let number = |name, default| {
        let text = std::env::var(name).ok();
        text.map_or(default, |text| text.parse().expect("a whole number"))
    };
    let (first, count) = (number("ALLEYCAT_FUZZ_SEED", 1), number("ALLEYCAT_FUZZ_INPUTS", 1_000_u64));
    for (name, _) in DECODERS {
        for seed in first..first + count {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut data = vec![0; random.random_range(0..600)];
            random.fill_bytes(&mut data);
            for byte in &mut data {
                if random.random_bool(0.7) {
                    *byte = TELLING[random.random_range(0..TELLING.len())];
                }
            }
            let outcome = std::panic::catch_unwind(|| fuzz(name, &data));
            assert!(outcome.is_ok(), "{name}, ALLEYCAT_FUZZ_SEED={seed}");
        }
    }
}

#[test]
fn inputs_that_fuzzing_has_kept_are_withstood() {
    for (name, _) in DECODERS {
        let file = format!("{}/fuzz/kept/{}.txt", env!("CARGO_MANIFEST_DIR"), name.replace('-', "_"));
        let lines = std::fs::read_to_string(&file).expect("every decoder has its inputs kept");
        let inputs: Vec<_> = lines.lines().map(|line| STANDARD.decode(line).expect("base64")).collect();
        assert!(inputs.len() > 20, "{file} has {} inputs", inputs.len());
        inputs.iter().for_each(|input| fuzz(name, input));
    }
}

#[test]
fn no_notification_makes_the_reader_of_bluetooth_tell_what_can_not_be() {
    use alleycat_sensors::ble::Characteristic;

    let make = DECODERS.iter().find(|(name, _)| *name == "bluetooth").expect("there is one").1;
    for seed in 0..2_000 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let pieces: Vec<_> = (0..30)
            .map(|_| {
                let mut value = vec![0; random.random_range(0..32)];
                random.fill_bytes(&mut value);
                Characteristic::ALL[random.random_range(0..Characteristic::ALL.len())].notification(&value)
            })
            .collect();
        survives(make().as_mut(), &pieces);
    }
}

proptest::proptest! {
    #[test]
    fn bytes_from_outside_never_panic(
        pieces in proptest::collection::vec(proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80), 0..40),
    ) {
        for (_, make) in DECODERS {
            survives(make().as_mut(), &pieces);
        }
    }
}
