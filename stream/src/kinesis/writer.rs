//! A sink with hands: takes records over a channel, puts them, tells what became of them.

use std::collections::BTreeMap;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::Client;
use super::watched::{Watched, until};
use crate::record::Record;
use crate::sink::{Counts, Done, Placed, Put, PutFault, RecordFault, Settings, Sink};

/// Puts records into one stream. Dropping it ends it at once; [`Writer::finish`] ends it well.
#[derive(Debug)]
pub struct Writer {
    records: mpsc::Sender<(Record, u64)>,
    counters: Counters,
    task: JoinHandle<()>,
}

/// Room for one record.
#[derive(Debug)]
pub struct Permit<'a>(mpsc::Permit<'a, (Record, u64)>);

impl Permit<'_> {
    /// Hands the record over.
    pub fn send(self, record: Record, ticket: u64) {
        self.0.send((record, ticket));
    }
}

/// What a writer has done, for metrics; clones see the same.
#[derive(Clone, Debug, Default)]
pub struct Counters(Watched<Told>);

#[derive(Debug, Default)]
struct Told {
    counts: Counts,
    records: usize,
    bytes: usize,
    shards: BTreeMap<String, u64>,
    trouble: Option<String>,
}

impl Told {
    fn took<'p>(&mut self, placed: impl Iterator<Item = &'p Placed>) {
        for Placed { shard, .. } in placed {
            if let Some(records) = self.shards.get_mut(shard) {
                *records += 1;
            } else if self.shards.len() < MOST_SHARDS {
                self.shards.insert(shard.clone(), 1);
            }
        }
    }
}

/// The writer's task is gone: it has panicked or was stopped.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the writer has ended")]
pub struct WriterGone;

impl Writer {
    /// Starts a writer. What becomes of the records goes into `outcomes`, whose other end must be read: who
    /// does not read it stops the writer.
    pub fn start(
        client: Client,
        stream: String,
        settings: Settings,
        seed: u64,
        outcomes: mpsc::Sender<Done>,
    ) -> Self {
        let (records, inbox) = mpsc::channel(INBOX);
        let counters = Counters::default();
        let worker = Worker {
            client,
            stream,
            sink: Sink::new(settings, seed),
            puts: JoinSet::new(),
            start: Instant::now(),
            counters: counters.clone(),
        };
        let task = tokio::spawn(worker.run(inbox, outcomes));
        Self { records, counters, task }
    }

    /// Hands a record over; waits while the sink is full.
    ///
    /// # Errors
    /// [`WriterGone`] when there is nobody to take it.
    pub async fn send(&self, record: Record, ticket: u64) -> Result<(), WriterGone> {
        self.records.send((record, ticket)).await.map_err(|_| WriterGone)
    }

    /// Waits for room for one record; giving up the wait loses nothing.
    ///
    /// # Errors
    /// [`WriterGone`] when there is nobody to take it.
    pub async fn permit(&self) -> Result<Permit<'_>, WriterGone> {
        self.records.reserve().await.map(Permit).map_err(|_| WriterGone)
    }

    /// What has been done so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Takes no more and waits until everything is finished.
    pub async fn finish(mut self) {
        // The channel's end is the sign.
        let (closed, _) = mpsc::channel(1);
        self.records = closed;
        _ = (&mut self.task).await;
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Counters {
    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        self.0.with(|told| told.counts)
    }

    /// Records and bytes that are in the sink.
    pub fn held(&self) -> (usize, usize) {
        self.0.with(|told| (told.records, told.bytes))
    }

    /// Records that each shard took. Of a stream that is split again and again only the first thousand shards are
    /// told apart.
    pub fn shards(&self) -> BTreeMap<String, u64> {
        self.0.with(|told| told.shards.clone())
    }

    /// Why nothing gets through at the moment, if so.
    pub fn trouble(&self) -> Option<String> {
        self.0.with(|told| told.trouble.clone())
    }
}

struct Worker {
    client: Client,
    stream: String,
    sink: Sink,
    puts: JoinSet<(u64, Answer)>,
    start: Instant,
    counters: Counters,
}

type Answer = Result<Vec<Result<Placed, RecordFault>>, PutFault>;

impl Worker {
    async fn run(mut self, mut inbox: mpsc::Receiver<(Record, u64)>, outbox: mpsc::Sender<Done>) {
        let mut waiting: Option<(Record, u64)> = None;
        let mut open = true;
        loop {
            if let Some((record, ticket)) = waiting.take() {
                let now = self.now();
                waiting = self.sink.push(record, ticket, now).err().map(|full| (full.0, ticket));
            }
            while let Some(put) = self.sink.poll(self.now()) {
                self.send(put);
            }
            self.tell();
            while let Some(done) = self.sink.finished() {
                if outbox.send(done).await.is_err() {
                    return;
                }
            }
            if !open && waiting.is_none() && self.sink.is_empty() {
                return;
            }
            let deadline = self.sink.deadline().map(|at| self.start + Duration::from_millis(at));
            tokio::select! {
                Some(answer) = self.puts.join_next() => self.answered(answer),
                record = inbox.recv(), if open && waiting.is_none() => match record {
                    Some(record) => {
                        waiting = Some(record);
                        self.take(&mut inbox, &mut waiting);
                    }
                    None => open = false,
                },
                () = until(deadline) => {}
            }
        }
    }

    /// Takes what else is there, without a turn of the loop for each.
    fn take(&mut self, inbox: &mut mpsc::Receiver<(Record, u64)>, waiting: &mut Option<(Record, u64)>) {
        let now = self.now();
        while let Some((record, ticket)) = waiting.take() {
            if let Err(full) = self.sink.push(record, ticket, now) {
                *waiting = Some((full.0, ticket));
                return;
            }
            *waiting = inbox.try_recv().ok();
        }
    }

    fn send(&mut self, Put { id, records }: Put) {
        let (client, stream) = (self.client.clone(), self.stream.clone());
        self.puts.spawn(async move { (id, client.put(&stream, records).await) });
    }

    fn answered(&mut self, answer: Result<(u64, Answer), tokio::task::JoinError>) {
        let now = self.now();
        let (id, answer) = answer.expect("a put does not panic");
        let trouble = answer.as_ref().err().map(|fault| fault.why().to_owned());
        match answer {
            Ok(results) => {
                self.counters.0.with(|told| told.took(results.iter().flatten()));
                self.sink.answered(now, id, results);
            }
            Err(fault) => self.sink.failed(now, id, &fault),
        }
        let before = self.counters.0.with(|told| std::mem::replace(&mut told.trouble, trouble.clone()));
        match (before, trouble) {
            (None, Some(why)) => {
                tracing::warn!(stream = self.stream, why, "the stream takes nothing: trying again")
            }
            (Some(_), None) => tracing::info!(stream = self.stream, "the stream takes records again"),
            _ => {}
        }
    }

    fn tell(&self) {
        let (counts, records, bytes) = (self.sink.counts(), self.sink.len(), self.sink.bytes());
        self.counters.0.with(|told| (told.counts, told.records, told.bytes) = (counts, records, bytes));
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Records on their way to the task, and outcomes on their way out.
const INBOX: usize = 1_024;
/// Shards that are told apart.
const MOST_SHARDS: usize = 1_000;
