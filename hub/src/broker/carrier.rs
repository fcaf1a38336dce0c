//! Where boards go: the broker in the hub, or one outside.

use std::sync::Arc;

use alleycat_shared::ClassId;
use alleycat_shared::topic::Topic;

use super::Broker;
use super::external::External;
use crate::boards::Outgoing;

/// Carries the boards to whoever reads them.
pub(crate) enum Carrier {
    /// The broker in this hub.
    Embedded(Arc<Broker>),
    /// A broker that this hub is a client of.
    External(External),
}

impl Carrier {
    /// Whether this hub makes the boards of a class.
    pub(crate) fn runs(&self, class: ClassId) -> bool {
        match self {
            Self::Embedded(_) => true,
            Self::External(external) => external.classes.contains(&class),
        }
    }

    /// Whether anybody reads a topic. An external broker does not tell, so there somebody might.
    pub(crate) fn is_watched(&self, topic: Topic) -> bool {
        match self {
            Self::Embedded(broker) => broker.is_watched(topic),
            Self::External(external) => external.is_connected(),
        }
    }

    /// Publishes at QoS 0. Boards are of their second: what can't leave now is dropped.
    pub(crate) fn publish(&self, messages: Vec<Outgoing>) {
        match self {
            Self::Embedded(broker) => broker.publish(&messages),
            Self::External(external) => external.publish(messages),
        }
    }
}
