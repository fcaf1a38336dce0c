//! Bytes from outside, for tests: what is well is changed in places, by a seed, and given to a reader. Nothing may
//! panic.
//!
//! A failure names its seed; `ALLEYCAT_FUZZ_SEED` brings it back, `ALLEYCAT_FUZZ_INPUTS` says how many inputs each
//! reader gets.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "how many inputs a reader took is worth knowing")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Gives a reader what is well, which it must take, and then 2,000 changed inputs; it returns whether it took one. How
/// many it took is printed, for a reader that takes nothing tells nothing, and returned.
///
/// # Panics
/// If the reader refuses what is well, or panics: with the seed and the input.
pub fn read(name: &str, corpus: &[impl AsRef<[u8]>], mut reader: impl FnMut(&[u8]) -> bool) -> usize {
    let corpus: Vec<_> = corpus.iter().map(AsRef::as_ref).collect();
    assert!(corpus.iter().all(|bytes| reader(bytes)), "{name}: what is well is refused");
    let first = number("ALLEYCAT_FUZZ_SEED", 1);
    let inputs = number("ALLEYCAT_FUZZ_INPUTS", 2_000);
    let mut taken = 0;
    for seed in first..first + inputs {
        let bytes = changed(&mut ChaCha8Rng::seed_from_u64(seed), &corpus);
        let read = catch_unwind(AssertUnwindSafe(|| reader(&bytes)));
        let shown = String::from_utf8_lossy(&bytes);
        taken += usize::from(read.unwrap_or_else(|_| panic!("{name}, ALLEYCAT_FUZZ_SEED={seed}: {shown:?}")));
    }
    println!("{name:<22} {taken:>6} of {inputs} taken");
    taken
}

/// One of the corpus with one to three places changed.
fn changed(random: &mut ChaCha8Rng, corpus: &[&[u8]]) -> Vec<u8> {
    let mut bytes = corpus[random.random_range(0..corpus.len())].to_vec();
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..=bytes.len());
        let end = (at + random.random_range(0..12)).min(bytes.len());
        match random.random_range(0..6) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            2 => {
                let mut piece = vec![0; random.random_range(1..5)];
                random.fill_bytes(&mut piece);
                bytes.splice(at..end, piece);
            }
            3 => {
                let other = corpus[random.random_range(0..corpus.len())];
                let from = random.random_range(0..=other.len());
                bytes.splice(at..end, other[from..].iter().copied().take(40));
            }
            _ => drop(bytes.splice(at..end, TELLING[random.random_range(0..TELLING.len())].bytes())),
        }
    }
    bytes
}

fn number(variable: &str, default: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(default, |text| text.parse().expect("a whole number"))
}

/// What begins, ends and escapes things in one of these languages or another.
const TELLING: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    ":",
    ",",
    "'",
    "''",
    "`",
    "$",
    "${",
    "(",
    ")",
    "((((((((",
    "-",
    ".",
    "*",
    "%",
    "+",
    "#",
    "/",
    "\n",
    "\0",
    "1e400",
    "-0",
    "0.1",
    "NaN",
    "9223372036854775808",
    "18446744073709551616",
    "null",
    "true",
    "SELECT ",
    " FROM ",
    " WHERE ",
    " AS ",
    " AND ",
    " OR ",
    "NOT ",
    "CASE WHEN ",
    " END",
    "cast(",
    "topic(",
    "get(",
    "substring(",
    "\u{202e}",
    "é",
    "😀",
    "[[rule]]",
    "=",
    "\"\"\"",
];
