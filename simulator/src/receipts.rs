//! The seconds that a broker has acknowledged, in a file, for whoever wants to hold the hub to them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use alleycat_shared::{Millis, RaceId, RaceSecond, RacerId};
use anyhow::Context;

/// A file of lines `raceId,racerId,second,at`; `at` is when that was, in ms since 1970 by this machine's clock. Several processes may append to the same one.
#[derive(Debug)]
pub(crate) struct Receipts(File);

impl Receipts {
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Ok(Self(file.with_context(|| format!("{} can't be written", path.display()))?))
    }

    /// Writes one down: a line is one write, so that lines of others do not mix with it.
    pub(crate) fn note(&self, race: RaceId, racer: RacerId, second: RaceSecond, at: Millis) {
        let line = format!("{race},{racer},{second},{at}\n");
        if let Err(error) = (&self.0).write_all(line.as_bytes()) {
            tracing::error!(%error, "an acknowledged second can't be written down");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_stays() {
        let path = std::env::temp_dir().join(format!("alleycat-receipts-{}", std::process::id()));
        let second = RaceSecond::try_from(3).unwrap();
        for racer in [7_u64, 8] {
            let receipts = Receipts::open(&path).unwrap();
            receipts.note(5_402_746.try_into().unwrap(), racer.try_into().unwrap(), second, 1_000 + racer);
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "5402746,7,3,1007\n5402746,8,3,1008\n");
        std::fs::remove_file(&path).unwrap();
    }
}
