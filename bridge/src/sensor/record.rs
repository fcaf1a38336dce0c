//! A capture of a port: what was heard and said and when, for a person to read and for `replay` to play.
//!
//! ```text
//! # alleycat-capture 1
//! # driver peloton
//! # port /dev/ttyUSB0
//! # baud 19200
//!      0.102 > f5 41 36 f6                                      .A6.
//!      0.113 < f1 41 03 38 38 30 d5 f6                          .A.880..
//! ```
//! Seconds since the recording began, `<` from the bike or `>` to it, at most 16 bytes in hex, and the same
//! bytes as text. `#` begins a remark; those at the top set the port.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::Port;

/// Writes a capture; clones write the same one.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Mutex<Writer>>);

#[derive(Debug)]
struct Writer {
    /// Nothing when the capture is full or the disk refuses.
    file: Option<File>,
    start: Instant,
    written: u64,
    /// What was said of the port last.
    described: String,
}

impl Recorder {
    /// Begins a capture in a new file.
    ///
    /// # Errors
    /// When the file is there already, or can't be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        let mut file = File::create_new(path)?;
        writeln!(file, "{MAGIC}")?;
        let writer = Writer { file: Some(file), start: Instant::now(), written: 0, described: String::new() };
        Ok(Self(Arc::new(Mutex::new(writer))))
    }

    /// What is recorded from now on, by the options' names.
    pub(super) fn describe(&self, settings: &[(&str, String)]) {
        let text: String = settings.iter().map(|(name, value)| format!("# {name} {value}\n")).collect();
        let mut writer = self.writer();
        if writer.described != text {
            writer.write(&text);
            writer.described = text;
        }
    }

    fn note(&self, direction: char, bytes: &[u8]) {
        let mut writer = self.writer();
        let seconds = writer.start.elapsed().as_secs_f64();
        let text: String = bytes.chunks(WIDTH).map(|chunk| line(seconds, direction, chunk)).collect();
        writer.write(&text);
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.0.lock().expect("no holder of this lock panics")
    }
}

impl Writer {
    fn write(&mut self, text: &str) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(text.as_bytes()) {
            tracing::warn!(%error, "the capture ends here");
            self.file = None;
        }
        self.written += u64::try_from(text.len()).unwrap_or(u64::MAX);
        if self.written > MAX_CAPTURE && self.file.take().is_some() {
            tracing::warn!(bytes = MAX_CAPTURE, "the capture is full and ends here");
        }
    }
}

/// A line of a capture.
fn line(seconds: f64, direction: char, bytes: &[u8]) -> String {
    let (hex, text) = spelled(bytes);
    format!("{seconds:10.3} {direction} {hex:<48} {text}\n")
}

/// Bytes for a person to read: in hex, and as text with dots for what is none.
pub(super) fn spelled(bytes: &[u8]) -> (String, String) {
    let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let plain = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
    (hex.join(" "), bytes.iter().map(plain).collect())
}

/// A port whose bytes are recorded both ways.
pub(super) struct Tap {
    pub(super) port: Box<dyn Port>,
    pub(super) recorder: Recorder,
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.port).poll_read(context, buffer))?;
        self.recorder.note('<', &buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.port).poll_write(context, bytes))?;
        self.recorder.note('>', &bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.port).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.port).poll_shutdown(context)
    }
}

/// The first line of every capture.
pub(super) const MAGIC: &str = "# alleycat-capture 1";
/// Bytes a line.
const WIDTH: usize = 16;
/// The largest capture, in bytes: about a day of a line sensor.
const MAX_CAPTURE: u64 = 64 * 1_024 * 1_024;
