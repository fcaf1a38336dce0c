//! A bike that says a line of text for each reading, on a pseudo-terminal: for who wants to say when.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use crate::bike::pseudo_terminal;

/// The sensor's end of the line.
#[derive(Debug)]
pub struct LineBike {
    line: File,
    /// Stays open, or writing before a bridge has opened it would fail.
    _device: OwnedFd,
    path: PathBuf,
}

impl LineBike {
    /// A bike that says nothing yet.
    ///
    /// # Errors
    /// When the system gives no pseudo-terminal.
    pub fn new() -> io::Result<Self> {
        let (pair, path) = pseudo_terminal()?;
        Ok(Self { line: File::from(pair.master), _device: pair.slave, path })
    }

    /// The path for the bridge's `--port`; its driver is `line`.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says a cadence in rpm and a resistance in per cent.
    ///
    /// # Errors
    /// When the line can't be written to.
    pub fn say(&mut self, cadence: f64, resistance: u8) -> io::Result<()> {
        let body = format!("BIKE,{cadence:.1},{resistance}");
        let sum = body.bytes().fold(0, |sum, byte| sum ^ byte);
        self.line.write_all(format!("${body}*{sum:02X}\r\n").as_bytes())
    }
}
