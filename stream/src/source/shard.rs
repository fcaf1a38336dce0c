//! One shard as the source sees it.

use serde::{Deserialize, Serialize};

use super::{Ask, Start};

/// A shard as the service lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardInfo {
    /// Its id.
    pub id: String,
    /// What it was split or merged from.
    pub parents: Vec<String>,
}

/// Where a shard was left: plain, to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Checkpoint {
    /// Everything up to this sequence number is dealt with.
    After(String),
    /// The shard is closed, and all of it is dealt with.
    End,
}

/// From where on a shard is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// The oldest record there is.
    Oldest,
    /// What comes from now on.
    Newest,
    /// The first record that arrived at this moment or later, epoch ms.
    At(u64),
    /// Behind this sequence number.
    After(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Its parents are not read to their ends.
    Waiting,
    NeedsIterator {
        at: u64,
    },
    Ready {
        iterator: String,
        at: u64,
    },
    /// A question is under way.
    Asked,
    Finished,
}

#[derive(Debug)]
pub(super) struct Shard {
    pub(super) parents: Vec<String>,
    pub(super) state: State,
    pub(super) position: Position,
    /// Everything that arrived in it before this moment was given to the owner.
    pub(super) reached: Option<u64>,
    pub(super) behind_ms: u64,
    pub(super) failures: u32,
    pub(super) not_before: u64,
}

impl Shard {
    pub(super) fn new(parents: Vec<String>, checkpoint: Option<Checkpoint>, start: Start, now: u64) -> Self {
        let start = match start {
            Start::Oldest => Position::Oldest,
            Start::Newest => Position::Newest,
            Start::At(at) => Position::At(at),
        };
        let (state, position) = match checkpoint {
            None => (State::Waiting, start),
            // Who has begun it has read its parents.
            Some(Checkpoint::After(sequence)) => {
                (State::NeedsIterator { at: now }, Position::After(sequence))
            }
            Some(Checkpoint::End) => (State::Finished, start),
        };
        Self { parents, state, position, reached: None, behind_ms: 0, failures: 0, not_before: now }
    }

    pub(super) fn begin(&mut self, now: u64, reached: Option<u64>) {
        self.state = State::NeedsIterator { at: now };
        self.reached = self.reached.max(reached);
    }

    pub(super) fn reached(&mut self, at: u64) {
        self.reached = self.reached.max(Some(at));
    }

    /// The question that is due; it is then under way.
    pub(super) fn ask(&mut self, id: &str, now: u64, limit: u32) -> Option<Ask> {
        if self.ask_at()? > now {
            return None;
        }
        match std::mem::replace(&mut self.state, State::Asked) {
            State::NeedsIterator { .. } => {
                Some(Ask::Iterator { shard: id.to_owned(), position: self.position.clone() })
            }
            State::Ready { iterator, .. } => Some(Ask::Records { shard: id.to_owned(), iterator, limit }),
            other => {
                self.state = other;
                None
            }
        }
    }

    pub(super) fn ask_at(&self) -> Option<u64> {
        match self.state {
            State::NeedsIterator { at } | State::Ready { at, .. } => Some(at),
            State::Waiting | State::Asked | State::Finished => None,
        }
    }
}
