//! The embedded broker: MQTT sessions of our own, for a hub is less than a broker. Riders publish to the hub
//! alone, and only the hub publishes to riders, at QoS 0: there is nothing to route between clients, and
//! nothing to send again. So a session is one task on the client's own socket, and the message that it reads
//! is in the race before the next one is looked at.

mod carrier;
pub(crate) mod external;
pub(crate) mod front;
mod gate;
mod mailbox;
pub(crate) mod origin;
mod refusals;
mod registry;
mod session;
pub(crate) mod tcp;

use std::sync::Arc;
use std::time::Duration;

use alleycat_shared::topic::Topic;

use crate::boards::Outgoing;
pub(crate) use carrier::Carrier;
pub(crate) use gate::Gate;
pub(crate) use refusals::Refusals;
use registry::Registry;

/// The broker: who may do what, and who reads what.
pub(crate) struct Broker {
    gate: Gate,
    registry: Arc<Registry>,
}

impl Broker {
    /// A broker without clients; it remembers at most so many sessions.
    pub(crate) fn new(gate: Gate, max_sessions: usize) -> Self {
        Self { gate, registry: Arc::new(Registry::new(max_sessions)) }
    }

    /// Whether anybody subscribed to a topic.
    pub(crate) fn is_watched(&self, topic: Topic) -> bool {
        self.registry.is_watched(topic)
    }

    /// Publishes to everybody who subscribed, at QoS 0. What goes to one client leaves together.
    pub(crate) fn publish(&self, messages: &[Outgoing]) {
        self.registry.publish(messages);
    }

    /// Publishes under any topic, to whom has subscribed to it.
    pub(crate) fn pass_on(&self, topic: &str, payload: &[u8]) {
        self.registry.pass_on(topic, payload);
    }
}

/// The largest packet, in bytes: a payload that is worth refusing by name still fits.
pub(crate) const MAX_PACKET: usize = 64 * 1024;

/// How long a client may take nothing in. The system's buffers hold megabytes, so only who does not read
/// at all comes to this.
const STALLED: Duration = Duration::from_secs(5);
/// Buffer of one connection, in bytes: there may be thousands, and a race message has 300.
const READ_BUFFER: usize = 1024;
