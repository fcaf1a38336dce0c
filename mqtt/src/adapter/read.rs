//! Bytes to packets, as a client hears them.

use bytes::{Bytes, BytesMut};
use mqttbytes::{FixedHeader, v4};

use super::{Ack, ConnectRefusal, Qos, Violation};
use crate::filter::valid_topic;
use crate::ids::PacketId;
use crate::packet::{self, CONNACK, PINGRESP, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBACK, UNSUBACK};

/// A packet from the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// The answer to CONNECT.
    ConnAck {
        /// Whether the broker still knows the session.
        session_present: bool,
        /// Why it refuses, if it does.
        refusal: Option<ConnectRefusal>,
    },
    /// A message.
    Publish {
        /// Its topic; no wildcard, not empty.
        topic: String,
        /// Its payload, a copy of its own.
        payload: Bytes,
        /// Its quality of service.
        qos: Qos,
        /// Whether the broker kept it for us.
        retain: bool,
        /// Whether the broker has perhaps sent it before.
        dup: bool,
        /// Its identifier: there is one exactly if QoS is 1 or 2.
        id: Option<PacketId>,
    },
    /// PUBACK, PUBREC, PUBREL or PUBCOMP.
    Ack(Ack, PacketId),
    /// One entry a filter: the QoS granted, or no.
    SubAck(PacketId, Vec<Option<Qos>>),
    /// The answer to UNSUBSCRIBE.
    UnsubAck(PacketId),
    /// The answer to PINGREQ.
    PingResp,
}

impl Packet {
    /// The type's number in the fixed header.
    pub const fn packet_type(&self) -> u8 {
        match self {
            Self::ConnAck { .. } => CONNACK,
            Self::Publish { .. } => PUBLISH,
            Self::Ack(Ack::Publish, _) => PUBACK,
            Self::Ack(Ack::Received, _) => PUBREC,
            Self::Ack(Ack::Release, _) => PUBREL,
            Self::Ack(Ack::Complete, _) => PUBCOMP,
            Self::SubAck(..) => SUBACK,
            Self::UnsubAck(_) => UNSUBACK,
            Self::PingResp => PINGRESP,
        }
    }
}

/// Cuts the byte stream into packets, however the transport cut it.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    /// The largest whole frame in bytes.
    limit: usize,
}

impl Decoder {
    /// A decoder that takes frames of at most `limit` bytes, headers included.
    pub fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), limit }
    }

    /// Forgets everything, for another connection.
    pub fn clear(&mut self) {
        self.buffer = BytesMut::new();
    }

    /// Takes the bytes that came next.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole packet, or `None` until more bytes come.
    ///
    /// # Errors
    /// What the broker did wrong, as soon as its bytes show it. After it nothing more is to be asked: the
    /// connection is over [MQTT-4.8.0-1].
    #[expect(clippy::should_implement_trait, reason = "an iterator's end is for ever, this one's is not")]
    pub fn next(&mut self) -> Result<Option<Packet>, Violation> {
        let Some(&first) = self.buffer.first() else { return Ok(None) };
        let (kind, flags) = (first >> 4, first & 0x0f);
        check_first_byte(kind, flags)?;
        let Some((header, remaining)) = packet::remaining_length(&self.buffer[1..])? else { return Ok(None) };
        let size = 1 + header + remaining;
        if size > self.limit {
            return Err(Violation::TooLarge { size, limit: self.limit });
        }
        check_length(kind, remaining)?;
        if self.buffer.len() < size {
            return Ok(None);
        }
        let frame = self.buffer.split_to(size).freeze();
        // Only the readers of what a client hears: `v4::read` has those of a server too, and a page carries
        // what it calls.
        let (fixed, body) = (FixedHeader::new(first, header, remaining), 1 + header);
        let packet = match kind {
            CONNACK => connack(&frame[body..]),
            PUBLISH => publish(fixed, frame),
            SUBACK => suback(fixed, frame),
            PINGRESP => Ok(Packet::PingResp),
            _ => answer(kind, &frame[body..]),
        };
        packet.map(Some)
    }
}

fn check_first_byte(kind: u8, flags: u8) -> Result<(), Violation> {
    match kind {
        CONNACK | PUBLISH | PUBACK | PUBREC | PUBREL | PUBCOMP | SUBACK | UNSUBACK | PINGRESP => {
            packet::check_flags(kind, flags)
        }
        _ => Err(Violation::UnexpectedPacket(kind)),
    }
}

fn check_length(kind: u8, remaining: usize) -> Result<(), Violation> {
    let fits = match kind {
        PINGRESP => remaining == 0,
        PUBLISH | SUBACK => remaining >= 3,
        _ => remaining == 2,
    };
    if fits { Ok(()) } else { Err(Violation::Body(kind)) }
}

/// CONNACK is read here: mqttbytes loses the frame on a code above 5, and AWS IoT Core sends 7.
fn connack(body: &[u8]) -> Result<Packet, Violation> {
    match *body {
        [flags @ (0 | 1), code] if flags == 0 || code == 0 => {
            Ok(Packet::ConnAck { session_present: flags == 1, refusal: ConnectRefusal::from_code(code) })
        }
        _ => Err(Violation::Body(CONNACK)),
    }
}

fn publish(fixed: FixedHeader, frame: Bytes) -> Result<Packet, Violation> {
    let publish = v4::Publish::read(fixed, frame).map_err(|error| match error {
        mqttbytes::Error::PacketIdZero => Violation::ZeroId,
        _ => Violation::Body(PUBLISH),
    })?;
    if !valid_topic(&publish.topic) {
        return Err(Violation::Topic);
    }
    let (qos, id) = match publish.qos {
        mqttbytes::QoS::AtMostOnce => (Qos::AtMostOnce, None),
        mqttbytes::QoS::AtLeastOnce => (Qos::AtLeastOnce, Some(known(publish.pkid)?)),
        mqttbytes::QoS::ExactlyOnce => (Qos::ExactlyOnce, Some(known(publish.pkid)?)),
    };
    // A copy, so that a payload that is kept does not keep the whole read with it.
    let payload = Bytes::copy_from_slice(&publish.payload);
    let (retain, dup) = (publish.retain, publish.dup);
    Ok(Packet::Publish { topic: publish.topic, payload, qos, retain, dup, id })
}

fn suback(fixed: FixedHeader, frame: Bytes) -> Result<Packet, Violation> {
    let ack = v4::SubAck::read(fixed, frame).map_err(|_| Violation::Body(SUBACK))?;
    Ok(Packet::SubAck(known(ack.pkid)?, ack.return_codes.iter().map(granted).collect()))
}

/// An acknowledgement whose identifier is all of it: its length is checked, and mqttbytes would take 0.
fn answer(kind: u8, body: &[u8]) -> Result<Packet, Violation> {
    let id = body.try_into().map(u16::from_be_bytes).map_err(|_| Violation::Body(kind))?;
    let id = known(id)?;
    Ok(match kind {
        PUBACK => Packet::Ack(Ack::Publish, id),
        PUBREC => Packet::Ack(Ack::Received, id),
        PUBREL => Packet::Ack(Ack::Release, id),
        PUBCOMP => Packet::Ack(Ack::Complete, id),
        UNSUBACK => Packet::UnsubAck(id),
        _ => return Err(Violation::UnexpectedPacket(kind)),
    })
}

fn known(id: u16) -> Result<PacketId, Violation> {
    PacketId::new(id).ok_or(Violation::ZeroId)
}

fn granted(code: &v4::SubscribeReasonCode) -> Option<Qos> {
    match code {
        v4::SubscribeReasonCode::Success(mqttbytes::QoS::AtMostOnce) => Some(Qos::AtMostOnce),
        v4::SubscribeReasonCode::Success(mqttbytes::QoS::AtLeastOnce) => Some(Qos::AtLeastOnce),
        v4::SubscribeReasonCode::Success(mqttbytes::QoS::ExactlyOnce) => Some(Qos::ExactlyOnce),
        v4::SubscribeReasonCode::Failure => None,
    }
}
