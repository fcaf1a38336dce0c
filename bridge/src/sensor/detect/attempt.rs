//! One try at an open port.

use std::fmt;
use std::io;
use std::time::Duration;

use alleycat_sensors::{Counters, Decoder, Millis};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};

use super::steps::Step;
use crate::config::{Driver, Settings};
use crate::sensor::Port;
use crate::sensor::decoders::decoder;
use crate::sensor::record::spelled;

/// How a try ends.
pub(super) enum Outcome {
    /// This is spoken here.
    Hit(Driver),
    /// Nothing that is understood.
    Missed(Heard),
    /// The port is gone.
    Gone(io::Error),
}

/// What was heard without being understood.
#[derive(Debug, Default)]
pub(in crate::sensor) struct Heard {
    bytes: u64,
    /// The first of them.
    sample: Vec<u8>,
    /// What the drivers made of it.
    counters: Counters,
}

/// Tries the step's drivers on an open port.
pub(super) async fn attempt(port: &mut Box<dyn Port>, step: &Step, settings: &Settings) -> Outcome {
    let start = Instant::now();
    let clock = || Millis::try_from(start.elapsed().as_millis()).unwrap_or(Millis::MAX);
    let mut tried: Vec<Tried> = step.drivers.iter().map(|driver| Tried::new(*driver, settings)).collect();
    let mut heard = Heard::default();
    let mut chunk = [0; 256];
    loop {
        // A bike that says something is given time to say something whole.
        let patience = if heard.bytes > 0 { step.wait + step.wait + SENTENCE } else { step.wait };
        let due = tried.iter().filter_map(|one| one.decoder.next_deadline()).min();
        let due = due.map_or(start + patience, |due| start + Duration::from_millis(due));
        tokio::select! {
            got = port.read(&mut chunk) => match got {
                Ok(0) => return Outcome::Gone(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    heard.take(&chunk[..count]);
                    tried.iter_mut().for_each(|one| one.decoder.push(&chunk[..count], clock()));
                }
                Err(error) => return Outcome::Gone(error),
            },
            () = sleep_until(due.min(start + patience)) => {}
        }
        for one in &mut tried {
            one.decoder.wake(clock());
            if one.is_hit() {
                return Outcome::Hit(one.driver);
            }
            while let Some(bytes) = one.decoder.poll_write() {
                // Who listens sends nothing, whatever its decoder would like.
                if step.asks && !matches!(timeout(WRITE_LIMIT, port.write_all(&bytes)).await, Ok(Ok(()))) {
                    tracing::debug!("a question was not taken");
                }
            }
        }
        if start.elapsed() >= patience {
            heard.counters = tried.first().map(|one| one.decoder.counters()).unwrap_or_default();
            return Outcome::Missed(heard);
        }
    }
}

/// A driver that is tried.
struct Tried {
    driver: Driver,
    decoder: Box<dyn Decoder>,
    readings: u64,
}

impl Tried {
    fn new(driver: Driver, settings: &Settings) -> Self {
        let mut decoder = decoder(driver, settings);
        decoder.restart(0);
        Self { driver, decoder, readings: 0 }
    }

    /// Whether it has understood enough to be sure.
    fn is_hit(&mut self) -> bool {
        while self.decoder.poll_reading().is_some() {
            self.readings += 1;
        }
        self.driver.is_sure(self.decoder.counters().good, self.readings)
    }
}

impl Heard {
    fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let room = SAMPLE.saturating_sub(self.sample.len());
        self.sample.extend(bytes.iter().take(room));
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes, sample, counters } = self;
        if *bytes == 0 {
            return f.write_str("    nothing is heard");
        }
        let (hex, text) = spelled(sample);
        let (good, refused) = (counters.good, counters.bad.total());
        write!(
            f,
            "    {bytes} bytes are heard and not understood ({good} good, {refused} refused): {hex} {text}"
        )
    }
}

/// Bytes shown of what was heard.
const SAMPLE: usize = 16;
/// How long the bike may take to take in a question.
const WRITE_LIMIT: Duration = Duration::from_millis(100);
/// Somebody who speaks once a second gets to say it three times.
const SENTENCE: Duration = Duration::from_secs(1);
