//! What permessage-deflate (RFC 7692) would save and cost on what riders are really sent.

use alleycat_bench_report::resident;
use anyhow::Context;
use flate2::{Compress, Compression, FlushCompress};

/// One way to compress.
pub(crate) struct Weighed {
    pub(crate) way: &'static str,
    /// Bytes on the wire a message, WebSocket headers left out.
    pub(crate) bytes: f64,
    /// Processor time a message, in microseconds.
    pub(crate) micros: f64,
}

/// Compresses one rider's messages in order, as a server would.
pub(crate) fn weigh(frames: &[Vec<u8>]) -> anyhow::Result<Vec<Weighed>> {
    let count = frames.len().max(1) as f64;
    let plain = frames.iter().map(Vec::len).sum::<usize>() as f64 / count;
    let mut out = vec![Weighed { way: "as they are", bytes: plain, micros: 0.0 }];
    for (way, level, keeps) in [
        ("each by itself, level 1", 1, false),
        ("each by itself, level 6", 6, false),
        ("with what came before, level 1", 1, true),
        ("with what came before, level 6", 6, true),
    ] {
        // Few messages are many times the clock's grain if they are done again.
        const ROUNDS: u32 = 200;
        let (mut bytes, began) = (0, busy()?);
        for _ in 0..ROUNDS {
            let mut context = Compress::new(Compression::new(level), false);
            for frame in frames {
                if !keeps {
                    context.reset();
                }
                bytes += one(&mut context, frame);
            }
        }
        let runs = count * f64::from(ROUNDS);
        let micros = (busy()? - began) as f64 / 1e3 / runs;
        out.push(Weighed { way, bytes: bytes as f64 / runs, micros });
    }
    Ok(out)
}

/// How long this thread has run, in nanoseconds: `proc(5)`, `schedstat`.
fn busy() -> anyhow::Result<u64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split_whitespace().next().context("schedstat")?.parse()?)
}

/// How much memory a client's context takes that is kept between messages, in bytes.
pub(crate) fn context_memory(frames: &[Vec<u8>]) -> anyhow::Result<u64> {
    const CONTEXTS: u64 = 200;
    let before = resident(std::process::id())?;
    let mut kept = Vec::new();
    for _ in 0..CONTEXTS {
        let mut context = Compress::new(Compression::fast(), false);
        frames.iter().for_each(|frame| _ = one(&mut context, frame));
        kept.push(context);
    }
    let after = resident(std::process::id())?;
    drop(kept);
    Ok(after.saturating_sub(before) / CONTEXTS)
}

/// RFC 7692, section 7.2.1: an empty block ends the message, and its last four bytes are not sent.
fn one(context: &mut Compress, frame: &[u8]) -> usize {
    let mut out = Vec::with_capacity(frame.len() + 64);
    context.compress_vec(frame, &mut out, FlushCompress::Sync).expect("memory to memory does not fail");
    out.len().saturating_sub(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_are_alike_are_smaller_after_each_other() {
        let frames: Vec<_> =
            (0..50).map(|at| format!("{{\"second\":{at},\"name\":\"Ann\"}}").into_bytes()).collect();
        let weighed = weigh(&frames).unwrap();
        assert!(weighed[4].bytes < weighed[2].bytes / 2.0 && weighed[4].bytes > 1.0);
    }
}
