//! The session, and whatever may be done to it.
#![no_main]

#[path = "../../tests/differential/choices.rs"]
mod choices;
#[path = "../../tests/differential/frames.rs"]
mod frames;
#[path = "../../tests/differential/session_fuzz.rs"]
mod session_fuzz;
#[path = "../../tests/differential/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    session_fuzz::run(bytes);
});
