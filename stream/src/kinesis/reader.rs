//! A source with hands: reads all shards of a stream and gives what it finds, in order, over a channel.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{Shard, ShardIteratorType};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::client::{Client, ClientError};
use super::watched::{Watched, until};
use crate::source::{
    Ask, Batch, Checkpoints, Counts, Fetched, Given, Position, ReadFault, Settings, ShardInfo, Source,
};

/// Reads one stream. Dropping it ends it.
#[derive(Debug)]
pub struct Reader {
    progress: Progress,
    task: JoinHandle<()>,
}

/// How far a reader is, for metrics; clones see the same.
#[derive(Clone, Debug, Default)]
pub struct Progress(Watched<Told>);

#[derive(Clone, Debug, Default)]
struct Told {
    counts: Counts,
    behind: Vec<(String, u64)>,
    trouble: Option<String>,
}

impl Reader {
    /// Starts a reader. Who does not take its batches stops it: at most a few are held.
    pub fn start(
        client: Client,
        stream: String,
        settings: Settings,
        checkpoints: Checkpoints,
        seed: u64,
    ) -> (Self, mpsc::Receiver<Batch>) {
        let (outbox, batches) = mpsc::channel(BATCHES);
        let progress = Progress::default();
        let worker = Worker {
            client,
            stream,
            source: Source::new(settings, checkpoints, seed),
            asked: JoinSet::new(),
            progress: progress.clone(),
        };
        let task = tokio::spawn(worker.run(outbox));
        (Self { progress, task }, batches)
    }

    /// How far it is.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Progress {
    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        self.0.with(|told| told.counts)
    }

    /// How far behind its newest record each open shard is, ms.
    pub fn behind(&self) -> Vec<(String, u64)> {
        self.0.with(|told| told.behind.clone())
    }

    /// Why the stream does not answer well, if so.
    pub fn trouble(&self) -> Option<String> {
        self.0.with(|told| told.trouble.clone())
    }
}

struct Worker {
    client: Client,
    stream: String,
    source: Source,
    asked: JoinSet<Answer>,
    progress: Progress,
}

enum Answer {
    List(Result<Vec<ShardInfo>, ReadFault>),
    Iterator(String, Result<String, ReadFault>),
    Records { shard: String, iterator: String, asked: u64, answer: Result<Given, ReadFault> },
}

impl Worker {
    async fn run(mut self, outbox: mpsc::Sender<Batch>) {
        loop {
            while let Some(ask) = self.source.poll(now()) {
                self.asked.spawn(answer(self.client.clone(), self.stream.clone(), ask));
            }
            self.tell();
            let wait = |at: u64| Instant::now() + Duration::from_millis(at.saturating_sub(now()));
            let deadline = self.source.deadline().map(wait);
            let batch = tokio::select! {
                Some(answer) = self.asked.join_next() => self.take(answer.expect("a question does not panic")),
                () = until(deadline) => None,
            };
            if let Some(batch) = batch
                && outbox.send(batch).await.is_err()
            {
                return;
            }
        }
    }

    fn take(&mut self, answer: Answer) -> Option<Batch> {
        match answer {
            Answer::List(answer) => self.source.listed(now(), answer),
            Answer::Iterator(shard, answer) => self.source.iterator(now(), &shard, answer),
            Answer::Records { shard, iterator, asked, answer } => {
                return self.source.records(now(), asked, &shard, iterator, answer);
            }
        }
        None
    }

    fn tell(&self) {
        let behind = self.source.behind().map(|(shard, ms)| (shard.to_owned(), ms)).collect();
        let trouble = self.source.trouble().map(str::to_owned);
        let told = Told { counts: self.source.counts(), behind, trouble };
        let before = self.progress.0.with(|known| std::mem::replace(known, told.clone()));
        match (before.trouble, told.trouble) {
            (None, Some(why)) => {
                tracing::warn!(stream = self.stream, why, "the stream can't be read: trying again")
            }
            (Some(_), None) => tracing::info!(stream = self.stream, "the stream can be read again"),
            _ => {}
        }
    }
}

async fn answer(client: Client, stream: String, ask: Ask) -> Answer {
    match ask {
        Ask::List => Answer::List(client.list(&stream).await.map_err(fault)),
        Ask::Iterator { shard, position } => {
            let answer = client.iterator(&stream, &shard, &position).await.map_err(fault);
            Answer::Iterator(shard, answer)
        }
        Ask::Records { shard, iterator, limit } => {
            let asked = now();
            let answer = client.get(&iterator, limit).await.map_err(fault);
            Answer::Records { shard, iterator, asked, answer }
        }
    }
}

fn fault(error: ClientError) -> ReadFault {
    match error {
        ClientError::Throttled => ReadFault::Throttled,
        ClientError::Expired => ReadFault::Expired,
        ClientError::Missing(why)
        | ClientError::Refused(why)
        | ClientError::Unfit(why)
        | ClientError::Away(why) => ReadFault::Failed(why),
    }
}

impl Client {
    /// All shards that the stream still has, closed ones included.
    ///
    /// # Errors
    /// [`ClientError`] when there is no answer.
    pub async fn list(&self, stream: &str) -> Result<Vec<ShardInfo>, ClientError> {
        let mut shards = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let question = self.sdk().list_shards();
            // A page is asked for by its token alone.
            let question = match next.take() {
                Some(token) => question.next_token(token),
                None => question.stream_name(stream),
            };
            let answer = question.send().await.map_err(|error| ClientError::from_sdk(&error))?;
            shards.extend(answer.shards.unwrap_or_default().into_iter().map(info));
            next = answer.next_token;
            if next.is_none() {
                return Ok(shards);
            }
        }
    }

    /// Asks all that a reader asks, once. Returns how many shards are open.
    ///
    /// # Errors
    /// [`ClientError`] when one of the questions has no answer.
    pub async fn probe(&self, stream: &str) -> Result<usize, ClientError> {
        let shards = self.list(stream).await?;
        let is_open = |shard: &&ShardInfo| !shards.iter().any(|child| child.parents.contains(&shard.id));
        let open: Vec<_> = shards.iter().filter(is_open).collect();
        if let Some(shard) = open.first() {
            let iterator = self.iterator(stream, &shard.id, &Position::Newest).await?;
            self.get(&iterator, 1).await?;
        }
        Ok(open.len())
    }

    async fn iterator(&self, stream: &str, shard: &str, position: &Position) -> Result<String, ClientError> {
        let question = self.sdk().get_shard_iterator().stream_name(stream).shard_id(shard);
        let question = match position {
            Position::Oldest => question.shard_iterator_type(ShardIteratorType::TrimHorizon),
            Position::Newest => question.shard_iterator_type(ShardIteratorType::Latest),
            Position::At(ms) => {
                let at = DateTime::from_millis(i64::try_from(*ms).unwrap_or(i64::MAX));
                question.shard_iterator_type(ShardIteratorType::AtTimestamp).timestamp(at)
            }
            Position::After(sequence) => question
                .shard_iterator_type(ShardIteratorType::AfterSequenceNumber)
                .starting_sequence_number(sequence),
        };
        let answer = question.send().await.map_err(|error| ClientError::from_sdk(&error))?;
        answer.shard_iterator.ok_or_else(|| ClientError::Away("the answer has no iterator".to_owned()))
    }

    async fn get(&self, iterator: &str, limit: u32) -> Result<Given, ClientError> {
        let question = self.sdk().get_records().shard_iterator(iterator);
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let answer = question.limit(limit).send().await.map_err(|error| ClientError::from_sdk(&error))?;
        let record = |record: aws_sdk_kinesis::types::Record| Fetched {
            sequence: record.sequence_number,
            key: record.partition_key.unwrap_or_default(),
            data: Bytes::from(record.data.into_inner()),
            arrived_ms: record
                .approximate_arrival_timestamp
                .and_then(|at| u64::try_from(at.to_millis().ok()?).ok())
                .unwrap_or_default(),
        };
        Ok(Given {
            records: answer.records.into_iter().map(record).collect(),
            next: answer.next_shard_iterator,
            behind_ms: answer.millis_behind_latest.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0),
        })
    }
}

fn info(shard: Shard) -> ShardInfo {
    let parents = [shard.parent_shard_id, shard.adjacent_parent_shard_id];
    ShardInfo { id: shard.shard_id, parents: parents.into_iter().flatten().collect() }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Batches that wait for the owner, of at most 10 MB each.
const BATCHES: usize = 2;
