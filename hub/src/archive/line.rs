//! JSON, a line a message, gzip: the ten fields as they came, then what the hub knows of it.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use alleycat_shared::message::RaceMessage;
use alleycat_shared::{Millis, Output};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::store::Record;

/// One message in the archive.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(flatten)]
    message: &'a RaceMessage,
    /// What the second counts, or would have counted.
    output: Output,
    /// When the hub took it, epoch ms.
    taken_at: Millis,
    /// Came after the race's grace: not ranked.
    late: bool,
}

/// A file of such lines.
pub(super) struct Lines(GzEncoder<BufWriter<File>>);

impl Lines {
    pub(super) const EXTENSION: &str = "jsonl.gz";

    pub(super) fn new(file: File) -> Self {
        Self(GzEncoder::new(BufWriter::new(file), Compression::default()))
    }

    pub(super) fn write(&mut self, record: &Record) -> io::Result<()> {
        let Record { at, late, message } = record;
        let output = Output::of(message.cadence, message.resistance);
        let line = Line { message, output, taken_at: *at, late: *late };
        serde_json::to_writer(&mut self.0, &line)?;
        self.0.write_all(b"\n")
    }

    pub(super) fn finish(self) -> io::Result<File> {
        self.0.finish()?.into_inner().map_err(io::IntoInnerError::into_error)
    }
}
