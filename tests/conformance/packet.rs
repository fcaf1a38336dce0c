//! Control packets as bytes: right ones, and the parts to make wrong ones of.

pub(crate) const PINGREQ: [u8; 2] = [0xc0, 0];
pub(crate) const PINGRESP: [u8; 2] = [0xd0, 0];
pub(crate) const DISCONNECT: [u8; 2] = [0xe0, 0];
/// The type of a PUBLISH.
pub(crate) const PUBLISH: u8 = 3;

/// A packet of this first byte.
pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut left = body.len();
    loop {
        let byte = u8::try_from(left & 0x7f).unwrap();
        left >>= 7;
        packet.push(if left > 0 { byte | 0x80 } else { byte });
        if left == 0 {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

/// A length of two bytes and the text, which need not be text.
pub(crate) fn text(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

/// CONNECT with a clean session, without a login.
pub(crate) fn connect(client_id: &str) -> Vec<u8> {
    connect_with(0x02, 60, &text(client_id.as_bytes()))
}

/// CONNECT for a session that is kept, without a login.
pub(crate) fn connect_kept(client_id: &str) -> Vec<u8> {
    connect_with(0, 60, &text(client_id.as_bytes()))
}

/// CONNECT of MQTT 3.1.1 with these flags and this payload.
pub(crate) fn connect_with(flags: u8, keep_alive: u16, payload: &[u8]) -> Vec<u8> {
    connect_as(b"MQTT", 4, flags, keep_alive, payload)
}

/// CONNECT of whatever protocol.
pub(crate) fn connect_as(name: &[u8], level: u8, flags: u8, keep_alive: u16, payload: &[u8]) -> Vec<u8> {
    packet(0x10, &[&text(name)[..], &[level, flags], &keep_alive.to_be_bytes(), payload].concat())
}

pub(crate) fn connack(present: u8, code: u8) -> Vec<u8> {
    vec![0x20, 2, present, code]
}

/// PUBLISH of this quality of service; `id` is left out at 0.
pub(crate) fn publish(qos: u8, id: u16, topic: &str, payload: &[u8]) -> Vec<u8> {
    publish_flagged(qos << 1, id, topic.as_bytes(), payload)
}

/// PUBLISH with these four flags.
pub(crate) fn publish_flagged(flags: u8, id: u16, topic: &[u8], payload: &[u8]) -> Vec<u8> {
    let id = if flags & 0x06 == 0 { vec![] } else { id.to_be_bytes().to_vec() };
    packet(0x30 | flags, &[text(topic), id, payload.to_vec()].concat())
}

/// SUBSCRIBE to filters, each with the byte that asks for a quality of service.
pub(crate) fn subscribe(id: u16, filters: &[(&[u8], u8)]) -> Vec<u8> {
    let filters = filters.iter().map(|(filter, qos)| [text(filter), vec![*qos]].concat());
    packet(0x82, &[id.to_be_bytes().to_vec(), filters.collect::<Vec<_>>().concat()].concat())
}

pub(crate) fn unsubscribe(id: u16, filters: &[&[u8]]) -> Vec<u8> {
    let filters = filters.iter().map(|filter| text(filter));
    packet(0xa2, &[id.to_be_bytes().to_vec(), filters.collect::<Vec<_>>().concat()].concat())
}

pub(crate) fn suback(id: u16, codes: &[u8]) -> Vec<u8> {
    packet(0x90, &[&id.to_be_bytes()[..], codes].concat())
}

/// PUBACK, PUBREC, PUBREL, PUBCOMP and UNSUBACK: nothing but an id.
pub(crate) fn id_only(first: u8, id: u16) -> Vec<u8> {
    packet(first, &id.to_be_bytes())
}

/// How long the packet at the start of the buffer is, if that can be told yet.
pub(crate) fn length(buffer: &[u8]) -> Option<usize> {
    let (mut length, mut at) = (0, 1);
    loop {
        let byte = *buffer.get(at)?;
        length |= usize::from(byte & 0x7f) << (7 * (at - 1));
        at += 1;
        if byte & 0x80 == 0 {
            return Some(at + length);
        }
    }
}

/// What follows the fixed header.
pub(crate) fn body(packet: &[u8]) -> &[u8] {
    let header = 2 + packet[1..].iter().take_while(|byte| **byte & 0x80 != 0).count();
    &packet[header..]
}
