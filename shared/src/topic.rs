//! The MQTT topics, each built and read in this one place.

use std::fmt;

use crate::{ClassId, RacerId};

/// Root of what riders publish.
pub const PUBLISH_ROOT: &str = "alleycat-publish";
/// Root of what the hub publishes.
pub const SUBSCRIBE_ROOT: &str = "alleycat-subscribe";

/// Root of what hubs of one broker pass on to each other.
pub const CLASS_ROOT: &str = "alleycat-class";

/// A topic of Alleycat.
///
/// ```
/// use alleycat_shared::topic::Topic;
/// let topic: Topic = "alleycat-publish/7".parse().unwrap();
/// assert_eq!(topic.to_string(), "alleycat-publish/7");
/// assert!("alleycat-publish/7/x".parse::<Topic>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A racer's messages to the hub; without an id from old clients of an open hub.
    Publish(Option<RacerId>),
    /// The class's board: retained, once a second.
    Board(ClassId),
    /// One rider's own view of the class, once a second.
    Rider(ClassId, RacerId),
    /// The full field: a retained snapshot and deltas.
    Field(ClassId),
}

/// Where a hub passes a racer's message on to the hub that runs its class. No rider may write there.
///
/// ```
/// use alleycat_shared::topic::ClassTopic;
/// let topic: ClassTopic = "alleycat-class/3/7".parse().unwrap();
/// assert_eq!(topic.to_string(), "alleycat-class/3/7");
/// assert!("alleycat-class/3/007".parse::<ClassTopic>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassTopic {
    /// The class that the message says.
    pub class: ClassId,
    /// The racer on whose topic it came.
    pub racer: RacerId,
}

/// Text that is no topic of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a topic of alleycat")]
pub struct UnknownTopic;

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Publish(None) => f.write_str(PUBLISH_ROOT),
            Self::Publish(Some(racer)) => write!(f, "{PUBLISH_ROOT}/{racer}"),
            Self::Board(class) => write!(f, "{SUBSCRIBE_ROOT}/{class}/board"),
            Self::Rider(class, racer) => write!(f, "{SUBSCRIBE_ROOT}/{class}/rider/{racer}"),
            Self::Field(class) => write!(f, "{SUBSCRIBE_ROOT}/{class}/field"),
        }
    }
}

impl std::str::FromStr for Topic {
    type Err = UnknownTopic;

    fn from_str(text: &str) -> Result<Self, UnknownTopic> {
        let mut levels = text.split('/');
        let mut next = || levels.next();
        let topic = match (next(), next(), next(), next(), next()) {
            (Some(PUBLISH_ROOT), None, ..) => Self::Publish(None),
            (Some(PUBLISH_ROOT), Some(racer), None, ..) => Self::Publish(Some(id(racer)?)),
            (Some(SUBSCRIBE_ROOT), Some(class), Some("board"), None, _) => Self::Board(id(class)?),
            (Some(SUBSCRIBE_ROOT), Some(class), Some("field"), None, _) => Self::Field(id(class)?),
            (Some(SUBSCRIBE_ROOT), Some(class), Some("rider"), Some(racer), None) => {
                Self::Rider(id(class)?, id(racer)?)
            }
            _ => return Err(UnknownTopic),
        };
        // One spelling only: `alleycat-publish/007` is not racer 7's topic.
        if topic.to_string() == text { Ok(topic) } else { Err(UnknownTopic) }
    }
}

impl fmt::Display for ClassTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{CLASS_ROOT}/{}/{}", self.class, self.racer)
    }
}

impl std::str::FromStr for ClassTopic {
    type Err = UnknownTopic;

    fn from_str(text: &str) -> Result<Self, UnknownTopic> {
        let mut levels = text.split('/');
        let mut next = || levels.next();
        let (Some(CLASS_ROOT), Some(class), Some(racer), None) = (next(), next(), next(), next()) else {
            return Err(UnknownTopic);
        };
        let topic = Self { class: id(class)?, racer: id(racer)? };
        if topic.to_string() == text { Ok(topic) } else { Err(UnknownTopic) }
    }
}

fn id<T: std::str::FromStr>(text: &str) -> Result<T, UnknownTopic> {
    text.parse().map_err(|_| UnknownTopic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_reads_back() {
        let (class, racer) = (ClassId::try_from(3).unwrap(), RacerId::try_from(40_000).unwrap());
        for topic in [
            Topic::Publish(None),
            Topic::Publish(Some(racer)),
            Topic::Board(class),
            Topic::Rider(class, racer),
            Topic::Field(class),
        ] {
            assert_eq!(topic.to_string().parse(), Ok(topic));
        }
    }

    #[test]
    fn strangers_are_refused() {
        for text in [
            "",
            "alleycat-publish/",
            "alleycat-publish/007",
            "alleycat-publish/x",
            "alleycat-publish/40001",
            "alleycat-subscribe/7/board",
            "alleycat-subscribe/1/board/x",
            "alleycat-subscribe/1/rider",
            "alleycat-subscribe/1/rider/7/x",
            "$SYS/x",
        ] {
            assert_eq!(text.parse::<Topic>(), Err(UnknownTopic), "{text}");
        }
    }
}
