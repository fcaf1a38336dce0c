//! The archive: every message that the journal holds, with its output, in files that other programs read.
//!
//! The journal is the source and the archive only follows it: a thread copies the batches that are not in a
//! file yet into a new one, syncs it, gives it its name, and then moves a cursor in the store. So a message is
//! acknowledged without waiting for the archive, and is in it exactly once: a crash before the cursor moved
//! makes the same file again, under the same name.
//!
//! This module does not decide what is accepted, and reads nothing back.

mod file;
mod line;
mod table;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use alleycat_shared::Millis;
use clap::ValueEnum;
use thiserror::Error;
use tokio::sync::watch;

use crate::metrics;
use crate::store::{Store, StoreError, Unarchived};
use crate::time::{self, DAY_MS, day, utc};
use file::Writers;

/// What the archive's files are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ArchiveFormat {
    /// JSON, a line a message, gzip.
    Json,
    /// Apache Parquet.
    Parquet,
    /// Each file in both formats.
    Both,
    /// No archive.
    None,
}

/// How an archive is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) format: ArchiveFormat,
    /// How long a message waits for its file, at most.
    pub(crate) seconds: u16,
    /// Days before this many are taken away.
    pub(crate) keep_days: u32,
}

/// Why the archive does not go on.
#[derive(Debug, Error)]
pub(crate) enum ArchiveError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{} can't be written: {source}", file.display())]
    File { file: PathBuf, source: io::Error },
}

/// The running archive.
pub(crate) struct Archive {
    failing: watch::Receiver<Option<String>>,
    stop: SyncSender<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Archive {
    /// Starts the archive of a store, if it is kept and files are wanted.
    ///
    /// # Errors
    /// [`StoreError`] when the store can't be read; an archive that can't be written is only shown.
    pub(crate) fn start(store: &Arc<Store>, wanted: Wanted) -> Result<Option<Self>, StoreError> {
        let (Some(journal), Some(folder)) = (store.unarchived()?, store.folder()) else { return Ok(None) };
        if wanted.format == ArchiveFormat::None {
            return Ok(None);
        }
        let (tell, failing) = watch::channel(None);
        let mut copier = Copier {
            archived: store.archived()?,
            store: Arc::clone(store),
            journal,
            folder: folder.join(ARCHIVE_FOLDER),
            wanted,
            failing: tell,
            spoke: None,
        };
        let (stop, stopped) = sync_channel(1);
        let thread = thread::Builder::new().name("archive".to_owned()).spawn(move || copier.run(&stopped));
        let thread = thread.map_err(|source| StoreError::Folder { folder: folder.to_owned(), source })?;
        Ok(Some(Self { failing, stop, thread: Some(thread) }))
    }

    /// Why nothing can be archived, if so.
    pub(crate) fn failing(&self) -> watch::Receiver<Option<String>> {
        self.failing.clone()
    }

    /// Copies what there is and ends. To be called when the journal has ended.
    pub(crate) fn finish(&mut self) {
        _ = self.stop.try_send(());
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

/// Copies the journal into files.
struct Copier {
    store: Arc<Store>,
    journal: Unarchived,
    folder: PathBuf,
    wanted: Wanted,
    /// The last batch that is in a file.
    archived: i64,
    failing: watch::Sender<Option<String>>,
    spoke: Option<Instant>,
}

impl Copier {
    fn run(&mut self, stopped: &Receiver<()>) {
        let mut tidied = None;
        loop {
            let stop = match stopped.recv_timeout(LOOK) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                // Dropped without an end: what is left is copied at the next start.
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let now = time::now();
            let done = self.copy(now, stop);
            self.tell(&done);
            if stop {
                return;
            }
            let today = day(now);
            if tidied.as_ref() != Some(&today) {
                self.tidy(now);
                tidied = Some(today);
            }
        }
    }

    /// Makes all files that are due.
    fn copy(&mut self, now: Millis, all: bool) -> Result<(), ArchiveError> {
        loop {
            let waiting = self.journal.waiting(self.archived)?;
            metrics::archive_waiting(waiting);
            if waiting == 0 || !(all || waiting >= FILE_BYTES || self.oldest_is_due(now)?) {
                return Ok(());
            }
            self.make_file()?;
        }
    }

    fn oldest_is_due(&self, now: Millis) -> Result<bool, ArchiveError> {
        let first = self.journal.after(self.archived)?;
        let at = first.and_then(|batch| batch.records.first().map(|record| record.at));
        Ok(at.is_some_and(|at| now.saturating_sub(at) >= Millis::from(self.wanted.seconds) * 1_000))
    }

    /// Makes one file of what comes next: up to [`FILE_BYTES`] of the journal, of one day.
    fn make_file(&mut self) -> Result<(), ArchiveError> {
        let Some(mut batch) = self.journal.after(self.archived)? else { return Ok(()) };
        let begun = batch.records.first().map_or(0, |record| record.at);
        let folder = self.folder.join(day(begun));
        let failed = |source| ArchiveError::File { file: self.folder.clone(), source };
        make_folder(&folder).map_err(failed)?;
        let mut writers = Writers::create(&self.folder, self.wanted.format).map_err(failed)?;
        let (mut bytes, mut messages) = (0, 0);
        let name = format!("{}-{:09}", time_of_day(begun), batch.id);
        let last = loop {
            for record in &batch.records {
                writers.write(record).map_err(failed)?;
            }
            bytes += batch.bytes as u64;
            messages += batch.records.len();
            let last = batch.id;
            if bytes >= FILE_BYTES {
                break last;
            }
            match self.journal.after(last)? {
                Some(next) if next.records.first().is_some_and(|record| day(record.at) == day(begun)) => {
                    batch = next;
                }
                _ => break last,
            }
        };
        let written = writers.finish(&folder, &name).map_err(failed)?;
        // Only now: whatever happened before, the same file is made again.
        self.store.set_archived(last)?;
        self.archived = last;
        metrics::archived(messages, written);
        Ok(())
    }

    /// Shows whether it works.
    fn tell(&mut self, done: &Result<(), ArchiveError>) {
        metrics::archive_failing(done.is_err());
        match done {
            Ok(()) => {
                if self.failing.send_replace(None).is_some() {
                    self.spoke = None;
                    tracing::info!("the archive can be written again: it has caught up, nothing is missing");
                }
            }
            Err(error) => {
                self.failing.send_replace(Some(error.to_string()));
                if self.spoke.is_none_or(|spoke| spoke.elapsed() >= SPEAK_EVERY) {
                    self.spoke = Some(Instant::now());
                    tracing::error!(%error, "the archive can't be written: races go on and the journal keeps their messages. Free some room or mend the disk");
                }
            }
        }
    }

    /// Takes away the days that need not be kept.
    fn tidy(&self, now: Millis) {
        let oldest = day(now.saturating_sub(u64::from(self.wanted.keep_days) * DAY_MS));
        let days = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for old in days {
            let name = old.file_name();
            let Some(name) = name.to_str().filter(|name| is_day(name) && *name < oldest.as_str()) else {
                continue;
            };
            match fs::remove_dir_all(old.path()) {
                Ok(()) => tracing::info!(day = name, "an old day of the archive was taken away"),
                Err(error) => tracing::warn!(%error, day = name, "an old day of the archive stays"),
            }
        }
    }
}

/// Makes a day's folder, for its owner's eyes only.
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.is_dir() {
        return Ok(());
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // Both the day in the archive and the archive in the store's folder are to outlive a power cut.
    folder.ancestors().skip(1).take(2).try_for_each(|parent| File::open(parent)?.sync_all())
}

fn time_of_day(at: Millis) -> String {
    let time = utc(at).time();
    format!("{:02}-{:02}-{:02}", time.hour(), time.minute(), time.second())
}

/// Whether a name is one that [`day`] gives: nothing else is ever taken away.
fn is_day(name: &str) -> bool {
    let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = name.split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    year.is_some_and(|year| digits(year, 4))
        && [month, day].into_iter().all(|part| part.is_some_and(|part| digits(part, 2)))
        && parts.next().is_none()
}

/// Its name in the folder of the store.
pub(crate) const ARCHIVE_FOLDER: &str = "archive";
/// A file ends when it holds this much of the journal: 100,000 messages.
const FILE_BYTES: u64 = 8 * 1024 * 1024;
/// How often it is looked whether a file is due.
const LOOK: Duration = Duration::from_secs(1);
const SPEAK_EVERY: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests;
