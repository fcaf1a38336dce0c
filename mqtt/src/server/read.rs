//! Bytes to packets, as a server hears them.

use crate::adapter::{Ack, Qos, Violation};
use crate::filter::{valid_filter, valid_topic};
use crate::ids::PacketId;
use crate::packet::{
    self, CONNECT, DISCONNECT, PINGREQ, PUBACK, PUBCOMP, PUBLISH, PUBREC, PUBREL, SUBSCRIBE, UNSUBSCRIBE,
};

/// A packet from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientPacket<'a> {
    /// Who it is; the first packet and never again [MQTT-3.1.0-1] [MQTT-3.1.0-2].
    Connect(Connect<'a>),
    /// A message.
    Publish {
        /// Its topic; no wildcard, not empty.
        topic: &'a str,
        /// Its payload.
        payload: &'a [u8],
        /// Its quality of service.
        qos: Qos,
        /// Whether it is to be kept for later subscribers.
        retain: bool,
        /// Whether it has perhaps been sent before.
        dup: bool,
        /// Its identifier: there is one exactly if QoS is 1 or 2.
        id: Option<PacketId>,
    },
    /// PUBACK, PUBREC, PUBREL or PUBCOMP.
    Ack(Ack, PacketId),
    /// SUBSCRIBE: at least one filter.
    Subscribe(PacketId, Filters<'a>),
    /// UNSUBSCRIBE: at least one filter; their QoS says nothing.
    Unsubscribe(PacketId, Filters<'a>),
    /// PINGREQ.
    PingReq,
    /// DISCONNECT.
    Disconnect,
}

/// What CONNECT says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connect<'a> {
    /// Which MQTT it is.
    pub protocol: Protocol,
    /// The client's name for its session; may be empty.
    pub client_id: &'a str,
    /// User name.
    pub username: Option<&'a str>,
    /// Password; not without a user name [MQTT-3.1.2-22].
    pub password: Option<&'a [u8]>,
    /// Whether the session begins and ends with the connection.
    pub clean_session: bool,
    /// The longest silence in seconds; 0 for any.
    pub keep_alive_seconds: u16,
    /// Whether there is a will; its content is checked and left out.
    pub has_will: bool,
}

/// Which MQTT a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// 3.1.1, or 3.1, which says nothing else to a server.
    Spoken,
    /// Another level: nothing after it was read [MQTT-3.1.2-2].
    Other(u8),
}

/// The filters of one packet, checked, with the QoS that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filters<'a> {
    body: Body<'a>,
    with_qos: bool,
}

impl<'a> Iterator for Filters<'a> {
    type Item = (&'a str, Qos);

    fn next(&mut self) -> Option<Self::Item> {
        let filter = self.body.text().ok()?;
        let qos = if self.with_qos { qos(self.body.byte().ok()?)? } else { Qos::AtMostOnce };
        Some((filter, qos))
    }
}

/// The first packet of `bytes`, and how many bytes it takes; `None` until more come. A packet is at most
/// `limit` bytes, headers included.
///
/// # Errors
/// What the client did wrong, as soon as its bytes show it. The connection is over then.
pub fn read(bytes: &[u8], limit: usize) -> Result<Option<(ClientPacket<'_>, usize)>, Violation> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let (kind, flags) = (first >> 4, first & 0x0f);
    check_first_byte(kind, flags)?;
    let Some((header, remaining)) = packet::remaining_length(&bytes[1..])? else { return Ok(None) };
    let size = 1 + header + remaining;
    if size > limit {
        return Err(Violation::TooLarge { size, limit });
    }
    let Some(body) = bytes.get(1 + header..size) else { return Ok(None) };
    let mut body = Body { kind, rest: body };
    let packet = match kind {
        CONNECT => ClientPacket::Connect(connect(&mut body)?),
        PUBLISH => return publish(flags, body).map(|packet| Some((packet, size))),
        PUBACK => ClientPacket::Ack(Ack::Publish, body.id()?),
        PUBREC => ClientPacket::Ack(Ack::Received, body.id()?),
        PUBREL => ClientPacket::Ack(Ack::Release, body.id()?),
        PUBCOMP => ClientPacket::Ack(Ack::Complete, body.id()?),
        SUBSCRIBE => ClientPacket::Subscribe(body.id()?, filters(&mut body, true)?),
        UNSUBSCRIBE => ClientPacket::Unsubscribe(body.id()?, filters(&mut body, false)?),
        PINGREQ => ClientPacket::PingReq,
        _ => ClientPacket::Disconnect,
    };
    // Of an unknown level nothing else can be said.
    let unread = matches!(&packet, ClientPacket::Connect(connect) if connect.protocol != Protocol::Spoken);
    if body.rest.is_empty() || unread { Ok(Some((packet, size))) } else { Err(body.wrong()) }
}

fn check_first_byte(kind: u8, flags: u8) -> Result<(), Violation> {
    match kind {
        CONNECT | PUBLISH | PUBACK | PUBREC | PUBREL | PUBCOMP | SUBSCRIBE | UNSUBSCRIBE | PINGREQ
        | DISCONNECT => packet::check_flags(kind, flags),
        _ => Err(Violation::UnexpectedPacket(kind)),
    }
}

fn connect<'a>(body: &mut Body<'a>) -> Result<Connect<'a>, Violation> {
    let wrong = body.wrong();
    let mut read = Connect {
        protocol: Protocol::Spoken,
        client_id: "",
        username: None,
        password: None,
        clean_session: true,
        keep_alive_seconds: 0,
        has_will: false,
    };
    // [MQTT-3.1.2-1]: another name is another protocol.
    match (body.text()?, body.byte()?) {
        ("MQTT", 4) | ("MQIsdp", 3) => {}
        ("MQTT" | "MQIsdp", level) => return Ok(Connect { protocol: Protocol::Other(level), ..read }),
        _ => return Err(wrong),
    }
    let flags = body.byte()?;
    let has = |bit: u8| flags & bit != 0;
    let (username, password, will) = (has(0x80), has(0x40), has(0x04));
    let will_qos = flags >> 3 & 3;
    // [MQTT-3.1.2-3], [MQTT-3.1.2-11] to [MQTT-3.1.2-15], [MQTT-3.1.2-22].
    if has(0x01) || will_qos == 3 || (!will && (will_qos > 0 || has(0x20))) || (password && !username) {
        return Err(wrong);
    }
    read.clean_session = has(0x02);
    read.keep_alive_seconds = body.number()?;
    read.client_id = body.text()?;
    if will {
        read.has_will = true;
        if !valid_topic(body.text()?) {
            return Err(Violation::Topic);
        }
        body.field()?;
    }
    if username {
        read.username = Some(body.text()?);
    }
    if password {
        read.password = Some(body.field()?);
    }
    Ok(read)
}

fn publish(flags: u8, mut body: Body<'_>) -> Result<ClientPacket<'_>, Violation> {
    let topic = body.text()?;
    // [MQTT-3.3.2-2], [MQTT-4.7.3-1].
    if !valid_topic(topic) {
        return Err(Violation::Topic);
    }
    let qos = qos(flags >> 1 & 3).ok_or(Violation::Flags(flags))?;
    // [MQTT-2.3.1-1], [MQTT-2.3.1-5].
    let id = if qos == Qos::AtMostOnce { None } else { Some(body.id()?) };
    let (retain, dup) = (flags & 1 != 0, flags & 8 != 0);
    Ok(ClientPacket::Publish { topic, payload: body.rest, qos, retain, dup, id })
}

/// [MQTT-3.8.3-1], [MQTT-3.8.3-3], [MQTT-3-8.3-4], [MQTT-3.10.3-2], and section 4.7.1.
fn filters<'a>(body: &mut Body<'a>, with_qos: bool) -> Result<Filters<'a>, Violation> {
    let filters = Filters { body: body.clone(), with_qos };
    loop {
        let right = valid_filter(body.text()?) && (!with_qos || qos(body.byte()?).is_some());
        if !right {
            return Err(body.wrong());
        }
        if body.rest.is_empty() {
            return Ok(filters);
        }
    }
}

const fn qos(number: u8) -> Option<Qos> {
    match number {
        0 => Some(Qos::AtMostOnce),
        1 => Some(Qos::AtLeastOnce),
        2 => Some(Qos::ExactlyOnce),
        _ => None,
    }
}

/// What is left of a packet's body.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Body<'a> {
    kind: u8,
    rest: &'a [u8],
}

impl<'a> Body<'a> {
    const fn wrong(&self) -> Violation {
        Violation::Body(self.kind)
    }

    fn byte(&mut self) -> Result<u8, Violation> {
        let (byte, rest) = self.rest.split_first().ok_or_else(|| self.wrong())?;
        self.rest = rest;
        Ok(*byte)
    }

    fn number(&mut self) -> Result<u16, Violation> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or_else(|| self.wrong())?;
        self.rest = rest;
        Ok(u16::from_be_bytes(*bytes))
    }

    /// [MQTT-2.3.1-1].
    fn id(&mut self) -> Result<PacketId, Violation> {
        PacketId::new(self.number()?).ok_or(Violation::ZeroId)
    }

    fn field(&mut self) -> Result<&'a [u8], Violation> {
        let length = usize::from(self.number()?);
        let (field, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.wrong())?;
        self.rest = rest;
        Ok(field)
    }

    /// [MQTT-1.5.3-1] and [MQTT-1.5.3-2].
    fn text(&mut self) -> Result<&'a str, Violation> {
        let text = str::from_utf8(self.field()?).map_err(|_| self.wrong())?;
        if text.contains('\0') { Err(self.wrong()) } else { Ok(text) }
    }
}

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};

    use super::*;
    use crate::adapter;

    const LIMIT: usize = 1_000;

    fn whole(bytes: &[u8]) -> Result<ClientPacket<'_>, Violation> {
        let (packet, size) = read(bytes, LIMIT)?.expect("a whole packet");
        assert_eq!(size, bytes.len());
        Ok(packet)
    }

    #[test]
    fn what_our_client_writes_is_read() {
        let (id, mut out) = (PacketId::new(7).unwrap(), BytesMut::new());
        let connect = adapter::Connect {
            client_id: "c",
            username: Some("7"),
            password: Some("pw"),
            clean_session: false,
            keep_alive_seconds: 60,
            will: None,
        };
        adapter::write_connect(&connect, &mut out).unwrap();
        let bytes = out.split();
        let Ok(ClientPacket::Connect(heard)) = whole(&bytes) else { panic!() };
        assert_eq!((heard.client_id, heard.username, heard.password), ("c", Some("7"), Some(&b"pw"[..])));
        assert_eq!((heard.clean_session, heard.keep_alive_seconds, heard.has_will), (false, 60, false));
        let payload = Bytes::from_static(b"hi");
        let message = adapter::Message {
            topic: "a/b",
            payload: &payload,
            qos: Qos::AtLeastOnce,
            id: Some(id),
            retain: true,
            dup: true,
        };
        adapter::write_publish(&message, &mut out).unwrap();
        let expected = ClientPacket::Publish {
            topic: "a/b",
            payload: b"hi",
            qos: Qos::AtLeastOnce,
            retain: true,
            dup: true,
            id: Some(id),
        };
        assert_eq!(whole(&out.split()), Ok(expected));
        adapter::write_subscribe(id, &[("a/#", Qos::AtLeastOnce), ("b", Qos::AtMostOnce)], &mut out).unwrap();
        let bytes = out.split();
        let Ok(ClientPacket::Subscribe(_, filters)) = whole(&bytes) else { panic!() };
        assert!(filters.eq([("a/#", Qos::AtLeastOnce), ("b", Qos::AtMostOnce)]));
        adapter::write_unsubscribe(id, "a/#", &mut out).unwrap();
        let bytes = out.split();
        let Ok(ClientPacket::Unsubscribe(_, mut filters)) = whole(&bytes) else { panic!() };
        assert_eq!(filters.next().map(|(filter, _)| filter), Some("a/#"));
        for ack in [Ack::Publish, Ack::Received, Ack::Release, Ack::Complete] {
            adapter::write_ack(ack, id, &mut out).unwrap();
            assert_eq!(whole(&out.split()), Ok(ClientPacket::Ack(ack, id)));
        }
        assert_eq!(whole(&[0xc0, 0]), Ok(ClientPacket::PingReq));
        assert_eq!(whole(&[0xe0, 0]), Ok(ClientPacket::Disconnect));
    }

    #[test]
    fn what_a_client_may_not_send_is_refused() {
        let table: [(&str, &[u8]); 24] = [
            ("type 0", &[0x00, 0]),
            ("type 15", &[0xf0, 0]),
            ("a server's CONNACK", &[0x20, 2, 0, 0]),
            ("QoS 3", &[0x36, 5, 0, 1, b'a', 0, 1]),
            ("DUP at QoS 0", &[0x38, 3, 0, 1, b'a']),
            ("flags of SUBSCRIBE", &[0x80, 6, 0, 1, 0, 1, b'a', 0]),
            ("a wildcard in a topic", &[0x30, 3, 0, 1, b'#']),
            ("an empty topic", &[0x30, 2, 0, 0]),
            ("NUL in a topic", &[0x30, 3, 0, 1, 0]),
            ("no UTF-8", &[0x30, 3, 0, 1, 0xff]),
            ("a surrogate", &[0x30, 5, 0, 3, 0xed, 0xa0, 0x80]),
            ("a topic longer than its packet", &[0x30, 3, 0, 9, b'a']),
            ("identifier 0", &[0x32, 5, 0, 1, b'a', 0, 0]),
            ("no filter", &[0x82, 2, 0, 1]),
            ("a filter without QoS", &[0x82, 5, 0, 1, 0, 1, b'a']),
            ("QoS 3 of a filter", &[0x82, 6, 0, 1, 0, 1, b'a', 3]),
            ("a wrong filter", &[0x82, 7, 0, 1, 0, 2, b'a', b'#', 0]),
            ("no filter to take back", &[0xa2, 2, 0, 1]),
            ("a PINGREQ with a body", &[0xc0, 1, 0]),
            ("another protocol", b"\x10\x0c\x00\x04MQTS\x04\x02\x00\x3c\x00\x00"),
            ("the reserved flag", b"\x10\x0c\x00\x04MQTT\x04\x03\x00\x3c\x00\x00"),
            ("will QoS without a will", b"\x10\x0c\x00\x04MQTT\x04\x0a\x00\x3c\x00\x00"),
            ("a password alone", b"\x10\x0f\x00\x04MQTT\x04\x42\x00\x3c\x00\x00\x00\x01p"),
            ("more than was announced", b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x3c\x00\x00x"),
        ];
        for (what, bytes) in table {
            assert!(read(bytes, LIMIT).is_err(), "{what}");
        }
    }

    #[test]
    fn other_levels_are_told_apart() {
        let level = |name: &str, level: u8| {
            let head = [&[0, u8::try_from(name.len()).unwrap()][..], name.as_bytes(), &[level]].concat();
            let body = [&head[..], &[0x02, 0, 60, 0, 1, b'c']].concat();
            let bytes = [&[0x10, u8::try_from(body.len()).unwrap()][..], &body].concat();
            let Ok(ClientPacket::Connect(connect)) = whole(&bytes) else { panic!("{name} {level}") };
            connect.protocol
        };
        assert_eq!([level("MQTT", 4), level("MQIsdp", 3)], [Protocol::Spoken; 2]);
        assert_eq!([level("MQTT", 5), level("MQTT", 3)], [Protocol::Other(5), Protocol::Other(3)]);
    }

    #[test]
    fn half_a_packet_waits_and_a_large_one_does_not() {
        let bytes = [0x32, 6, 0, 1, b'a', 0, 9, b'x'];
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut], LIMIT), Ok(None), "{cut}");
        }
        let large = Violation::TooLarge { size: 100_003, limit: LIMIT };
        assert_eq!(read(&[0x30, 0x9f, 0x8d, 0x06], LIMIT), Err(large));
        assert!(read(&[0x30, 0xff, 0xff, 0xff, 0xff, 1], LIMIT).is_err());
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn bytes_from_outside_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            _ = read(&bytes, 150);
        }

        #[test]
        fn a_bad_byte_in_a_good_packet_never_panics(at in 0_usize..25, to in proptest::prelude::any::<u8>()) {
            for good in [&b"\x10\x14\x00\x04MQTT\x04\xc2\x00\x78\x00\x01c\x00\x017\x00\x02pw"[..],
                         b"\x82\x08\x00\x06\x00\x03a/#\x01", b"\x3b\x09\x00\x03a/b\x00\x05hi"] {
                let mut bytes = good.to_vec();
                let at = at % bytes.len();
                bytes[at] = to;
                if let Ok(Some((ClientPacket::Subscribe(_, filters), _))) = read(&bytes, 150) {
                    filters.for_each(drop);
                }
            }
        }
    }
}
