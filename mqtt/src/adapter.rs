//! The one place that calls mqttbytes, between our own checks on both sides.
//!
//! mqttbytes 0.6 is fast and never panics on input, and it is lenient: it accepts reserved flags, zero
//! identifiers, over-long frames and empty topics, truncates long strings and leaves half a frame
//! behind on errors. So a frame is cut and checked here before its reader sees it, what the reader says
//! is checked again, and what is written goes to a scratch buffer first.

use std::num::NonZeroU16;

use bytes::{Buf, Bytes, BytesMut};
use mqttbytes::v4;
use thiserror::Error;

use crate::filter::{valid_filter, valid_topic};
use crate::ids::PacketId;

/// Quality of service of a publish or a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Qos {
    /// QoS 0: sent once, never acknowledged.
    AtMostOnce,
    /// QoS 1: sent until acknowledged.
    AtLeastOnce,
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

    /// Whether asking again with the same words is of no use.
    pub const fn is_lasting(self) -> bool {
        !matches!(self, Self::Unavailable | Self::Unknown(_))
    }
}

/// What a broker may not send. The connection is closed on the first one.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Violation {
    /// A packet type that a server does not send, or that this client did not ask for.
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
    /// NUL in a text, or an empty user name.
    #[error("text that MQTT does not allow")]
    Text,
    /// The codec refused.
    #[error("the codec refused the packet")]
    Codec,
}

/// A packet from the broker.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    ConnAck {
        session_present: bool,
        refusal: Option<ConnectRefusal>,
    },
    Publish {
        topic: String,
        payload: Bytes,
        retain: bool,
        id: Option<PacketId>,
    },
    PubAck(PacketId),
    /// One entry a filter: whether it was granted.
    SubAck(PacketId, Vec<bool>),
    UnsubAck(PacketId),
    PingResp,
}

impl Incoming {
    pub(crate) const fn packet_type(&self) -> u8 {
        match self {
            Self::ConnAck { .. } => CONNACK,
            Self::Publish { .. } => PUBLISH,
            Self::PubAck(_) => PUBACK,
            Self::SubAck(..) => SUBACK,
            Self::UnsubAck(_) => UNSUBACK,
            Self::PingResp => PINGRESP,
        }
    }
}

/// Cuts the byte stream into packets, however the transport cut it.
#[derive(Debug)]
pub(crate) struct Decoder {
    buffer: BytesMut,
    /// The largest whole frame in bytes.
    limit: usize,
}

impl Decoder {
    pub(crate) fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), limit }
    }

    pub(crate) fn clear(&mut self) {
        self.buffer = BytesMut::new();
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole packet, or `None` until more bytes come. After an error nothing more is to be
    /// asked: the connection is over.
    pub(crate) fn next(&mut self) -> Result<Option<Incoming>, Violation> {
        let Some(&first) = self.buffer.first() else { return Ok(None) };
        let (kind, flags) = (first >> 4, first & 0x0f);
        check_first_byte(kind, flags)?;
        let Some((header, remaining)) = remaining_length(&self.buffer[1..])? else { return Ok(None) };
        let size = 1 + header + remaining;
        if size > self.limit {
            return Err(Violation::TooLarge { size, limit: self.limit });
        }
        check_length(kind, remaining)?;
        if self.buffer.len() < size {
            return Ok(None);
        }
        let frame = self.buffer.split_to(size);
        let body = 1 + header;
        if kind == CONNACK { connack(&frame[body..]).map(Some) } else { read(kind, frame).map(Some) }
    }
}

fn check_first_byte(kind: u8, flags: u8) -> Result<(), Violation> {
    match kind {
        // QoS 2 and 3 are never granted, DUP means nothing on QoS 0.
        PUBLISH if flags & 0b0100 != 0 || flags & 0b1010 == 0b1000 => Err(Violation::Flags(flags)),
        PUBLISH => Ok(()),
        CONNACK | PUBACK | SUBACK | UNSUBACK | PINGRESP if flags == 0 => Ok(()),
        CONNACK | PUBACK | SUBACK | UNSUBACK | PINGRESP => Err(Violation::Flags(flags)),
        _ => Err(Violation::UnexpectedPacket(kind)),
    }
}

fn check_length(kind: u8, remaining: usize) -> Result<(), Violation> {
    let fits = match kind {
        CONNACK | PUBACK | UNSUBACK => remaining == 2,
        PINGRESP => remaining == 0,
        _ => remaining >= 3,
    };
    if fits { Ok(()) } else { Err(Violation::Body(kind)) }
}

/// The remaining length and how many bytes it took, or `None` while it is cut off.
fn remaining_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, Violation> {
    let mut length = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let shortest = index == 0 || *byte != 0;
            return if shortest { Ok(Some((index + 1, length))) } else { Err(Violation::RemainingLength) };
        }
    }
    if bytes.len() >= 4 { Err(Violation::RemainingLength) } else { Ok(None) }
}

/// CONNACK is read here: mqttbytes loses the frame on a code above 5, and AWS IoT Core sends 7.
fn connack(body: &[u8]) -> Result<Incoming, Violation> {
    match *body {
        [flags @ (0 | 1), code] if flags == 0 || code == 0 => {
            Ok(Incoming::ConnAck { session_present: flags == 1, refusal: ConnectRefusal::from_code(code) })
        }
        _ => Err(Violation::Body(CONNACK)),
    }
}

fn read(kind: u8, mut frame: BytesMut) -> Result<Incoming, Violation> {
    let malformed = Violation::Body(kind);
    let id = |pkid: u16| NonZeroU16::new(pkid).ok_or(Violation::ZeroId);
    let packet = v4::read(&mut frame, usize::MAX).map_err(|error| match error {
        mqttbytes::Error::PacketIdZero => Violation::ZeroId,
        _ => malformed,
    })?;
    match packet {
        v4::Packet::Publish(publish) => {
            if !valid_topic(&publish.topic) {
                return Err(Violation::Topic);
            }
            let id = match publish.qos {
                mqttbytes::QoS::AtMostOnce => None,
                mqttbytes::QoS::AtLeastOnce => Some(id(publish.pkid)?),
                mqttbytes::QoS::ExactlyOnce => return Err(malformed),
            };
            // A copy, so that a payload that is kept does not keep the whole read with it.
            let payload = Bytes::copy_from_slice(&publish.payload);
            Ok(Incoming::Publish { topic: publish.topic, payload, retain: publish.retain, id })
        }
        v4::Packet::PubAck(ack) => Ok(Incoming::PubAck(id(ack.pkid)?)),
        v4::Packet::SubAck(ack) => {
            let granted =
                |code: &v4::SubscribeReasonCode| matches!(code, v4::SubscribeReasonCode::Success(_));
            Ok(Incoming::SubAck(id(ack.pkid)?, ack.return_codes.iter().map(granted).collect()))
        }
        v4::Packet::UnsubAck(ack) => Ok(Incoming::UnsubAck(id(ack.pkid)?)),
        v4::Packet::PingResp => Ok(Incoming::PingResp),
        _ => Err(Violation::UnexpectedPacket(kind)),
    }
}

/// What CONNECT says.
#[derive(Clone, Debug)]
pub(crate) struct Connect<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) username: Option<&'a str>,
    pub(crate) password: Option<&'a str>,
    pub(crate) clean_session: bool,
    pub(crate) keep_alive_seconds: u16,
    pub(crate) will: Option<&'a Will>,
}

pub(crate) fn write_connect(connect: &Connect<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
    text(connect.client_id)?;
    let mut packet = v4::Connect::new(connect.client_id);
    packet.keep_alive = connect.keep_alive_seconds;
    packet.clean_session = connect.clean_session;
    match (connect.username, connect.password) {
        (None, None) => {}
        // mqttbytes tells "no user name" by its emptiness, and a password alone is illegal.
        (None | Some(""), _) => return Err(EncodeError::Text),
        (Some(username), password) => {
            text(username)?;
            text(password.unwrap_or_default())?;
            packet.set_login(username, password.unwrap_or_default());
        }
    }
    if let Some(will) = connect.will {
        if !valid_topic(&will.topic) {
            return Err(EncodeError::Topic);
        }
        if will.payload.len() > MAX_FIELD {
            return Err(EncodeError::TooLong);
        }
        packet.last_will =
            Some(v4::LastWill::new(&will.topic, will.payload.to_vec(), codec_qos(will.qos), will.retain));
    }
    append(out, |scratch| packet.write(scratch))
}

/// Writes a PUBLISH: QoS 1 with an identifier, QoS 0 without. `dup` marks a repetition.
pub(crate) fn write_publish(
    topic: &str,
    payload: &Bytes,
    retain: bool,
    id: Option<PacketId>,
    dup: bool,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    check_publish(topic, payload)?;
    let qos = if id.is_some() { Qos::AtLeastOnce } else { Qos::AtMostOnce };
    let mut packet = v4::Publish::from_bytes(topic, codec_qos(qos), payload.clone());
    packet.pkid = id.map_or(0, PacketId::get);
    packet.retain = retain;
    packet.dup = dup;
    append(out, |scratch| packet.write(scratch))
}

/// Checks what [`write_publish`] would refuse.
pub(crate) fn check_publish(topic: &str, payload: &Bytes) -> Result<(), EncodeError> {
    if !valid_topic(topic) {
        return Err(EncodeError::Topic);
    }
    // Two length bytes of the topic and two of the identifier come on top.
    if topic.len() + payload.len() + 4 > MAX_REMAINING { Err(EncodeError::TooLong) } else { Ok(()) }
}

pub(crate) fn write_subscribe(
    id: PacketId,
    filters: &[(&str, Qos)],
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    if filters.is_empty() || filters.iter().any(|(filter, _)| !valid_filter(filter)) {
        return Err(EncodeError::Filter);
    }
    let filters =
        filters.iter().map(|(path, qos)| v4::SubscribeFilter::new((*path).to_owned(), codec_qos(*qos)));
    let mut packet = v4::Subscribe::new_many(filters);
    packet.pkid = id.get();
    append(out, |scratch| packet.write(scratch))
}

pub(crate) fn write_unsubscribe(id: PacketId, filter: &str, out: &mut BytesMut) -> Result<(), EncodeError> {
    if !valid_filter(filter) {
        return Err(EncodeError::Filter);
    }
    let mut packet = v4::Unsubscribe::new(filter);
    packet.pkid = id.get();
    append(out, |scratch| packet.write(scratch))
}

pub(crate) fn write_puback(id: PacketId, out: &mut BytesMut) -> Result<(), EncodeError> {
    append(out, |scratch| v4::PubAck::new(id.get()).write(scratch))
}

pub(crate) fn write_pingreq(out: &mut BytesMut) -> Result<(), EncodeError> {
    append(out, |scratch| v4::PingReq.write(scratch))
}

pub(crate) fn write_disconnect(out: &mut BytesMut) -> Result<(), EncodeError> {
    append(out, |scratch| v4::Disconnect.write(scratch))
}

/// Writes to a scratch buffer first: on an error mqttbytes leaves half a frame behind.
fn append(
    out: &mut BytesMut,
    write: impl FnOnce(&mut BytesMut) -> Result<usize, mqttbytes::Error>,
) -> Result<(), EncodeError> {
    let mut tail = out.split_off(out.len());
    let written = write(&mut tail).map_err(|_| EncodeError::Codec);
    if written.is_ok() {
        out.unsplit(tail);
    } else {
        tail.advance(tail.len());
    }
    written.map(|_| ())
}

fn text(text: &str) -> Result<(), EncodeError> {
    match text {
        long if long.len() > MAX_FIELD => Err(EncodeError::TooLong),
        nul if nul.contains('\0') => Err(EncodeError::Text),
        _ => Ok(()),
    }
}

const fn codec_qos(qos: Qos) -> mqttbytes::QoS {
    match qos {
        Qos::AtMostOnce => mqttbytes::QoS::AtMostOnce,
        Qos::AtLeastOnce => mqttbytes::QoS::AtLeastOnce,
    }
}

const CONNACK: u8 = 2;
const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;
const SUBACK: u8 = 9;
const UNSUBACK: u8 = 11;
const PINGRESP: u8 = 13;
/// The largest value of a two-byte length.
const MAX_FIELD: usize = 65_535;
/// The largest remaining length, of four bytes.
const MAX_REMAINING: usize = 268_435_455;

#[cfg(test)]
#[path = "adapter_tests.rs"]
mod tests;
