//! Takes what comes out of a stream into the races.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alleycat_shared::ClassId;
use alleycat_shared::message::{RaceMessage, Refusal};
use alleycat_shared::race::Taken;
use alleycat_stream::kinesis::{Client, Progress, Reader};
use alleycat_stream::source::{Batch, Checkpoints, Fetched, Settings, Start};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::aside::{self, Aside};
use crate::config::StreamFrom;
use crate::identity::Identity;
use crate::journal::Journal;
use crate::metrics;
use crate::races::Races;
use crate::store::{Store, StoreError, StreamMark};
use crate::time;

/// Which stream, and what of it is this hub's.
pub(crate) struct Source {
    pub(crate) stream: String,
    /// Where it is begun if this hub has never read it.
    pub(crate) from: StreamFrom,
    /// Messages of other classes are another hub's.
    pub(crate) classes: BTreeSet<ClassId>,
}

/// Takes a stream's messages into the races.
pub(crate) struct Feed {
    stream: String,
    classes: BTreeSet<ClassId>,
    races: Arc<Races>,
    identity: Arc<Identity>,
    journal: Arc<Journal>,
    /// Without a folder records are counted only.
    aside: Option<Aside>,
    /// Where it goes on.
    checkpoints: Checkpoints,
    settings: Settings,
}

impl Feed {
    /// Goes on where the store says that the stream was left; else where the source says. From now on races
    /// go by the stream.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn new(
        source: Source,
        races: Arc<Races>,
        identity: Arc<Identity>,
        journal: Arc<Journal>,
        store: &Store,
    ) -> Result<Self, StoreError> {
        let Source { stream, from, classes } = source;
        let (shards, watermark) = store.stream_left(&stream)?;
        let checkpoint = |(shard, text): (String, String)| {
            let checkpoint = serde_json::from_str(&text);
            let damaged = |error| StoreError::Damaged(format!("checkpoint of {shard}: {error}"));
            Ok((shard.clone(), checkpoint.map_err(damaged)?))
        };
        let checkpoints = shards.into_iter().map(checkpoint).collect::<Result<Checkpoints, StoreError>>()?;
        let start = match (watermark, from) {
            // Nothing that arrived since may be passed over, also if no shard had a record by then.
            (Some(at), _) => Start::At(at),
            (None, StreamFrom::Race) => {
                // Of older races the rest would be a wrong result.
                races.close(time::now());
                Start::At(races.open_since(time::now()))
            }
            (None, StreamFrom::Oldest) => Start::Oldest,
            (None, StreamFrom::Newest) => Start::Newest,
        };
        let settings = Settings { start, ..Settings::default() };
        races.go_by_stream(watermark.unwrap_or(0), settings.clock_margin_ms);
        let aside = store.folder().map(Aside::new);
        Ok(Self { stream, classes, races, identity, journal, aside, checkpoints, settings })
    }

    /// Begins to read. Returns how far it is, as it changes, and what is to run for ever.
    pub(crate) async fn start(
        mut self,
        endpoint: Option<&str>,
    ) -> (Progress, impl Future<Output = ()> + Send + use<>) {
        let client = Client::new(endpoint).await;
        let checkpoints = std::mem::take(&mut self.checkpoints);
        tracing::info!(stream = self.stream, shards = checkpoints.len(), "the races are fed by a stream");
        let (reader, batches) =
            Reader::start(client, self.stream.clone(), self.settings, checkpoints, rand::random());
        (reader.progress().clone(), self.run(reader, batches))
    }

    async fn run(self, reader: Reader, mut batches: mpsc::Receiver<Batch>) {
        let mut tick = tokio::time::interval(TELL_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                batch = next(&mut batches, &self.journal) => match batch {
                    Some(batch) => self.take(batch).await,
                    None => return,
                },
                _ = tick.tick() => {
                    metrics::stream_source(&self.stream, reader.progress());
                    if let Some(ms) = self.races.behind_stream(time::now()) {
                        metrics::stream_lag(ms);
                    }
                }
            }
        }
    }

    /// Takes a batch whole, and then says how far that is: in the commit of its messages, or in a later one.
    async fn take(&self, batch: Batch) {
        let mut set_aside = Vec::new();
        for records in batch.records.chunks(AT_ONCE) {
            for record in records {
                match self.message(record) {
                    Ok(None) => metrics::left_alone(),
                    Ok(Some(taken)) => metrics::message(&Ok(taken)),
                    Err(refusal) => {
                        // What is too late is in the journal, and what its rider has deleted is to be nowhere.
                        if !matches!(refusal, Refusal::TooLate(_) | Refusal::Deleted(_)) {
                            metrics::stream_set_aside();
                            set_aside.extend(aside::line(&self.stream, &batch.shard, record, &refusal));
                        }
                        metrics::message(&Err(refusal));
                    }
                }
            }
            tokio::task::yield_now().await;
        }
        if !set_aside.is_empty() {
            self.set_aside(&batch.shard, set_aside).await;
        }
        let position = batch.checkpoint().map(|checkpoint| {
            let text = serde_json::to_string(&checkpoint).expect("a checkpoint is plain data");
            (batch.shard.clone(), text)
        });
        let watermark = batch.watermark;
        // A watermark alone is worth a commit now and then, not five times a second.
        if position.is_some() || watermark.is_some_and(|at| self.races.is_much_before(at)) {
            let stream = self.stream.clone();
            self.journal.mark(StreamMark { stream, shard: position, watermark });
        }
        // After the mark: a result is never on the disk before the place up to which it was read.
        if let Some(at) = watermark {
            self.races.stream_reached(at);
        }
    }

    /// The same rules as at the broker, but for the topic and the token, which a record has not. `None` is of
    /// another hub's class.
    fn message(&self, record: &Fetched) -> Result<Option<Taken>, Refusal> {
        let mut message = RaceMessage::parse(&record.data)?;
        if !self.classes.contains(&message.class_id) {
            return Ok(None);
        }
        // Who has joined here has one name, whatever the way.
        if let Some(name) = self.identity.seen(message.racer_id, record.arrived_ms) {
            message.name = name;
        }
        self.races.take(&message, record.arrived_ms).map(Some)
    }

    async fn set_aside(&self, shard: &str, lines: Vec<u8>) {
        let records = lines.iter().filter(|byte| **byte == b'\n').count();
        tracing::warn!(shard, records, "records that are no messages are set aside");
        let Some(aside) = self.aside.clone() else { return };
        let done = tokio::task::spawn_blocking(move || aside.append(&lines)).await;
        if let Ok(Err(error)) = done {
            tracing::warn!(%error, "they could not be written: they are counted only");
        }
    }
}

/// The next batch, once there is room for it. Who does not take it stops the reading: nothing piles up but
/// what the disk is to get.
async fn next(batches: &mut mpsc::Receiver<Batch>, journal: &Journal) -> Option<Batch> {
    while journal.backlog_is_full() {
        tokio::time::sleep(ROOM_EVERY).await;
    }
    batches.recv().await
}

/// Messages between two looks at who else wants to run.
const AT_ONCE: usize = 250;
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether the disk has room again.
const ROOM_EVERY: Duration = Duration::from_millis(100);

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
