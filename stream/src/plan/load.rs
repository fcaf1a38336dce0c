//! What is to be carried, and how.

use serde::Serialize;
use thiserror::Error;

use crate::quota::RECORD_BYTES;

/// What is to be carried, and how.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Load {
    /// Who sends: riders.
    pub producers: u32,
    /// What a producer says in a second. Shares are of all producers' messages.
    pub payloads: Vec<Payload>,
    /// How many seconds a message holds; 1 is each second on its own.
    pub buffer_seconds: u16,
    /// When in the time of a buffer producers send.
    pub ticks: Ticks,
    /// By how much a message comes later than it should, at most; each by another part of it.
    pub jitter_ms: u32,
    /// How records get into the stream.
    pub ingest: Ingest,
    /// How long a sink waits for more records before it puts those it has; for [`Ingest::Put`].
    pub linger_ms: u32,
    /// How long a record takes into the stream.
    pub put_ms: u32,
    /// As many shards, or as many as are needed.
    pub shards: Option<u32>,
    /// What of a shard's limits is to stay free, 0 to 0.9.
    pub headroom: f64,
    /// What a record may have at most, key included.
    pub record_limit_bytes: u32,
    /// Who reads all of the stream.
    pub consumers: u32,
    /// How they read.
    pub reading: Reading,
    /// How long the stream keeps records.
    pub retention_hours: u32,
    /// After how long a race, and with it a key made from it, makes way for the next one.
    pub window_seconds: u16,
    /// What goes back to producers through the message broker.
    pub boards: Boards,
    /// How many hours of a month producers send; the stream is there all of it.
    pub hours_per_month: f64,
    /// The first moment that is played through, epoch.
    pub from_ms: u64,
    /// Another seed, another draw of phases and delays.
    pub seed: u64,
}

/// A size of messages, and how often it comes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Payload {
    /// Without the partition key.
    pub bytes: u32,
    /// Of all messages; all shares are 1 together.
    pub share: f64,
}

/// When producers send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ticks {
    /// Each at a moment of its own, evenly over the time of a buffer.
    Spread,
    /// All at the same tick of a common clock.
    Together,
}

/// The way into the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ingest {
    /// Through AWS IoT Core: a topic and a rule, which puts records one by one.
    Rule,
    /// The same by the rule's own topic `$aws/rules/NAME/…`, which nobody else can read.
    BasicIngest,
    /// Straight into the stream by `PutRecords`.
    Put,
}

/// How consumers read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// `GetRecords`; all share what a shard gives.
    Shared,
    /// Enhanced fan-out: each has a shard's whole rate, and is pushed to.
    FanOut,
}

/// What is published back to producers while they send.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Boards {
    /// By consumers, all together.
    pub published_per_second: f64,
    /// To each producer.
    pub delivered_per_producer_second: f64,
}

/// A load that can't be carried.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum LoadError {
    /// Nothing is sent.
    #[error("{0} must be at least 1")]
    Zero(&'static str),
    /// Shares of payloads that make no whole.
    #[error("the shares of payloads must be above 0 and make 1 together, not {0}")]
    Shares(f64),
    /// No headroom at all, or nothing but headroom.
    #[error("headroom is a part of 0 to 0.9, not {0}")]
    Headroom(f64),
    /// A record is too large.
    #[error(
        "{seconds} s of {bytes} bytes are a record of {}, over the limit of {limit}: buffer fewer seconds, or raise the \
         stream's limit",
        u64::from(*seconds) * u64::from(*bytes)
    )]
    Record {
        /// In a record.
        seconds: u16,
        /// In a second.
        bytes: u32,
        /// What is allowed.
        limit: u32,
    },
    /// More hours than a month has.
    #[error("a month has {HOURS_PER_MONTH} hours, not {0}")]
    Hours(f64),
}

/// What an average month has, and bills count with.
pub(crate) const HOURS_PER_MONTH: f64 = 730.0;

impl Load {
    /// Whether it can be carried at all.
    ///
    /// # Errors
    /// [`LoadError`] with a sentence.
    pub fn check(&self) -> Result<(), LoadError> {
        let at_least_one = [
            (self.producers, "the number of riders"),
            (self.buffer_seconds.into(), "a buffer's seconds"),
            (self.window_seconds.into(), "a race's seconds"),
            (self.shards.unwrap_or(1), "the number of shards"),
            (self.consumers, "the number of consumers"),
            (self.retention_hours, "the retention in hours"),
            (self.payloads.iter().map(|payload| payload.bytes).min().unwrap_or(0), "a payload's bytes"),
        ];
        if let Some((_, what)) = at_least_one.iter().find(|(number, _)| *number == 0) {
            return Err(LoadError::Zero(what));
        }
        let shares: f64 = self.payloads.iter().map(|payload| payload.share).sum();
        if (shares - 1.0).abs() > 1e-6 || self.payloads.iter().any(|payload| payload.share <= 0.0) {
            return Err(LoadError::Shares(shares));
        }
        if !(0.0..=0.9).contains(&self.headroom) {
            return Err(LoadError::Headroom(self.headroom));
        }
        if !(0.0..=HOURS_PER_MONTH).contains(&self.hours_per_month) {
            return Err(LoadError::Hours(self.hours_per_month));
        }
        let bytes = self.payloads.iter().map(|payload| payload.bytes).max().unwrap_or(0);
        let (seconds, limit) = (self.buffer_seconds, self.record_limit_bytes);
        if u64::from(bytes) * u64::from(seconds) > u64::from(limit) {
            return Err(LoadError::Record { seconds, bytes, limit });
        }
        Ok(())
    }

    /// How many records come in a second, on average.
    pub fn records_per_second(&self) -> f64 {
        f64::from(self.producers) / f64::from(self.buffer_seconds)
    }

    /// The bytes of a record without its key, on average.
    pub fn record_bytes(&self) -> f64 {
        self.payload_bytes() * f64::from(self.buffer_seconds)
    }

    /// What a producer says in a second, on average.
    pub(crate) fn payload_bytes(&self) -> f64 {
        self.payloads.iter().map(|payload| f64::from(payload.bytes) * payload.share).sum()
    }
}

impl Default for Load {
    /// The load that the sample application was made for: 1,000 riders of one race, 170 bytes each second.
    fn default() -> Self {
        Self {
            producers: 1_000,
            payloads: vec![Payload { bytes: 170, share: 1.0 }],
            buffer_seconds: 1,
            ticks: Ticks::Spread,
            jitter_ms: 100,
            ingest: Ingest::Rule,
            linger_ms: 100,
            // What lay between rule and stream in the sample's recorded events: 84 to 166 ms.
            put_ms: 125,
            shards: None,
            headroom: 0.2,
            record_limit_bytes: u32::try_from(RECORD_BYTES).unwrap_or(u32::MAX),
            consumers: 1,
            reading: Reading::Shared,
            retention_hours: 24,
            window_seconds: 300,
            boards: Boards { published_per_second: 1_001.0, delivered_per_producer_second: 2.0 },
            hours_per_month: HOURS_PER_MONTH,
            from_ms: 1_620_824_000_000,
            seed: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_carried_is_refused_in_a_sentence() {
        type Change = fn(&mut Load);
        let wrong: [(Change, &str); 6] = [
            (|load| load.producers = 0, "riders"),
            (|load| load.payloads.clear(), "bytes"),
            (|load| load.payloads.push(Payload { bytes: 1, share: 1.0 }), "not 2"),
            (|load| load.headroom = f64::NAN, "NaN"),
            (|load| load.buffer_seconds = 7_000, "over the limit of 1048576"),
            (|load| load.hours_per_month = 731.0, "730"),
        ];
        for (change, word) in wrong {
            let mut load = Load::default();
            assert_eq!(load.check(), Ok(()));
            change(&mut load);
            let said = load.check().unwrap_err().to_string();
            assert!(said.contains(word), "{said} says {word}");
        }
    }
}
