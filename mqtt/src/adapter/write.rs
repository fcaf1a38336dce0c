//! Packets to bytes, as a client says them.

use bytes::{Bytes, BytesMut};
use mqttbytes::v4;

use super::{Ack, EncodeError, Qos, Will};
use crate::filter::{valid_filter, valid_topic};
use crate::ids::PacketId;
use crate::packet::{MAX_FIELD, MAX_REMAINING};

/// What CONNECT says.
#[derive(Clone, Copy, Debug)]
pub struct Connect<'a> {
    /// Unique among the broker's clients. May be empty with a clean session [MQTT-3.1.3-7].
    pub client_id: &'a str,
    /// User name; not empty.
    pub username: Option<&'a str>,
    /// Password; not without a user name [MQTT-3.1.2-22].
    pub password: Option<&'a str>,
    /// Whether the broker starts afresh and forgets everything at the end.
    pub clean_session: bool,
    /// The longest silence in seconds; 0 for any.
    pub keep_alive_seconds: u16,
    /// What is published when the client is lost.
    pub will: Option<&'a Will>,
}

/// Writes a CONNECT.
///
/// # Errors
/// [`EncodeError`] for a text, a will or a login that can't be sent.
pub fn write_connect(connect: &Connect<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
    text(connect.client_id)?;
    if connect.client_id.is_empty() && !connect.clean_session {
        return Err(EncodeError::Text);
    }
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

/// What PUBLISH says.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Where to.
    pub topic: &'a str,
    /// What.
    pub payload: &'a Bytes,
    /// How surely.
    pub qos: Qos,
    /// There is one exactly if QoS is 1 or 2 [MQTT-2.3.1-5].
    pub id: Option<PacketId>,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// Whether this is a repetition; never with QoS 0 [MQTT-3.3.1-2].
    pub dup: bool,
}

/// Writes a PUBLISH.
///
/// # Errors
/// Those of [`check_publish`], and [`EncodeError::Codec`] if identifier or repetition do not fit the QoS.
pub fn write_publish(message: &Message<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
    let Message { topic, payload, qos, id, retain, dup } = *message;
    check_publish(topic, payload)?;
    let once = qos == Qos::AtMostOnce;
    if once != id.is_none() || (once && dup) {
        return Err(EncodeError::Codec);
    }
    let mut packet = v4::Publish::from_bytes(topic, codec_qos(qos), payload.clone());
    packet.pkid = id.map_or(0, PacketId::get);
    packet.retain = retain;
    packet.dup = dup;
    append(out, |scratch| packet.write(scratch))
}

/// Checks what [`write_publish`] would refuse.
///
/// # Errors
/// [`EncodeError::Topic`] and [`EncodeError::TooLong`].
pub fn check_publish(topic: &str, payload: &Bytes) -> Result<(), EncodeError> {
    if !valid_topic(topic) {
        return Err(EncodeError::Topic);
    }
    // Two length bytes of the topic and two of the identifier come on top.
    if topic.len() + payload.len() + 4 > MAX_REMAINING { Err(EncodeError::TooLong) } else { Ok(()) }
}

/// Writes a SUBSCRIBE of one or more filters.
///
/// # Errors
/// [`EncodeError::Filter`] for none, or for one that is not valid.
pub fn write_subscribe(id: PacketId, filters: &[(&str, Qos)], out: &mut BytesMut) -> Result<(), EncodeError> {
    if filters.is_empty() || filters.iter().any(|(filter, _)| !valid_filter(filter)) {
        return Err(EncodeError::Filter);
    }
    let filters =
        filters.iter().map(|(path, qos)| v4::SubscribeFilter::new((*path).to_owned(), codec_qos(*qos)));
    let mut packet = v4::Subscribe::new_many(filters);
    packet.pkid = id.get();
    append(out, |scratch| packet.write(scratch))
}

/// Writes an UNSUBSCRIBE.
///
/// # Errors
/// [`EncodeError::Filter`] for a filter that is not valid.
pub fn write_unsubscribe(id: PacketId, filter: &str, out: &mut BytesMut) -> Result<(), EncodeError> {
    if !valid_filter(filter) {
        return Err(EncodeError::Filter);
    }
    let mut packet = v4::Unsubscribe::new(filter);
    packet.pkid = id.get();
    append(out, |scratch| packet.write(scratch))
}

/// Writes a PUBACK, PUBREC, PUBREL or PUBCOMP.
///
/// # Errors
/// None in practice: an identifier that is not 0 can always be written.
pub fn write_ack(ack: Ack, id: PacketId, out: &mut BytesMut) -> Result<(), EncodeError> {
    let id = id.get();
    append(out, |scratch| match ack {
        Ack::Publish => v4::PubAck::new(id).write(scratch),
        Ack::Received => v4::PubRec::new(id).write(scratch),
        Ack::Release => v4::PubRel::new(id).write(scratch),
        Ack::Complete => v4::PubComp::new(id).write(scratch),
    })
}

/// Writes a PINGREQ.
///
/// # Errors
/// None in practice.
pub fn write_pingreq(out: &mut BytesMut) -> Result<(), EncodeError> {
    append(out, |scratch| v4::PingReq.write(scratch))
}

/// Writes a DISCONNECT.
///
/// # Errors
/// None in practice.
pub fn write_disconnect(out: &mut BytesMut) -> Result<(), EncodeError> {
    append(out, |scratch| v4::Disconnect.write(scratch))
}

/// Writes to a scratch buffer first: on an error mqttbytes leaves half a frame behind.
fn append(
    out: &mut BytesMut,
    write: impl FnOnce(&mut BytesMut) -> Result<usize, mqttbytes::Error>,
) -> Result<(), EncodeError> {
    let mut tail = out.split_off(out.len());
    write(&mut tail).map_err(|_| EncodeError::Codec)?;
    out.unsplit(tail);
    Ok(())
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
        Qos::ExactlyOnce => mqttbytes::QoS::ExactlyOnce,
    }
}
