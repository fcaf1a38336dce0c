//! The other readers in Rust, and what each makes of bytes in words that can be compared.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use alleycat_mqtt::adapter::{Ack, Packet, Violation};
use alleycat_mqtt::{Bytes, PacketId, Qos};
use mqtt_protocol_core::mqtt::packet::{self as core, v3_1_1};

use crate::wire::{Connect, Said};

/// What a reader says of the next packet of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not all of it is here.
    Wait,
    /// It is this.
    Packet(Packet),
    /// It is something else: of a client, or with a field that our own type can't hold (what it says).
    Other(String),
    /// It is not one.
    Refused(Option<Violation>),
    /// The reader panicked.
    Panicked,
}

/// The first byte, body and rest of a stream that begins with a whole frame, in whatever form its length
/// is written.
pub fn frame(stream: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (mut length, mut at) = (0, 1);
    loop {
        let byte = *stream.get(at)?;
        length |= usize::from(byte & 127) << (7 * (at - 1));
        at += 1;
        if byte & 128 == 0 || at > 4 {
            break;
        }
    }
    let (whole, rest) = stream.split_at_checked(at + length)?;
    Some((whole[0], &whole[at..], rest))
}

/// All that a reader of single packets says of a stream, up to the first that is not a packet.
pub fn outcomes(mut stream: &[u8], read: impl Fn(&[u8]) -> Outcome) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    loop {
        outcomes.push(quietly(|| read(stream)));
        match (outcomes.last(), frame(stream)) {
            (Some(Outcome::Packet(_)), Some((_, _, rest))) => stream = rest,
            _ => return outcomes,
        }
    }
}

/// Runs another's reader, and takes a panic for an answer without printing it.
fn quietly(read: impl FnOnce() -> Outcome) -> Outcome {
    static HOOK: Once = Once::new();
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let outcome = catch_unwind(AssertUnwindSafe(read));
    QUIET.set(false);
    outcome.unwrap_or(Outcome::Panicked)
}

/// A packet with an identifier, if it is one that our own type can hold.
pub fn with_id(id: u16, packet: impl FnOnce(PacketId) -> Packet) -> Outcome {
    match PacketId::new(id) {
        Some(id) => Outcome::Packet(packet(id)),
        None => Outcome::Other("identifier 0".to_owned()),
    }
}

/// QoS by number.
pub fn qos(number: u8) -> Qos {
    [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce][usize::from(number)]
}

/// SUBACK's codes by number.
pub fn granted(code: u8) -> Option<Qos> {
    (code < 3).then(|| qos(code))
}

/// CONNACK by numbers, read by our own decoder from a frame that says just that.
pub fn connack(session_present: bool, code: u8) -> Outcome {
    let mut decoder = alleycat_mqtt::adapter::Decoder::new(4);
    decoder.push(&[0x20, 2, u8::from(session_present), code]);
    match decoder.next() {
        Ok(Some(packet)) => Outcome::Packet(packet),
        _ => Outcome::Other("CONNACK with a session and a refusal".to_owned()),
    }
}

/// What mqttrs says of the next packet.
pub fn mqttrs(stream: &[u8]) -> Outcome {
    use mqttrs::{Packet as Theirs, QosPid, SubscribeReturnCodes as Code};
    match mqttrs::decode_slice(stream) {
        Ok(None) => Outcome::Wait,
        Err(_) => Outcome::Refused(None),
        Ok(Some(theirs)) => match theirs {
            Theirs::Connack(ack) => connack(ack.session_present, ack.code as u8),
            Theirs::Publish(publish) => {
                let (qos, id) = match publish.qospid {
                    QosPid::AtMostOnce => (Qos::AtMostOnce, None),
                    QosPid::AtLeastOnce(id) => (Qos::AtLeastOnce, PacketId::new(id.get())),
                    QosPid::ExactlyOnce(id) => (Qos::ExactlyOnce, PacketId::new(id.get())),
                };
                let (retain, dup) = (publish.retain, publish.dup);
                let payload = Bytes::copy_from_slice(publish.payload);
                Outcome::Packet(Packet::Publish {
                    topic: publish.topic_name.to_owned(),
                    payload,
                    qos,
                    retain,
                    dup,
                    id,
                })
            }
            Theirs::Puback(id) => with_id(id.get(), |id| Packet::Ack(Ack::Publish, id)),
            Theirs::Pubrec(id) => with_id(id.get(), |id| Packet::Ack(Ack::Received, id)),
            Theirs::Pubrel(id) => with_id(id.get(), |id| Packet::Ack(Ack::Release, id)),
            Theirs::Pubcomp(id) => with_id(id.get(), |id| Packet::Ack(Ack::Complete, id)),
            Theirs::Suback(ack) => {
                let code = |code: &Code| match code {
                    Code::Success(level) => Some(qos(*level as u8)),
                    Code::Failure => None,
                };
                with_id(ack.pid.get(), |id| Packet::SubAck(id, ack.return_codes.iter().map(code).collect()))
            }
            Theirs::Unsuback(id) => with_id(id.get(), Packet::UnsubAck),
            Theirs::Pingresp => Outcome::Packet(Packet::PingResp),
            other => Outcome::Other(format!("{other:?}")),
        },
    }
}

/// What the readers of mqtt-protocol-core say of the next packet's body. They leave the first byte to the
/// connection around them, but for PUBLISH.
pub fn protocol_core(stream: &[u8]) -> Outcome {
    if let core::DecodeResult::Err(_) =
        core::VariableByteInteger::decode_stream(stream.get(1..).unwrap_or(&[]))
    {
        return Outcome::Refused(None);
    }
    let Some((first, body, _)) = frame(stream) else { return Outcome::Wait };
    core_body(first, body).unwrap_or(Outcome::Refused(None))
}

fn core_body(first: u8, body: &[u8]) -> Option<Outcome> {
    Some(match first >> 4 {
        2 => {
            let ack = v3_1_1::Connack::parse(body).ok()?.0;
            connack(ack.session_present(), ack.return_code() as u8)
        }
        3 => {
            let publish = v3_1_1::Publish::parse(first & 15, Arc::from(body)).ok()?.0;
            let id = publish.packet_id();
            if id == Some(0) {
                return Some(Outcome::Other("identifier 0".to_owned()));
            }
            Outcome::Packet(Packet::Publish {
                topic: publish.topic_name().to_owned(),
                payload: Bytes::copy_from_slice(publish.payload().as_slice()),
                qos: qos(publish.qos() as u8),
                retain: publish.retain(),
                dup: publish.dup(),
                id: id.and_then(PacketId::new),
            })
        }
        4 => with_id(v3_1_1::Puback::parse(body).ok()?.0.packet_id(), |id| Packet::Ack(Ack::Publish, id)),
        5 => with_id(v3_1_1::Pubrec::parse(body).ok()?.0.packet_id(), |id| Packet::Ack(Ack::Received, id)),
        6 => with_id(v3_1_1::Pubrel::parse(body).ok()?.0.packet_id(), |id| Packet::Ack(Ack::Release, id)),
        7 => with_id(v3_1_1::Pubcomp::parse(body).ok()?.0.packet_id(), |id| Packet::Ack(Ack::Complete, id)),
        9 => {
            let ack = v3_1_1::Suback::parse(body).ok()?.0;
            let codes = ack.return_codes();
            with_id(ack.packet_id(), |id| {
                Packet::SubAck(id, codes.iter().map(|code| granted(*code as u8)).collect())
            })
        }
        11 => with_id(v3_1_1::Unsuback::parse(body).ok()?.0.packet_id(), Packet::UnsubAck),
        13 => {
            v3_1_1::Pingresp::parse(body).ok()?;
            Outcome::Packet(Packet::PingResp)
        }
        kind => Outcome::Other(format!("type {kind}")),
    })
}

/// What mqttrs says of a packet of a client.
pub fn mqttrs_said(bytes: &[u8]) -> Option<Said> {
    use mqttrs::{Packet as Theirs, QosPid};
    Some(match mqttrs::decode_slice(bytes).ok()?? {
        Theirs::Connect(connect) => Said::Connect(Connect {
            client_id: connect.client_id.to_owned(),
            clean: connect.clean_session,
            keep_alive: connect.keep_alive,
            will: connect
                .last_will
                .map(|will| (will.topic.to_owned(), will.message.to_vec(), will.qos as u8, will.retain)),
            username: connect.username.map(str::to_owned),
            password: connect.password.map(<[u8]>::to_vec),
        }),
        Theirs::Publish(publish) => {
            let (qos, id) = match publish.qospid {
                QosPid::AtMostOnce => (0, 0),
                QosPid::AtLeastOnce(id) => (1, id.get()),
                QosPid::ExactlyOnce(id) => (2, id.get()),
            };
            let (dup, retain) = (publish.dup, publish.retain);
            Said::Publish {
                dup,
                qos,
                retain,
                topic: publish.topic_name.to_owned(),
                id,
                payload: publish.payload.to_vec(),
            }
        }
        Theirs::Puback(id) => Said::Ack(4, id.get()),
        Theirs::Pubrec(id) => Said::Ack(5, id.get()),
        Theirs::Pubrel(id) => Said::Ack(6, id.get()),
        Theirs::Pubcomp(id) => Said::Ack(7, id.get()),
        Theirs::Subscribe(subscribe) => {
            let filters = subscribe.topics.iter().map(|topic| (topic.topic_path.clone(), topic.qos as u8));
            Said::Subscribe(subscribe.pid.get(), filters.collect())
        }
        Theirs::Unsubscribe(unsubscribe) => Said::Unsubscribe(unsubscribe.pid.get(), unsubscribe.topics),
        Theirs::Pingreq => Said::Ping,
        Theirs::Disconnect => Said::Disconnect,
        _ => return None,
    })
}

/// What mqtt-protocol-core says of a packet of a client.
pub fn protocol_core_said(bytes: &[u8]) -> Option<Said> {
    let (first, body, _) = frame(bytes)?;
    Some(match first >> 4 {
        1 => {
            let connect = v3_1_1::Connect::parse(body).ok()?.0;
            let will = connect.will_topic().map(|topic| {
                let payload = connect.will_payload().unwrap_or_default().to_vec();
                (topic.to_owned(), payload, connect.will_qos() as u8, connect.will_retain())
            });
            Said::Connect(Connect {
                client_id: connect.client_id().to_owned(),
                clean: connect.clean_session(),
                keep_alive: connect.keep_alive(),
                will,
                username: connect.user_name().map(str::to_owned),
                password: connect.password().map(<[u8]>::to_vec),
            })
        }
        3 => {
            let publish = v3_1_1::Publish::parse(first & 15, Arc::from(body)).ok()?.0;
            Said::Publish {
                dup: publish.dup(),
                qos: publish.qos() as u8,
                retain: publish.retain(),
                topic: publish.topic_name().to_owned(),
                id: publish.packet_id().unwrap_or_default(),
                payload: publish.payload().as_slice().to_vec(),
            }
        }
        4 => Said::Ack(4, v3_1_1::Puback::parse(body).ok()?.0.packet_id()),
        5 => Said::Ack(5, v3_1_1::Pubrec::parse(body).ok()?.0.packet_id()),
        6 => Said::Ack(6, v3_1_1::Pubrel::parse(body).ok()?.0.packet_id()),
        7 => Said::Ack(7, v3_1_1::Pubcomp::parse(body).ok()?.0.packet_id()),
        8 => {
            let subscribe = v3_1_1::Subscribe::parse(body).ok()?.0;
            let filters = subscribe.entries().iter();
            let filters =
                filters.map(|entry| (entry.topic_filter().to_owned(), entry.sub_opts().qos() as u8));
            Said::Subscribe(subscribe.packet_id(), filters.collect())
        }
        10 => {
            let unsubscribe = v3_1_1::Unsubscribe::parse(body).ok()?.0;
            let filters = unsubscribe.entries().iter().map(|filter| filter.as_str().to_owned()).collect();
            Said::Unsubscribe(unsubscribe.packet_id(), filters)
        }
        12 => Said::Ping,
        14 => Said::Disconnect,
        _ => return None,
    })
}
