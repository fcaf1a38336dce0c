//! The hub as a consumer: races fed by a stream, from all its shards, as if the messages had come by MQTT.
//!
//! A record counts as having come when it arrived in the stream, and races end when everything that arrived
//! before the end of their grace was taken: a consumer that was dead, or a stream that was away, changes no
//! result. How far it is is kept in the commit that keeps its messages.

mod aside;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alleycat_shared::message::RaceMessage;
use alleycat_shared::{ClassId, Millis};
use alleycat_stream::kinesis::{Client, Progress, Reader, Target};
use alleycat_stream::source::{Batch, Checkpoints, Settings};
use tokio::sync::mpsc;

use crate::journal::Journal;
use crate::metrics;
use crate::races::Races;
use crate::store::{Store, StoreError, StreamMark};
use aside::Aside;

/// Takes a stream's messages into the races.
pub(crate) struct Feed {
    stream: String,
    classes: BTreeSet<ClassId>,
    races: Arc<Races>,
    journal: Arc<Journal>,
    aside: Aside,
    reader: Reader,
    batches: mpsc::Receiver<Batch>,
}

impl Feed {
    /// Goes on where the store says that the stream was left; else where the settings say.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) async fn start(
        stream: String,
        target: &Target,
        settings: Settings,
        classes: BTreeSet<ClassId>,
        races: Arc<Races>,
        journal: Arc<Journal>,
        store: &Store,
    ) -> Result<Self, StoreError> {
        let (shards, watermark) = store.stream_left(&stream)?;
        let checkpoint = |(shard, text): (String, String)| {
            let checkpoint = serde_json::from_str(&text);
            let damaged = |error| StoreError::Damaged(format!("checkpoint of {shard}: {error}"));
            Ok((shard.clone(), checkpoint.map_err(damaged)?))
        };
        let checkpoints: Checkpoints =
            shards.into_iter().map(checkpoint).collect::<Result<_, StoreError>>()?;
        races.go_by_stream(watermark.unwrap_or(0));
        tracing::info!(stream, shards = checkpoints.len(), "the races are fed by a stream");
        let client = Client::new(target).await;
        let (reader, batches) = Reader::start(client, stream.clone(), settings, checkpoints, rand::random());
        let aside = Aside::new(store.folder().map(Path::to_owned));
        Ok(Self { stream, classes, races, journal, aside, reader, batches })
    }

    /// How far it is, as it changes.
    pub(crate) fn progress(&self) -> Progress {
        self.reader.progress().clone()
    }

    /// Runs for ever.
    pub(crate) async fn run(mut self) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                batch = self.batches.recv() => match batch {
                    Some(batch) => self.take(batch).await,
                    None => return,
                },
                _ = tick.tick() => metrics::stream_source(&self.stream, self.reader.progress()),
            }
        }
    }

    async fn take(&mut self, batch: Batch) {
        for record in &batch.records {
            // A disk that fails holds the stream up, and loses nothing of it.
            while !self.journal.has_room() {
                tokio::time::sleep(ROOM).await;
            }
            let message = match RaceMessage::parse(&record.data) {
                Ok(message) => message,
                Err(refusal) => {
                    metrics::message(&Err(refusal.clone()));
                    self.aside.put(&batch.shard, record, &refusal.to_string()).await;
                    continue;
                }
            };
            if self.classes.contains(&message.class_id) {
                metrics::message(&self.races.take(&message, record.arrived_ms));
            } else {
                metrics::left_alone();
            }
        }
        let shard = batch.checkpoint().and_then(|checkpoint| {
            let text = serde_json::to_string(&checkpoint).ok()?;
            Some((batch.shard.clone(), text))
        });
        let watermark: Option<Millis> = batch.watermark;
        // A watermark alone is worth a commit now and then, not five times a second.
        let due = shard.is_some() || watermark.is_some_and(|at| self.races.is_much_before(at));
        if let Some(at) = watermark {
            self.races.stream_reached(at);
        }
        if due {
            self.journal.mark(StreamMark { stream: self.stream.clone(), shard, watermark });
        }
    }
}

/// How often it is looked whether the disk has room again.
const ROOM: Duration = Duration::from_millis(100);
