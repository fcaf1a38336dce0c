//! Our codec and our session against other people's, against a broker of our own, and against nonsense.
//!
//! `docs/fuzzing.md` says what is compared and how to run it for longer.
#![cfg(not(target_arch = "wasm32"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(unreachable_pub, reason = "some of these files are shared with the fuzz targets")]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

mod choices;
mod codec;
mod compare;
mod decoder_fuzz;
mod frames;
mod model;
mod node;
mod peers;
mod seed;
mod session_fuzz;
mod wire;

#[test]
fn no_bytes_make_the_decoder_panic_or_depend_on_how_they_were_cut() {
    let batches = seed::count("ALLEYCAT_FUZZ_FRAMES", 300_000).div_ceil(STREAMS_PER_SEED);
    let (mut packets, mut violations) = (0, 0);
    seed::each(batches, |seed| {
        let bytes = seed::bytes(seed, BYTES_PER_SEED);
        let mut choices = choices::Choices::new(&bytes);
        while !choices.is_done() {
            let stream = frames::stream(&mut choices);
            let heard = decoder_fuzz::check(&stream, &mut choices);
            packets += heard.0.len();
            violations += usize::from(heard.1.is_some());
        }
        decoder_fuzz::check(&bytes[..400], &mut choices::Choices::new(&bytes[400..]));
    });
    println!("{packets} packets, {violations} violations");
    assert!(packets > violations && violations > 100, "{packets} packets, {violations} violations");
}

#[test]
fn nothing_that_is_done_to_a_session_breaks_its_promises() {
    let mut all = session_fuzz::Reached::default();
    let runs = seed::count("ALLEYCAT_FUZZ_SESSIONS", 4_000);
    seed::each(runs, |seed| {
        let reached = session_fuzz::run(&seed::bytes(seed, 1_500));
        all.connected += reached.connected;
        all.acknowledged += reached.acknowledged;
        all.delivered += reached.delivered;
        all.restarted += reached.restarted;
    });
    println!("{runs} sessions: {all:?}");
    let least = all.connected.min(all.acknowledged).min(all.delivered).min(all.restarted);
    assert!(least as u64 * 2 > runs, "hardly gets anywhere: {all:?}");
}

#[test]
fn inputs_that_fuzzing_has_kept_are_withstood() {
    let mut session = |input: &[u8]| _ = session_fuzz::run(input);
    for (target, run) in
        [("decoder", &mut decoder_fuzz::run as &mut dyn FnMut(&[u8])), ("session", &mut session)]
    {
        let file = format!("{}/fuzz/kept/{target}.txt", env!("CARGO_MANIFEST_DIR"));
        let lines = std::fs::read_to_string(&file).unwrap();
        let inputs: Vec<_> = lines.lines().map(|line| STANDARD.decode(line).unwrap()).collect();
        assert!(inputs.len() > 100, "{file} has {} inputs", inputs.len());
        inputs.iter().for_each(|input| run(input));
    }
}

/// Random bytes of one seed: about so many streams of up to four frames.
const BYTES_PER_SEED: usize = 64 * 1024;
const STREAMS_PER_SEED: u64 = 1_500;
