//! The one place that calls mqttbytes, between our own checks on both sides.
//!
//! mqttbytes 0.6 is fast and never panics on input, and it is lenient: it accepts reserved flags, zero
//! identifiers, over-long frames and empty topics, truncates long strings and leaves half a frame
//! behind on errors. So a frame is cut and checked in [`Decoder`] before its reader sees it, what the
//! reader says is checked again, and what is written goes to a scratch buffer first. `docs/mqtt.md` has
//! the whole list with the guard for each defect.

mod read;
mod write;

pub use read::{Decoder, Packet};
pub use write::{
    Connect, Message, check_publish, write_ack, write_connect, write_disconnect, write_pingreq,
    write_publish, write_subscribe, write_unsubscribe,
};

use bytes::Bytes;
use thiserror::Error;

/// Quality of service of a publish or a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Qos {
    /// QoS 0: sent once, never acknowledged.
    AtMostOnce,
    /// QoS 1: sent until acknowledged.
    AtLeastOnce,
    /// QoS 2: sent until received, then released, so that it is taken once.
    ExactlyOnce,
}

/// The four acknowledgements, which differ only by their type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack {
    /// PUBACK: a QoS 1 message is taken.
    Publish,
    /// PUBREC: a QoS 2 message is received.
    Received,
    /// PUBREL: its sender will not send it again.
    Release,
    /// PUBCOMP: its receiver has forgotten the identifier.
    Complete,
}

/// What the broker publishes when the connection ends without a DISCONNECT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Will {
    /// Where to.
    pub topic: String,
    /// What.
    pub payload: Bytes,
    /// How.
    pub qos: Qos,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
}

/// Why the broker refused a connection (CONNACK).
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ConnectRefusal {
    /// Code 1.
    #[error("the broker does not speak MQTT 3.1.1")]
    ProtocolVersion,
    /// Code 2.
    #[error("the broker does not accept this client id")]
    ClientId,
    /// Code 3; the only one that passes by itself.
    #[error("the broker is not available")]
    Unavailable,
    /// Code 4.
    #[error("user name or password is wrong")]
    BadCredentials,
    /// Code 5, or 7 as AWS IoT Core says it.
    #[error("not authorised")]
    NotAuthorized,
    /// Any other code.
    #[error("refused with unknown code {0}")]
    Unknown(u8),
}

impl ConnectRefusal {
    fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => return None,
            1 => Self::ProtocolVersion,
            2 => Self::ClientId,
            3 => Self::Unavailable,
            4 => Self::BadCredentials,
            5 | 7 => Self::NotAuthorized,
            other => Self::Unknown(other),
        })
    }

    /// The code that says so.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::ProtocolVersion => 1,
            Self::ClientId => 2,
            Self::Unavailable => 3,
            Self::BadCredentials => 4,
            Self::NotAuthorized => 5,
            Self::Unknown(other) => other,
        }
    }

    /// Whether asking again with the same words is of no use.
    pub const fn is_lasting(self) -> bool {
        !matches!(self, Self::Unavailable | Self::Unknown(_))
    }
}

/// What the other side may not send. The connection is closed on the first one.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Violation {
    /// A packet type that the other side does not send, or that was not asked for.
    #[error("unexpected packet type {0}")]
    UnexpectedPacket(u8),
    /// Reserved bits in the first byte.
    #[error("reserved flags {0:#04x} in the fixed header")]
    Flags(u8),
    /// A remaining length of over four bytes or not in its shortest form.
    #[error("malformed remaining length")]
    RemainingLength,
    /// A frame over the limit.
    #[error("a packet of {size} bytes, the limit is {limit}")]
    TooLarge {
        /// The whole frame's size.
        size: usize,
        /// The limit on a whole frame.
        limit: usize,
    },
    /// A body that does not fit its type.
    #[error("malformed body of packet type {0}")]
    Body(u8),
    /// Identifier 0.
    #[error("packet identifier 0")]
    ZeroId,
    /// An acknowledgement of something that is not outstanding.
    #[error("acknowledgement of unknown identifier {0}")]
    UnknownId(u16),
    /// A topic that can't be published to.
    #[error("invalid topic in a publish")]
    Topic,
    /// A packet before CONNACK, or a second CONNACK.
    #[error("packet type {0} out of order")]
    OutOfOrder(u8),
    /// A SUBACK with more or fewer answers than were asked for [MQTT-3.9.3-1].
    #[error("a SUBACK of {got} answers to {asked} filters")]
    AnswerCount {
        /// How many filters were asked for.
        asked: usize,
        /// How many answers came.
        got: usize,
    },
}

/// What can't be put into a packet.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum EncodeError {
    /// A name that can't be published to.
    #[error("not a valid topic")]
    Topic,
    /// A filter that can't be subscribed to.
    #[error("not a valid topic filter")]
    Filter,
    /// A text or payload that does not fit its length field.
    #[error("longer than the protocol allows")]
    TooLong,
    /// NUL in a text, an empty user name, or an empty client id without a clean session.
    #[error("text that MQTT does not allow")]
    Text,
    /// The codec refused.
    #[error("the codec refused the packet")]
    Codec,
}

#[cfg(test)]
mod tests;
