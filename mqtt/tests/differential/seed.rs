//! Seeds: the same bytes on every machine, how many runs, and which seed it was when a test fails.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The bytes of a seed.
pub fn bytes(seed: u64, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// How often to run: by default so many times, or as the environment variable says.
pub fn count(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is to be a number, it is {text:?}")),
        Err(_) => default,
    }
}

/// Runs a test for seeds from the one that `ALLEYCAT_FUZZ_SEED` names, or 0.
pub fn each(runs: u64, mut test: impl FnMut(u64)) {
    let first = count("ALLEYCAT_FUZZ_SEED", 0);
    for seed in first..first + runs {
        let _told = Told(seed);
        test(seed);
    }
}

/// Says its seed when a test fails.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with seed {0}: run it alone with ALLEYCAT_FUZZ_SEED={0}", self.0);
        }
    }
}
