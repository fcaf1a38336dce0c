//! Records out of a stream: all shards, parents before children, each from where it was left. No IO, and time
//! is an argument (epoch ms).
//!
//! [`Source::poll`] says what to ask the service next; its answers go to [`Source::listed`],
//! [`Source::iterator`] and [`Source::records`], and the last of these gives a [`Batch`] to the owner. The
//! owner keeps a [`Checkpoint`] for each shard once what it made of a batch is durable, and gives them back at
//! the next start: nothing is skipped, and only what came after the last checkpoint comes again.

mod settings;
mod shard;

pub use settings::{Settings, Start};
pub use shard::{Checkpoint, Position, ShardInfo};

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::backoff::Backoff;
use shard::{Shard, State};

/// Where each shard was left.
pub type Checkpoints = BTreeMap<String, Checkpoint>;

/// The core of a source.
#[derive(Debug)]
pub struct Source {
    settings: Settings,
    checkpoints: Checkpoints,
    /// Every shard that the service has told of and that is not done with.
    shards: BTreeMap<String, Shard>,
    /// When to list the shards; `None` while the question is under way.
    list_at: Option<u64>,
    list_failures: u32,
    /// Whether the shards were ever listed.
    listed: bool,
    backoff: Backoff,
    counts: Counts,
    trouble: Option<String>,
}

/// A question to the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Which shards are there? The answer goes to [`Source::listed`].
    List,
    /// An iterator for a shard. The answer goes to [`Source::iterator`].
    Iterator {
        /// The shard.
        shard: String,
        /// From where on.
        position: Position,
    },
    /// Records of a shard. The answer goes to [`Source::records`].
    Records {
        /// The shard.
        shard: String,
        /// From where on.
        iterator: String,
        /// How many at most.
        limit: u32,
    },
}

/// A record of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its place in the shard.
    pub sequence: String,
    /// The partition key.
    pub key: String,
    /// The data.
    pub data: Bytes,
    /// When it arrived in the stream, epoch ms by the service's clock.
    pub arrived_ms: u64,
}

/// What a shard gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// In order.
    pub records: Vec<Fetched>,
    /// From where on next; `None` at the end of a closed shard.
    pub next: Option<String>,
    /// How far behind its newest record this is, ms.
    pub behind_ms: u64,
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadFault {
    /// Asked too often: asked again later.
    Throttled,
    /// The iterator is too old: a new one is taken.
    Expired,
    /// Anything else, in words: tried again for ever.
    Failed(String),
}

/// Records of one shard, in order, for the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The shard.
    pub shard: String,
    /// May be empty: then only the watermark tells something new.
    pub records: Vec<Fetched>,
    /// The shard is closed and this was its end.
    pub ended: bool,
    /// Everything that arrived in the stream before this moment is in this batch or an earlier one; `None`
    /// while some shard has never answered.
    pub watermark: Option<u64>,
}

impl Batch {
    /// Where the shard stands once this batch is dealt with; `None` if nothing has changed.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let last = || self.records.last().map(|record| Checkpoint::After(record.sequence.clone()));
        if self.ended { Some(Checkpoint::End) } else { last() }
    }
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records given to the owner.
    pub records: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Questions for records that were answered.
    pub reads: u64,
    /// Answers that somebody asks too often.
    pub throttled: u64,
    /// Iterators that were too old.
    pub expired: u64,
    /// Questions that failed otherwise.
    pub failed: u64,
}

impl Source {
    /// A source that goes on from checkpoints, or begins where the settings say.
    pub fn new(settings: Settings, checkpoints: Checkpoints, seed: u64) -> Self {
        Self {
            backoff: Backoff::new(settings.first_wait_ms, settings.longest_wait_ms, seed),
            settings,
            checkpoints,
            shards: BTreeMap::new(),
            list_at: Some(0),
            list_failures: 0,
            listed: false,
            counts: Counts::default(),
            trouble: None,
        }
    }

    /// The next question that is due; it is then under way.
    pub fn poll(&mut self, now: u64) -> Option<Ask> {
        if self.list_at.take_if(|at| *at <= now).is_some() {
            return Some(Ask::List);
        }
        let limit = self.settings.records_per_read;
        self.shards.iter_mut().find_map(|(id, shard)| shard.ask(id, now, limit))
    }

    /// When [`Source::poll`] may have a question, if nothing else happens.
    pub fn deadline(&self) -> Option<u64> {
        self.shards.values().filter_map(Shard::ask_at).chain(self.list_at).min()
    }

    /// The shards of the stream: all of them.
    pub fn listed(&mut self, now: u64, answer: Result<Vec<ShardInfo>, ReadFault>) {
        let shards = match answer {
            Ok(shards) => shards,
            Err(fault) => {
                self.list_failures = self.list_failures.saturating_add(1);
                let wait = self.note(&fault, self.list_failures);
                self.list_at = Some(now + wait);
                return;
            }
        };
        self.list_failures = 0;
        self.trouble = None;
        self.list_at = Some(now + self.settings.list_every_ms);
        let first = !std::mem::replace(&mut self.listed, true);
        for info in &shards {
            if self.shards.contains_key(&info.id) {
                continue;
            }
            let checkpoint = self.checkpoints.get(&info.id).cloned();
            // Who has read the parents wants all of the children.
            let follows = info.parents.iter().any(|parent| self.checkpoints.contains_key(parent));
            let fresh = first && self.checkpoints.is_empty();
            let start = if fresh && !follows { self.settings.start } else { Start::Oldest };
            self.shards.insert(info.id.clone(), Shard::new(info.parents.clone(), checkpoint, start, now));
        }
        // What the service has forgotten was read, or can't be read any more.
        self.shards.retain(|id, _| shards.iter().any(|info| info.id == *id));
        self.checkpoints.retain(|id, _| shards.iter().any(|info| info.id == *id));
        self.release(now);
    }

    /// The iterator that was asked for.
    pub fn iterator(&mut self, now: u64, shard: &str, answer: Result<String, ReadFault>) {
        match answer {
            Ok(iterator) => {
                if let Some(shard) = self.shards.get_mut(shard) {
                    shard.state = State::Ready { iterator, at: now.max(shard.not_before) };
                }
            }
            Err(fault) => self.missed(now, shard, &fault, None),
        }
    }

    /// The records that were asked for at `asked`, with the iterator that was used.
    pub fn records(
        &mut self,
        now: u64,
        asked: u64,
        id: &str,
        iterator: String,
        answer: Result<Given, ReadFault>,
    ) -> Option<Batch> {
        let given = match answer {
            Ok(given) => given,
            Err(fault) => {
                self.missed(now, id, &fault, Some(iterator));
                return None;
            }
        };
        let settings = self.settings;
        let shard = self.shards.get_mut(id)?;
        let bytes: usize = given.records.iter().map(|record| record.data.len() + record.key.len()).sum();
        self.counts.reads += 1;
        self.counts.records += given.records.len() as u64;
        self.counts.bytes += bytes as u64;
        self.trouble = None;
        shard.failures = 0;
        shard.behind_ms = given.behind_ms;
        if let Some(last) = given.records.last() {
            shard.position = Position::After(last.sequence.clone());
            shard.reached(last.arrived_ms);
            self.checkpoints.insert(id.to_owned(), Checkpoint::After(last.sequence.clone()));
        }
        // A full answer says nothing about what comes after it, whatever it says.
        let full = given.records.len() >= settings.records_per_read as usize;
        // Nor does the end of a shard: what came after it is in its children.
        if given.behind_ms == 0 && !full && given.next.is_some() {
            shard.reached(asked.saturating_sub(settings.clock_margin_ms));
        }
        let ended = given.next.is_none();
        match given.next {
            Some(iterator) => {
                let wait = settings.read_every_ms.max(bytes as u64 * 1_000 / settings.read_bytes_per_second);
                shard.state = State::Ready { iterator, at: asked.saturating_add(wait).max(now) };
            }
            None => {
                shard.state = State::Finished;
                self.checkpoints.insert(id.to_owned(), Checkpoint::End);
                // Its children are there by now.
                self.list_at = self.list_at.map(|_| now);
                self.release(now);
            }
        }
        let watermark = self.watermark();
        Some(Batch { shard: id.to_owned(), records: given.records, ended, watermark })
    }

    /// Everything that arrived in the stream before this moment was given to the owner.
    pub fn watermark(&self) -> Option<u64> {
        if !self.listed {
            return None;
        }
        // Shards that wait for their parents hold only what came after these. A closed one stands for its
        // children until they are listed.
        let counts = |(id, shard): &(&String, &Shard)| match shard.state {
            State::Waiting => false,
            State::Finished => !self.shards.values().any(|child| child.parents.contains(id)),
            _ => true,
        };
        let mut reached = self.shards.iter().filter(counts).map(|(_, shard)| shard.reached);
        let first = reached.next()??;
        reached.try_fold(first, |least, reached| Some(least.min(reached?)))
    }

    /// How far behind its newest record each open shard is, ms.
    pub fn behind(&self) -> impl Iterator<Item = (&str, u64)> {
        let open = self.shards.iter().filter(|(_, shard)| shard.state != State::Finished);
        open.map(|(id, shard)| (id.as_str(), shard.behind_ms))
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Why the service does not answer well, if so.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Lets shards begin whose parents are read to their ends.
    fn release(&mut self, now: u64) {
        let waiting: Vec<String> = {
            let waiting = self.shards.iter().filter(|(_, shard)| shard.state == State::Waiting);
            waiting.map(|(id, _)| id.clone()).collect()
        };
        for id in waiting {
            let parents = self.shards[&id].parents.clone();
            let known: Vec<&Shard> = parents.iter().filter_map(|parent| self.shards.get(parent)).collect();
            if known.iter().all(|parent| parent.state == State::Finished) {
                let reached = known.iter().map(|parent| parent.reached).min().flatten();
                if let Some(shard) = self.shards.get_mut(&id) {
                    shard.begin(now, reached);
                }
            }
        }
    }

    /// A question about a shard came to nothing. A throttled one goes on with the same iterator.
    fn missed(&mut self, now: u64, id: &str, fault: &ReadFault, iterator: Option<String>) {
        let failures = match self.shards.get_mut(id) {
            Some(shard) => {
                shard.failures = shard.failures.saturating_add(1);
                shard.failures
            }
            None => return,
        };
        let wait = self.note(fault, failures);
        // The shard may be gone: the list tells.
        if matches!(fault, ReadFault::Failed(_)) {
            self.list_at = self.list_at.map(|at| at.min(now + wait));
        }
        let Some(shard) = self.shards.get_mut(id) else { return };
        shard.not_before = now + wait;
        shard.state = match (fault, iterator) {
            (ReadFault::Throttled, Some(iterator)) => State::Ready { iterator, at: now + wait },
            _ => State::NeedsIterator { at: now + wait },
        };
    }

    /// Counts a fault; returns how long to wait.
    fn note(&mut self, fault: &ReadFault, failures: u32) -> u64 {
        let count = match fault {
            ReadFault::Throttled => &mut self.counts.throttled,
            ReadFault::Expired => &mut self.counts.expired,
            ReadFault::Failed(why) => {
                self.trouble = Some(why.clone());
                &mut self.counts.failed
            }
        };
        *count += 1;
        self.backoff.wait(failures)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
