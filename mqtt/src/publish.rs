//! What an application publishes.

use bytes::Bytes;
use thiserror::Error;

use crate::adapter::{EncodeError, Qos};
use crate::limits::LimitError;

/// A message to publish.
///
/// ```
/// use alleycat_mqtt::{Publish, Qos};
///
/// let last_words = Publish::new("bike/7/state", "off", Qos::AtLeastOnce).retain().latest_only();
/// assert!(last_words.retain && last_words.latest_only);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Where to: no wildcards.
    pub topic: String,
    /// What.
    pub payload: Bytes,
    /// How surely.
    pub qos: Qos,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// Whether it replaces a message of the same topic and of this class that is still unsent: of a state
    /// that changes only the newest matters, of a race every second does.
    pub latest_only: bool,
}

impl Publish {
    /// A message that is not retained and replaces nothing.
    pub fn new(topic: impl Into<String>, payload: impl Into<Bytes>, qos: Qos) -> Self {
        Self { topic: topic.into(), payload: payload.into(), qos, retain: false, latest_only: false }
    }

    /// Has the broker keep it for later subscribers.
    #[must_use]
    pub fn retain(self) -> Self {
        Self { retain: true, ..self }
    }

    /// Makes it replace an unsent one of the same topic.
    #[must_use]
    pub fn latest_only(self) -> Self {
        Self { latest_only: true, ..self }
    }

    /// What it counts against the queue's bound, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.topic.len() + self.payload.len()
    }
}

/// Names one publish towards the application. Tickets rise in the order of publishing; after a restart they
/// go on above those of all messages that were kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Why something that was asked of the session was not taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RequestError {
    /// The packet can't be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The broker would not stand for it.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The queue holds as much as it may.
    #[error("the queue of unsent messages is full")]
    QueueFull,
}
