//! Bytes to packets, as a client hears them.

use std::num::NonZeroU16;

use bytes::{Bytes, BytesMut};
use mqttbytes::v4;

use super::{
    Ack, CONNACK, ConnectRefusal, PINGRESP, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, Qos, SUBACK, UNSUBACK,
    Violation,
};
use crate::filter::valid_topic;
use crate::ids::PacketId;

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

/// [MQTT-2.2.2-2], and for PUBLISH [MQTT-3.3.1-2] and [MQTT-3.3.1-4].
fn check_first_byte(kind: u8, flags: u8) -> Result<(), Violation> {
    let expected = match kind {
        PUBLISH => {
            let (qos, dup) = (flags >> 1 & 3, flags & 8 != 0);
            return if qos == 3 || (qos == 0 && dup) { Err(Violation::Flags(flags)) } else { Ok(()) };
        }
        PUBREL => 0b0010,
        CONNACK | PUBACK | PUBREC | PUBCOMP | SUBACK | UNSUBACK | PINGRESP => 0,
        _ => return Err(Violation::UnexpectedPacket(kind)),
    };
    if flags == expected { Ok(()) } else { Err(Violation::Flags(flags)) }
}

fn check_length(kind: u8, remaining: usize) -> Result<(), Violation> {
    let fits = match kind {
        PINGRESP => remaining == 0,
        PUBLISH | SUBACK => remaining >= 3,
        _ => remaining == 2,
    };
    if fits { Ok(()) } else { Err(Violation::Body(kind)) }
}

/// The remaining length and how many bytes it took, or `None` while it is cut off.
pub(crate) fn remaining_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, Violation> {
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
fn connack(body: &[u8]) -> Result<Packet, Violation> {
    match *body {
        [flags @ (0 | 1), code] if flags == 0 || code == 0 => {
            Ok(Packet::ConnAck { session_present: flags == 1, refusal: ConnectRefusal::from_code(code) })
        }
        _ => Err(Violation::Body(CONNACK)),
    }
}

fn read(kind: u8, mut frame: BytesMut) -> Result<Packet, Violation> {
    let malformed = Violation::Body(kind);
    let id = |pkid: u16| NonZeroU16::new(pkid).ok_or(Violation::ZeroId);
    let packet = v4::read(&mut frame, usize::MAX).map_err(|error| match error {
        mqttbytes::Error::PacketIdZero => Violation::ZeroId,
        _ => malformed,
    })?;
    Ok(match packet {
        v4::Packet::Publish(publish) => {
            if !valid_topic(&publish.topic) {
                return Err(Violation::Topic);
            }
            let (qos, id) = match publish.qos {
                mqttbytes::QoS::AtMostOnce => (Qos::AtMostOnce, None),
                mqttbytes::QoS::AtLeastOnce => (Qos::AtLeastOnce, Some(id(publish.pkid)?)),
                mqttbytes::QoS::ExactlyOnce => (Qos::ExactlyOnce, Some(id(publish.pkid)?)),
            };
            // A copy, so that a payload that is kept does not keep the whole read with it.
            let payload = Bytes::copy_from_slice(&publish.payload);
            let (retain, dup) = (publish.retain, publish.dup);
            Packet::Publish { topic: publish.topic, payload, qos, retain, dup, id }
        }
        v4::Packet::PubAck(ack) => Packet::Ack(Ack::Publish, id(ack.pkid)?),
        v4::Packet::PubRec(ack) => Packet::Ack(Ack::Received, id(ack.pkid)?),
        v4::Packet::PubRel(ack) => Packet::Ack(Ack::Release, id(ack.pkid)?),
        v4::Packet::PubComp(ack) => Packet::Ack(Ack::Complete, id(ack.pkid)?),
        v4::Packet::SubAck(ack) => {
            Packet::SubAck(id(ack.pkid)?, ack.return_codes.iter().map(granted).collect())
        }
        v4::Packet::UnsubAck(ack) => Packet::UnsubAck(id(ack.pkid)?),
        v4::Packet::PingResp => Packet::PingResp,
        _ => return Err(Violation::UnexpectedPacket(kind)),
    })
}

fn granted(code: &v4::SubscribeReasonCode) -> Option<Qos> {
    match code {
        v4::SubscribeReasonCode::Success(mqttbytes::QoS::AtMostOnce) => Some(Qos::AtMostOnce),
        v4::SubscribeReasonCode::Success(mqttbytes::QoS::AtLeastOnce) => Some(Qos::AtLeastOnce),
        v4::SubscribeReasonCode::Success(mqttbytes::QoS::ExactlyOnce) => Some(Qos::ExactlyOnce),
        v4::SubscribeReasonCode::Failure => None,
    }
}
