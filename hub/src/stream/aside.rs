//! Records that are no messages: set aside in a file, counted, and passed by.

use std::io::Write;
use std::path::PathBuf;

use alleycat_stream::source::Fetched;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::metrics;

/// The file `set-aside.jsonl` of the folder of `--data`; without one they are only counted and logged.
pub(super) struct Aside {
    folder: Option<PathBuf>,
}

impl Aside {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// Sets a record aside.
    pub(super) async fn put(&self, shard: &str, record: &Fetched, reason: &str) {
        metrics::stream_set_aside();
        tracing::warn!(shard, sequence = record.sequence, reason, "a record is no message: it is set aside");
        let Some(path) = self.folder.as_ref().map(|folder| folder.join(FILE)) else { return };
        let line = json!({
            "shard": shard, "sequence": record.sequence, "partitionKey": record.key, "arrived": record.arrived_ms,
            "reason": reason, "data": STANDARD.encode(&record.data),
        });
        let write = move || -> std::io::Result<()> {
            let mut file = std::fs::File::options().append(true).create(true).open(&path)?;
            // Whoever floods the stream with nonsense does not fill the disk.
            if file.metadata()?.len() < LARGEST {
                writeln!(file, "{line}")?;
            }
            file.sync_data()
        };
        if let Ok(Err(error)) = tokio::task::spawn_blocking(write).await {
            tracing::warn!(%error, "the record could not be kept");
        }
    }
}

const FILE: &str = "set-aside.jsonl";
/// Beyond this size nothing is appended any more; everything is still counted.
const LARGEST: u64 = 64 * 1024 * 1024;
