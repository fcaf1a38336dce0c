//! What a broker does not stand for, told before it is sent.
//!
//! Some brokers answer a client that goes too far by closing the connection without a word. With their
//! limits declared, the session refuses such things itself and says which limit it was.

use thiserror::Error;

use crate::adapter::Qos;
use crate::packet::MAX_FIELD;

/// The limits of a broker. Start from [`Limits::MQTT`] or [`Limits::AWS_IOT_CORE`] and change what an
/// account or a configuration has otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The highest QoS of a publish, a subscription and a will.
    pub max_qos: Qos,
    /// The largest payload, in bytes.
    pub payload: usize,
    /// The longest topic or filter, in bytes of UTF-8.
    pub topic: usize,
    /// The most slashes in a topic or filter.
    pub slashes: usize,
    /// The most filters in one SUBSCRIBE.
    pub filters_per_subscribe: usize,
    /// The most filters at once.
    pub subscriptions: usize,
    /// The most publishes a second; a backlog drains at this pace.
    pub publishes_per_second: Option<u32>,
    /// The most QoS 1 and 2 messages in flight.
    pub window: u16,
    /// The longest client id, in bytes.
    pub client_id: usize,
    /// Bounds of the keep-alive in seconds; 0 counts as the upper one.
    pub keep_alive_seconds: (u16, u16),
    /// Whether names that start with `$` belong to the broker, but for its own prefixes.
    pub reserved_names: bool,
}

impl Limits {
    /// What the protocol itself allows.
    pub const MQTT: Self = Self {
        max_qos: Qos::ExactlyOnce,
        payload: usize::MAX,
        topic: MAX_FIELD,
        slashes: usize::MAX,
        filters_per_subscribe: 8,
        subscriptions: usize::MAX,
        publishes_per_second: None,
        window: u16::MAX,
        client_id: MAX_FIELD,
        keep_alive_seconds: (0, u16::MAX),
        reserved_names: false,
    };

    /// What AWS IoT Core allows by its default quotas: it closes the connection above most of them, and
    /// discards publishes above the rate.
    ///
    /// Source: AWS IoT Core endpoints and quotas, "message broker and protocol limits"; quotas of an
    /// account may differ.
    pub const AWS_IOT_CORE: Self = Self {
        max_qos: Qos::AtLeastOnce,
        payload: 128 * 1024,
        topic: 256,
        slashes: 7,
        filters_per_subscribe: 8,
        subscriptions: 50,
        publishes_per_second: Some(100),
        window: 100,
        client_id: 128,
        keep_alive_seconds: (30, 1_200),
        reserved_names: true,
    };

    pub(crate) fn check_qos(&self, qos: Qos) -> Result<(), LimitError> {
        if qos > self.max_qos { Err(LimitError::Qos) } else { Ok(()) }
    }

    pub(crate) fn check_payload(&self, size: usize) -> Result<(), LimitError> {
        if size > self.payload { Err(LimitError::Payload { size, limit: self.payload }) } else { Ok(()) }
    }

    /// Checks a topic or a filter.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), LimitError> {
        if name.len() > self.topic {
            return Err(LimitError::Topic { size: name.len(), limit: self.topic });
        }
        // Of a Basic Ingest name, only what the rule will see as its topic counts.
        let counted = match name.strip_prefix(BASIC_INGEST).and_then(|rest| rest.split_once('/')) {
            Some((_rule, topic)) if self.reserved_names => topic,
            _ => name,
        };
        let slashes = counted.matches('/').count();
        if slashes > self.slashes {
            return Err(LimitError::Slashes { slashes, limit: self.slashes });
        }
        let ours = SERVICE_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        if self.reserved_names && name.starts_with('$') && !ours { Err(LimitError::Reserved) } else { Ok(()) }
    }

    pub(crate) fn check_subscriptions(&self, count: usize) -> Result<(), LimitError> {
        if count > self.subscriptions {
            return Err(LimitError::Subscriptions { limit: self.subscriptions });
        }
        Ok(())
    }

    pub(crate) fn check_client_id(&self, id: &str) -> Result<(), LimitError> {
        if id.len() > self.client_id || (self.reserved_names && id.starts_with('$')) {
            return Err(LimitError::ClientId { limit: self.client_id });
        }
        Ok(())
    }

    /// The keep-alive that the broker will go by.
    pub(crate) fn keep_alive(&self, seconds: u16) -> u16 {
        let (least, most) = self.keep_alive_seconds;
        if seconds == 0 && most < u16::MAX { most } else { seconds.clamp(least, most) }
    }
}

/// Which limit of the broker stands in the way.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LimitError {
    /// QoS above what it supports.
    #[error("the broker does not support this QoS")]
    Qos,
    /// A payload over the limit.
    #[error("a payload of {size} bytes, the broker takes {limit}")]
    Payload {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A topic or filter over the limit.
    #[error("a topic of {size} bytes, the broker takes {limit}")]
    Topic {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Too many levels.
    #[error("a topic of {slashes} slashes, the broker takes {limit}")]
    Slashes {
        /// How many.
        slashes: usize,
        /// The limit.
        limit: usize,
    },
    /// A name that belongs to the broker.
    #[error("names that start with $ belong to the broker")]
    Reserved,
    /// One filter too many.
    #[error("the broker takes {limit} subscriptions of a client")]
    Subscriptions {
        /// The limit.
        limit: usize,
    },
    /// A client id too long, or one that starts with `$`.
    #[error("the broker takes client ids of at most {limit} bytes that do not start with $")]
    ClientId {
        /// The limit in bytes.
        limit: usize,
    },
}

/// Publishes that go to one rule only: `$aws/rules/NAME/topic`.
const BASIC_INGEST: &str = "$aws/rules/";
/// The reserved names that clients may use: the services', and shared subscriptions.
const SERVICE_PREFIXES: [&str; 2] = ["$aws/", "$share/"];

#[cfg(test)]
mod tests {
    use super::*;

    const AWS: Limits = Limits::AWS_IOT_CORE;

    #[test]
    fn what_iot_core_would_punish_is_refused() {
        assert_eq!(AWS.check_qos(Qos::ExactlyOnce), Err(LimitError::Qos));
        assert_eq!(AWS.check_payload(131_073), Err(LimitError::Payload { size: 131_073, limit: 131_072 }));
        assert_eq!(AWS.check_payload(131_072), Ok(()));
        assert_eq!(AWS.check_name("1/2/3/4/5/6/7/8"), Ok(()));
        assert_eq!(AWS.check_name("1/2/3/4/5/6/7/8/9"), Err(LimitError::Slashes { slashes: 8, limit: 7 }));
        assert_eq!(AWS.check_name(&"x".repeat(257)), Err(LimitError::Topic { size: 257, limit: 256 }));
        assert_eq!(AWS.check_name("$SYS/load"), Err(LimitError::Reserved));
        assert_eq!(AWS.check_subscriptions(51), Err(LimitError::Subscriptions { limit: 50 }));
        for bad in ["$me".to_owned(), "x".repeat(129)] {
            assert_eq!(AWS.check_client_id(&bad), Err(LimitError::ClientId { limit: 128 }));
        }
    }

    #[test]
    fn the_prefix_of_basic_ingest_does_not_count() {
        assert_eq!(AWS.check_name("$aws/rules/alleycat/1/2/3/4/5/6/7/8"), Ok(()));
        assert_eq!(
            AWS.check_name("$aws/rules/alleycat/1/2/3/4/5/6/7/8/9"),
            Err(LimitError::Slashes { slashes: 8, limit: 7 })
        );
    }

    #[test]
    fn the_keep_alive_is_what_the_broker_makes_of_it() {
        assert_eq!([0, 5, 120, 2_000].map(|asked| AWS.keep_alive(asked)), [1_200, 30, 120, 1_200]);
        assert_eq!([0, 5, 65_535].map(|asked| Limits::MQTT.keep_alive(asked)), [0, 5, 65_535]);
    }

    #[test]
    fn the_protocol_itself_allows_all() {
        let any = Limits::MQTT;
        assert_eq!(any.check_qos(Qos::ExactlyOnce), Ok(()));
        assert_eq!(any.check_name("$SYS/1/2/3/4/5/6/7/8/9/10"), Ok(()));
    }
}
