//! A sensor on a pseudo-terminal, which says in each line which one it is.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::pty::openpty;
use nix::unistd::ttyname;

/// The sensor's end, and the device's name.
pub(crate) struct Sensor {
    line: File,
    /// Stays open, or writing before a bridge has opened it would fail.
    _device: OwnedFd,
    pub(crate) path: PathBuf,
}

impl Sensor {
    pub(crate) fn new() -> io::Result<Self> {
        let pair = openpty(None, None)?;
        // A bridge that inherits the device would keep it plugged in.
        for end in [&pair.master, &pair.slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
        }
        let path = ttyname(&pair.slave)?;
        Ok(Self { line: File::from(pair.master), _device: pair.slave, path })
    }

    /// Says a line with the number as its cadence.
    pub(crate) fn say(&mut self, number: usize) -> io::Result<()> {
        let body = format!("BIKE,{:.1},40", cadence(number));
        let sum = body.bytes().fold(0, |sum, byte| sum ^ byte);
        self.line.write_all(format!("${body}*{sum:02X}\r\n").as_bytes())
    }
}

/// The cadence that stands for a number: all differ for long enough.
pub(crate) fn cadence(number: usize) -> f64 {
    f64::from(u32::try_from(number % NUMBERS).unwrap_or_default()) / 10.0
}

/// The number that a cadence stands for.
pub(crate) fn number(cadence: f64) -> usize {
    (cadence * 10.0).round() as usize
}

/// How many numbers there are.
pub(crate) const NUMBERS: usize = 2_000;
