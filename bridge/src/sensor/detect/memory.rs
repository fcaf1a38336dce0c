//! What hit the last time, kept over restarts if there is a folder for it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{Driver, Line};

/// The bike of the last time.
#[derive(Debug)]
pub(in crate::sensor) struct Memory {
    file: Option<PathBuf>,
    line: Option<Line>,
    /// The number of the wireless sensor that was paired.
    device: Option<u16>,
}

/// As it is written down.
#[derive(Serialize, Deserialize)]
struct Written {
    port: PathBuf,
    driver: String,
    baud: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<u16>,
}

impl Memory {
    /// Reads what is kept in a folder. What can't be read is as good as forgotten.
    pub(in crate::sensor) fn open(folder: Option<&Path>) -> Self {
        let file = folder.map(|folder| folder.join(FILE));
        let text = file.as_ref().and_then(|file| fs::read(file).ok());
        let known = text.and_then(|text| {
            let Written { port, driver, baud, device } = serde_json::from_slice(&text).ok()?;
            Some((Line { port, driver: Driver::of(&driver)?, baud }, device))
        });
        let (line, device) = known.map_or((None, None), |(line, device)| (Some(line), device));
        Self { file, line, device }
    }

    pub(super) fn device(&self, line: &Line) -> Option<u16> {
        self.device.filter(|_| self.line.as_ref() == Some(line))
    }

    pub(super) fn line(&self) -> Option<Line> {
        self.line.clone()
    }

    /// Keeps a line, and the wireless sensor that was paired there, if that is known now.
    pub(super) fn keep(&mut self, line: &Line, device: Option<u16>) {
        let device = device.or_else(|| self.device(line));
        if (self.line.as_ref(), self.device) != (Some(line), device) {
            (self.line, self.device) = (Some(line.clone()), device);
            self.write();
        }
    }

    fn write(&self) {
        if let Err(error) = self.try_write() {
            tracing::warn!(%error, "the bike that was found can't be kept for the next start");
        }
    }

    fn try_write(&self) -> io::Result<()> {
        let (Some(file), Some(line)) = (&self.file, &self.line) else { return Ok(()) };
        let Line { port, driver, baud } = line.clone();
        let written = Written { port, driver: driver.name().to_owned(), baud, device: self.device };
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        // Whole or not at all.
        let draft = file.with_extension("new");
        fs::write(&draft, serde_json::to_vec_pretty(&written)?)?;
        fs::rename(draft, file)
    }
}

const FILE: &str = "bike.json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hit_is_known_after_a_restart_and_nonsense_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        let line = Line { port: "/dev/serial/by-id/bike".into(), driver: Driver::Peloton, baud: 19_200 };
        let mut memory = Memory::open(Some(&state));
        assert_eq!(memory.line(), None);
        memory.keep(&line, None);
        memory.keep(&line, Some(12_345));
        memory.keep(&line, None);
        let again = Memory::open(Some(&state));
        assert_eq!((again.line().as_ref(), again.device(&line)), (Some(&line), Some(12_345)));
        let other = Line { baud: 9_600, ..line };
        memory.keep(&other, None);
        assert_eq!(Memory::open(Some(&state)).device(&other), None, "another line has another sensor");
        for nonsense in ["", "{}", r#"{"port":"/dev/x","driver":"unicycle","baud":1}"#] {
            fs::write(state.join(FILE), nonsense).unwrap();
            assert_eq!(Memory::open(Some(&state)).line(), None, "{nonsense}");
        }
    }
}
