//! A bike that is not there: it prints `$BIKE` lines as our own sensor would, into a pipe that is read
//! like any port. A script may make it rest, fall silent, make noise and be unplugged.

use std::f64::consts::TAU;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

use super::script::{Act, Script};

/// A ride that begins now and goes on while ports come and go.
#[derive(Clone, Debug)]
pub(super) struct VirtualBike {
    seed: u64,
    script: Option<Script>,
    start: Instant,
}

impl VirtualBike {
    pub(super) fn new(seed: u64, script: Option<Script>) -> Self {
        Self { seed, script, start: Instant::now() }
    }

    /// Opens its port: the ride is told there until the returned end is dropped or the script unplugs it.
    ///
    /// # Errors
    /// `NotFound` while it is unplugged.
    pub(super) fn open(&self) -> io::Result<DuplexStream> {
        if self.act(self.start.elapsed().as_secs_f64()) == Some(Act::Unplugged) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let (bike, port) = tokio::io::duplex(PIPE);
        tokio::spawn(self.clone().pedal(bike));
        Ok(port)
    }

    fn act(&self, seconds: f64) -> Option<Act> {
        self.script.as_ref().map(|script| script.at(seconds))
    }

    async fn pedal(self, mut bike: DuplexStream) {
        let mut tick = tokio::time::interval(PERIOD);
        let mut seconds = self.start.elapsed().as_secs_f64();
        // The first line end is for the reader, who throws away what comes before it.
        let mut said = b"\n".to_vec();
        while bike.write_all(&said).await.is_ok() {
            tick.tick().await;
            said = match self.act(seconds) {
                None => at(seconds, self.seed).into(),
                Some(Act::Ride { cadence, resistance }) => {
                    // Nobody pedals like a clock.
                    let sway = (TAU * seconds / 13.0).sin();
                    line((cadence + 2.0 * sway).clamp(0.0, 250.0), resistance).into()
                }
                Some(Act::Rest) => line(0.0, 0.0).into(),
                Some(Act::Silent) => Vec::new(),
                Some(Act::Noise) => noise(self.seed, seconds),
                Some(Act::Unplugged) => return,
            };
            seconds += PERIOD.as_secs_f64();
        }
    }
}

/// Bytes of no meaning, the same at the same time of the same ride.
fn noise(seed: u64, seconds: f64) -> Vec<u8> {
    // SplitMix64 (Steele, Lea and Flood, 2014): plenty for noise.
    let mut state = seed ^ seconds.to_bits();
    let next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).to_be_bytes()
    };
    // Never a digit: even noise could be a number by chance.
    std::iter::repeat_with(next).take(3).flatten().map(|byte| byte | 0x80).chain(*b"\n").collect()
}

/// The line at a time of the ride: slow waves over slower ones, as a rider pushes and rests.
fn at(seconds: f64, seed: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "only the low bits matter")]
    let phase = (seed % 1_000) as f64;
    let wave = |period: f64| (TAU * seconds / period + phase).sin();
    let cadence = 84.0 + 9.0 * wave(47.0) + 4.0 * wave(13.0) + 1.5 * wave(3.1);
    let resistance = 46.0 + 10.0 * wave(71.0) + 3.0 * wave(29.0);
    line(cadence, resistance)
}

fn line(cadence: f64, resistance: f64) -> String {
    let body = format!("BIKE,{cadence:.1},{resistance:.1}");
    let sum = body.bytes().fold(0, |sum, byte| sum ^ byte);
    format!("${body}*{sum:02X}\r\n")
}

/// Four lines a second, as the sensor does.
const PERIOD: Duration = Duration::from_millis(250);
const PIPE: usize = 1_024;

#[cfg(test)]
mod tests {
    use alleycat_sensors::Decoder;
    use alleycat_sensors::line::{LineDecoder, Options};

    use super::*;

    #[test]
    fn every_line_of_an_hour_is_a_believable_reading() {
        let mut decoder = LineDecoder::new(Options::default());
        decoder.push(b"\n", 0);
        for quarter in 0..4 * 3_600 {
            decoder.push(at(f64::from(quarter) / 4.0, 7).as_bytes(), 0);
            let reading = decoder.poll_reading().unwrap();
            let percent = reading.resistance.unwrap().percent;
            assert!(
                (60.0..=110.0).contains(&reading.cadence) && (25.0..=65.0).contains(&percent),
                "{reading:?}"
            );
        }
    }
}
