//! The decoder on any bytes, whole and in pieces.
#![no_main]

#[expect(dead_code, reason = "the other target needs all of it")]
#[path = "../../tests/differential/choices.rs"]
mod choices;
#[path = "../../tests/differential/decoder_fuzz.rs"]
mod decoder_fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| decoder_fuzz::run(bytes));
