//! Records that are no messages, set aside: one line of JSON each, so that somebody can look at them and put
//! them back. Two files at most, for whoever may put into the stream may put much.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use alleycat_shared::message::Refusal;
use alleycat_stream::source::Fetched;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::store::SET_ASIDE;

/// Where records are set aside.
#[derive(Clone, Debug)]
pub(super) struct Aside {
    file: PathBuf,
    old: PathBuf,
    max_bytes: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    stream: &'a str,
    shard: &'a str,
    sequence_number: &'a str,
    partition_key: &'a str,
    /// When it arrived in the stream, epoch ms.
    arrived: u64,
    reason: String,
    /// Base64.
    payload: String,
}

impl Aside {
    /// In a folder.
    pub(super) fn new(folder: &Path) -> Self {
        let [file, old] = SET_ASIDE.map(|name| folder.join(name));
        Self { file, old, max_bytes: MAX_BYTES }
    }

    /// Appends lines, and waits until they are on the disk. A file that is full becomes the old one, in place
    /// of the one that was.
    pub(super) fn append(&self, lines: &[u8]) -> io::Result<()> {
        let mut file = File::options().create(true).append(true).open(&self.file)?;
        if file.metadata()?.len() >= self.max_bytes {
            fs::rename(&self.file, &self.old)?;
            file = File::options().create(true).append(true).open(&self.file)?;
        }
        file.write_all(lines)?;
        file.sync_data()
    }
}

/// A record as a line.
pub(super) fn line(stream: &str, shard: &str, record: &Fetched, refusal: &Refusal) -> Vec<u8> {
    let line = Line {
        stream,
        shard,
        sequence_number: &record.sequence,
        partition_key: &record.key,
        arrived: record.arrived_ms,
        reason: format!("{}: {refusal}", refusal.reason()),
        payload: STANDARD.encode(&record.data),
    };
    let mut line = serde_json::to_vec(&line).expect("texts and numbers");
    line.push(b'\n');
    line
}

/// When a new file is begun.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_record_is_set_aside_whole_and_the_files_stay_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let aside = Aside { max_bytes: 1_000, ..Aside::new(folder.path()) };
        let data = Bytes::from_static(b"no\nmessage \xff");
        let record = Fetched { sequence: "49".into(), key: "k\"".into(), data, arrived_ms: 7 };
        let refusal = Refusal::Malformed("why".to_owned());
        for _ in 0..100 {
            aside.append(&line("s", "shardId-1", &record, &refusal)).unwrap();
        }
        let kept = fs::read_to_string(&aside.file).unwrap();
        let told: serde_json::Value = serde_json::from_str(kept.lines().next().unwrap()).unwrap();
        assert_eq!(STANDARD.decode(told["payload"].as_str().unwrap()).unwrap(), b"no\nmessage \xff");
        assert_eq!((&told["shard"], &told["sequenceNumber"]), (&"shardId-1".into(), &"49".into()));
        assert!(told["reason"].as_str().unwrap().starts_with("malformed: "), "{told}");
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 2);
        assert!(files.iter().all(|file| file.metadata().unwrap().len() < 2_000));
    }
}
