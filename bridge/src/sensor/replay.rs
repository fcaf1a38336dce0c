//! Plays a capture as if its bike were there.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

use super::record::MAGIC;

/// A capture that was read.
#[derive(Debug, Default)]
pub struct Capture {
    settings: Vec<(String, String)>,
    /// What was said, and when.
    said: Vec<(Duration, Said)>,
}

#[derive(Debug)]
enum Said {
    /// By the bike.
    Heard(Vec<u8>),
    /// By the driver, so many bytes.
    Asked(usize),
}

/// Why a file is no capture.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// The file can't be read.
    #[error("the capture can't be read")]
    Read(#[from] io::Error),
    /// Not what `record` writes.
    #[error("this is no capture: its first line is not `{MAGIC}`")]
    NoCapture,
    /// A line that is none.
    #[error("line {0} of the capture is not `seconds < bytes in hex`, in order of time")]
    Line(usize),
    /// Nothing to play.
    #[error("the bike says nothing in this capture")]
    Silent,
}

impl Capture {
    /// Reads a capture.
    ///
    /// # Errors
    /// [`CaptureError`] with the line that is not understood.
    pub fn read(path: &Path) -> Result<Self, CaptureError> {
        std::fs::read_to_string(path)?.parse()
    }

    /// The settings of the port with which it begins, for example `driver` and `line`. Remarks look like
    /// settings and are among them.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Plays once at `speed` times the speed of life, then hangs up. An answer never comes before its
    /// question: a driver that asks later than it did is waited for.
    pub(super) fn play(self: &Arc<Self>, speed: f64) -> DuplexStream {
        let (bike, port) = tokio::io::duplex(PIPE);
        let capture = Arc::clone(self);
        tokio::spawn(async move {
            // An error only says that the port was closed.
            _ = Player { bike, asked: 0 }.play(&capture, speed).await;
        });
        port
    }
}

/// The bike's end of a capture that is played.
struct Player {
    bike: DuplexStream,
    /// Bytes that the driver has said so far.
    asked: usize,
}

impl Player {
    async fn play(mut self, capture: &Capture, speed: f64) -> io::Result<()> {
        let mut shift = Instant::now();
        let mut asked_then = 0;
        for (time, said) in &capture.said {
            let due = shift + time.div_f64(speed);
            match said {
                Said::Heard(bytes) => {
                    self.listen(due, usize::MAX).await?;
                    self.bike.write_all(bytes).await?;
                }
                Said::Asked(count) => {
                    asked_then += count;
                    self.listen(due + PATIENCE, asked_then).await?;
                    shift += Instant::now().saturating_duration_since(due);
                }
            }
        }
        Ok(())
    }

    /// Takes in what the driver says until a time, or until it has said this much.
    async fn listen(&mut self, until: Instant, enough: usize) -> io::Result<()> {
        let mut chunk = [0; 256];
        while self.asked < enough {
            tokio::select! {
                () = tokio::time::sleep_until(until) => break,
                got = self.bike.read(&mut chunk) => match got? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    count => self.asked += count,
                },
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for Capture {
    type Err = CaptureError;

    fn from_str(text: &str) -> Result<Self, CaptureError> {
        if text.lines().next() != Some(MAGIC) {
            return Err(CaptureError::NoCapture);
        }
        let mut capture = Self::default();
        for (number, line) in text.lines().enumerate().skip(1) {
            if let Some(remark) = line.strip_prefix('#') {
                let (name, value) = remark.trim().split_once(' ').unwrap_or_else(|| (remark.trim(), ""));
                // What was found out later is of no use to a player that has begun.
                if capture.said.is_empty() {
                    capture.settings.push((name.to_owned(), value.to_owned()));
                }
            } else if !line.trim().is_empty() {
                let (time, said) = parse(line).ok_or(CaptureError::Line(number + 1))?;
                if capture.said.last().is_some_and(|(last, _)| time < *last) {
                    return Err(CaptureError::Line(number + 1));
                }
                capture.said.push((time, said));
            }
        }
        let heard = capture.said.iter().any(|(_, said)| matches!(said, Said::Heard(_)));
        if heard { Ok(capture) } else { Err(CaptureError::Silent) }
    }
}

/// A line's time, and what was said then.
fn parse(line: &str) -> Option<(Duration, Said)> {
    let (time, rest) = line.trim_start().split_once(' ')?;
    let time = Duration::try_from_secs_f64(time.parse().ok()?).ok().filter(|time| *time <= LONGEST)?;
    let (direction, rest) = rest.trim_start().split_once(' ')?;
    // Two spaces end the bytes; what follows repeats them as text.
    let hex = rest.split("  ").next()?.trim_end();
    let byte = |text: &str| (text.len() == 2).then(|| u8::from_str_radix(text, 16).ok())?;
    let bytes = hex.split(' ').map(byte).collect::<Option<Vec<_>>>()?;
    match direction {
        "<" => Some((time, Said::Heard(bytes))),
        ">" => Some((time, Said::Asked(bytes.len()))),
        _ => None,
    }
}

/// No ride lasts as long, and a time without a bound can't be added to a clock.
const LONGEST: Duration = Duration::from_hours(24 * 365);
const PIPE: usize = 4_096;
/// How long a driver is waited for that does not ask what it asked then.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensor::record::{Recorder, Tap};

    #[tokio::test(start_paused = true)]
    async fn what_is_recorded_is_replayed_byte_for_byte_and_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ride.capture");
        let recorder = Recorder::create(&path).unwrap();
        for _ in 0..2 {
            recorder.describe(&[("driver", "line".into()), ("baud", "9600".into())]);
        }
        let (mut bike, port) = tokio::io::duplex(256);
        let mut tap = Tap { port: Box::new(port), recorder };
        let every: Vec<u8> = (0..=255).collect();
        let mut chunk = [0; 256];
        for bytes in [b"85  40 < # \n", &every[..100], b"x"] {
            tokio::time::advance(Duration::from_millis(1_500)).await;
            bike.write_all(bytes).await.unwrap();
            let count = tap.read(&mut chunk).await.unwrap();
            assert_eq!(&chunk[..count], bytes);
            tap.write_all(b"\xf5A6\xf6").await.unwrap();
        }
        let capture = Arc::new(Capture::read(&path).unwrap());
        assert_eq!(capture.settings().collect::<Vec<_>>(), [("driver", "line"), ("baud", "9600")]);
        for speed in [1.0, 10.0] {
            let start = Instant::now();
            let mut played = Vec::new();
            let mut port = capture.play(speed);
            port.write_all(&[0; 12]).await.unwrap();
            port.read_to_end(&mut played).await.unwrap();
            assert_eq!(played, [b"85  40 < # \n", &every[..100], b"x"].concat());
            let took = start.elapsed().as_secs_f64() * speed;
            assert!((4.4..4.7).contains(&took), "{took} s of 4.5 s");
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(" > f5 41 36 f6 ") && text.contains("  .A6.\n"), "{text}");
        assert!(Recorder::create(&path).is_err(), "a capture is never written over");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_never_comes_before_its_question() {
        let text = "# alleycat-capture 1\n0.500 > 41\n0.600 < 42\n0.700 < 43\n";
        let mut port = Arc::new(text.parse::<Capture>().unwrap()).play(1.0);
        let start = Instant::now();
        // The driver asks 700 ms later than it did.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        port.write_all(b"A").await.unwrap();
        assert_eq!(port.read_u8().await.unwrap(), b'B');
        assert!((1_295..1_320).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
        // One that never asks is not waited for any longer than this.
        let mut played = Vec::new();
        let start = Instant::now();
        let mut port = Arc::new(text.parse::<Capture>().unwrap()).play(1.0);
        port.read_to_end(&mut played).await.unwrap();
        assert_eq!(played, b"BC");
        assert!((1_690..1_730).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    }

    #[test]
    fn what_is_no_capture_is_refused_with_its_line() {
        let table = [
            ("", "first line"),
            ("hello", "first line"),
            ("# alleycat-capture 1\n# driver line\n", "says nothing"),
            ("# alleycat-capture 1\n1.0 < 41\n0.5 < 41", "line 3"),
            ("# alleycat-capture 1\n1.0 < 4g", "line 2"),
            ("# alleycat-capture 1\n-1.0 < 41", "line 2"),
            ("# alleycat-capture 1\nnan < 41", "line 2"),
            ("# alleycat-capture 1\n1e300 < 41", "line 2"),
            // A time that a duration can hold and a clock can't.
            ("# alleycat-capture 1\n1e18 < 41", "line 2"),
            ("# alleycat-capture 1\n1 ? 41", "line 2"),
            ("# alleycat-capture 1\n1 <", "line 2"),
        ];
        for (text, word) in table {
            let error = text.parse::<Capture>().unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_capture_panic(
            lines in proptest::collection::vec("[0-9.e+-]{0,8} [<>?]{0,2} ?[0-9a-fA-F ]{0,24}|\\PC{0,40}|#[a-z ]{0,20}", 0..12),
        ) {
            if let Ok(capture) = format!("{MAGIC}\n{}", lines.join("\n")).parse::<Capture>() {
                proptest::prop_assert!(capture.said.is_sorted_by_key(|(time, _)| *time));
            }
        }
    }
}
