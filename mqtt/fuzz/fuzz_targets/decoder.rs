//! The decoder on any bytes, whole and in pieces.
#![no_main]

#[expect(dead_code, reason = "the other target needs all of it")]
#[path = "../../tests/differential/choices.rs"]
mod choices;
#[path = "../../tests/differential/decoder_fuzz.rs"]
mod decoder_fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // The first byte says how many of the next ones decide where the rest is cut.
    let Some((first, rest)) = bytes.split_first() else { return };
    let (cuts, stream) = rest.split_at(usize::from(*first).min(rest.len()));
    decoder_fuzz::check(stream, &mut choices::Choices::new(cuts));
});
