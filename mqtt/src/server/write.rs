//! Packets to bytes, as a server says them.

use bytes::{BufMut, BytesMut};

use crate::adapter::{Ack, ConnectRefusal, EncodeError, Qos};
use crate::filter::valid_topic;
use crate::ids::PacketId;
use crate::packet::MAX_REMAINING;

/// The answer to CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accept {
    /// Welcome; says whether the session was known.
    Yes {
        /// Whether the server has kept it.
        session_present: bool,
    },
    /// Why not.
    No(ConnectRefusal),
}

/// Writes a CONNACK.
pub fn write_connack(accept: Accept, out: &mut BytesMut) {
    let (present, code) = match accept {
        Accept::Yes { session_present } => (session_present, 0),
        // [MQTT-3.2.2-4]
        Accept::No(refusal) => (false, refusal.code()),
    };
    out.put_slice(&[0x20, 2, u8::from(present), code]);
}

/// Writes a message at QoS 0.
///
/// # Errors
/// [`EncodeError::Topic`] and [`EncodeError::TooLong`].
pub fn write_publish(
    topic: &str,
    payload: &[u8],
    retain: bool,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    if !valid_topic(topic) {
        return Err(EncodeError::Topic);
    }
    let length = u16::try_from(topic.len()).map_err(|_| EncodeError::TooLong)?;
    write_header(0x30 | u8::from(retain), 2 + topic.len() + payload.len(), out)?;
    out.put_u16(length);
    out.put_slice(topic.as_bytes());
    out.put_slice(payload);
    Ok(())
}

/// Writes a PUBACK, PUBREC, PUBREL or PUBCOMP.
pub fn write_answer(ack: Ack, id: PacketId, out: &mut BytesMut) {
    let first = match ack {
        Ack::Publish => 0x40,
        Ack::Received => 0x50,
        Ack::Release => 0x62,
        Ack::Complete => 0x70,
    };
    out.put_slice(&[first, 2]);
    out.put_u16(id.get());
}

/// Writes a SUBACK: for each filter the QoS granted, or no, in their order [MQTT-3.8.4-5].
///
/// # Errors
/// [`EncodeError::TooLong`].
pub fn write_suback(id: PacketId, granted: &[Option<Qos>], out: &mut BytesMut) -> Result<(), EncodeError> {
    write_header(0x90, 2 + granted.len(), out)?;
    out.put_u16(id.get());
    out.extend(granted.iter().map(|granted| granted.map_or(0x80, |qos| qos as u8)));
    Ok(())
}

/// Writes an UNSUBACK.
pub fn write_unsuback(id: PacketId, out: &mut BytesMut) {
    out.put_slice(&[0xb0, 2]);
    out.put_u16(id.get());
}

/// Writes a PINGRESP.
pub fn write_pingresp(out: &mut BytesMut) {
    out.put_slice(&[0xd0, 0]);
}

/// Writes the first byte and the length of what follows, and makes room for it.
fn write_header(first: u8, mut length: usize, out: &mut BytesMut) -> Result<(), EncodeError> {
    if length > MAX_REMAINING {
        return Err(EncodeError::TooLong);
    }
    out.reserve(MAX_HEADER + length);
    out.put_u8(first);
    loop {
        let [byte, ..] = (length & 0x7f).to_le_bytes();
        length >>= 7;
        out.put_u8(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            return Ok(());
        }
    }
}

/// A first byte, and a length of four at most [MQTT-2.2.3].
const MAX_HEADER: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::{Decoder, Packet};

    #[test]
    fn our_client_reads_what_is_written() {
        let (id, mut out) = (PacketId::new(9).unwrap(), BytesMut::new());
        write_connack(Accept::Yes { session_present: true }, &mut out);
        write_connack(Accept::No(ConnectRefusal::NotAuthorized), &mut out);
        write_publish("a/b", &[b'x'; 300], true, &mut out).unwrap();
        write_suback(id, &[Some(Qos::AtLeastOnce), None], &mut out).unwrap();
        write_unsuback(id, &mut out);
        let acks = [Ack::Publish, Ack::Received, Ack::Release, Ack::Complete];
        acks.iter().for_each(|ack| write_answer(*ack, id, &mut out));
        write_pingresp(&mut out);
        let mut decoder = Decoder::new(1_000);
        decoder.push(&out);
        let mut next = || decoder.next().unwrap().unwrap();
        assert_eq!(next(), Packet::ConnAck { session_present: true, refusal: None });
        let refusal = Some(ConnectRefusal::NotAuthorized);
        assert_eq!(next(), Packet::ConnAck { session_present: false, refusal });
        let Packet::Publish { topic, payload, retain: true, .. } = next() else { panic!() };
        assert_eq!((topic.as_str(), payload.len()), ("a/b", 300));
        assert_eq!(next(), Packet::SubAck(id, vec![Some(Qos::AtLeastOnce), None]));
        assert_eq!(next(), Packet::UnsubAck(id));
        acks.iter().for_each(|ack| assert_eq!(next(), Packet::Ack(*ack, id)));
        assert_eq!(next(), Packet::PingResp);
    }

    #[test]
    fn a_topic_that_can_not_be_published_to_is_not_written() {
        let mut out = BytesMut::new();
        assert_eq!(write_publish("a/#", b"", false, &mut out), Err(EncodeError::Topic));
        assert!(out.is_empty());
    }
}
