//! A bike that is not there: it prints `$BIKE` lines as our own sensor would, into a pipe that is read
//! like any port.

use std::time::Duration;

use tokio::io::{AsyncWriteExt, DuplexStream};

/// Starts a ride; it ends when the returned end of the pipe is dropped.
pub(super) fn ride(seed: u64) -> DuplexStream {
    let (bike, port) = tokio::io::duplex(PIPE);
    tokio::spawn(pedal(bike, seed));
    port
}

async fn pedal(mut bike: DuplexStream, seed: u64) {
    let mut tick = tokio::time::interval(PERIOD);
    let mut seconds = 0.0;
    // The first line end is for the reader, who throws away what comes before it.
    let mut line = "\n".to_owned();
    while bike.write_all(line.as_bytes()).await.is_ok() {
        tick.tick().await;
        line = at(seconds, seed);
        seconds += PERIOD.as_secs_f64();
    }
}

/// The line at a time of the ride: slow waves over slower ones, as a rider pushes and rests.
fn at(seconds: f64, seed: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "only the low bits matter")]
    let phase = (seed % 1_000) as f64;
    let wave = |period: f64| (std::f64::consts::TAU * seconds / period + phase).sin();
    let cadence = 84.0 + 9.0 * wave(47.0) + 4.0 * wave(13.0) + 1.5 * wave(3.1);
    let resistance = 46.0 + 10.0 * wave(71.0) + 3.0 * wave(29.0);
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
