//! Our codec against the readers of others: what is read, and what is written.

use alleycat_mqtt::adapter::{self, Ack, Decoder, Message, Packet};
use alleycat_mqtt::{Bytes, PacketId, Qos, Will};
use bytes::BytesMut;

use crate::choices::Choices;
use crate::compare::{CLASSES, Peer, compare, ours};
use crate::decoder_fuzz::LIMIT;
use crate::node::{self, Node};
use crate::wire::{self, Connect, Said};
use crate::{frames, peers, seed};

#[test]
fn two_crates_read_what_ours_reads_but_for_reasons_we_know() {
    let mut met = [0_u64; CLASSES.len()];
    seed::each(seed::count("ALLEYCAT_DIFFERENTIAL_SEEDS", 12), |seed| {
        for stream in streams(seed) {
            let said = ours(&stream, LIMIT);
            let mqttrs = peers::outcomes(&stream, peers::mqttrs);
            let core = peers::outcomes(&stream, peers::protocol_core);
            for (peer, theirs) in [(Peer::Mqttrs, mqttrs), (Peer::ProtocolCore, core)] {
                note(&mut met, compare(peer, &stream, &said, &theirs));
            }
        }
    });
    all_met(&met, &[Peer::Mqttrs, Peer::ProtocolCore]);
}

#[test]
fn mqtt_packet_of_npm_reads_what_ours_reads_but_for_reasons_we_know() {
    let Some(mut node) = Node::start() else { return };
    let mut met = [0_u64; CLASSES.len()];
    seed::each(seed::count("ALLEYCAT_DIFFERENTIAL_SEEDS", 12), |seed| {
        let streams = streams(seed);
        for (stream, answer) in streams.iter().zip(node.read(&streams)) {
            let theirs = node::outcomes(&answer);
            note(&mut met, compare(Peer::MqttPacket, stream, &ours(stream, LIMIT), &theirs));
        }
    });
    all_met(&met, &[Peer::MqttPacket]);
}

#[test]
fn what_ours_writes_all_others_read_as_it_was_meant() {
    let mut node = Node::start();
    seed::each(seed::count("ALLEYCAT_DIFFERENTIAL_SEEDS", 12).min(100), |seed| {
        let bytes = seed::bytes(seed, 16 * 1024);
        let mut choices = Choices::new(&bytes);
        let (mut meant, mut written) = (Vec::new(), Vec::new());
        while !choices.is_done() {
            let (said, frame) = written_packet(&mut choices);
            let (first, body, rest) = peers::frame(&frame).expect("a whole frame");
            assert!(rest.is_empty());
            assert_eq!(wire::read(first, body).as_ref(), Ok(&said), "by the standard");
            assert_eq!(peers::mqttrs_said(&frame).as_ref(), Some(&said), "mqttrs");
            assert_eq!(peers::protocol_core_said(&frame).as_ref(), Some(&said), "mqtt-protocol-core");
            if let Said::Publish { topic, payload, id, .. } = &said {
                let mut decoder = Decoder::new(usize::MAX);
                decoder.push(&frame);
                let Ok(Some(Packet::Publish { topic: t, payload: p, id: i, .. })) = decoder.next() else {
                    panic!("does not read its own {said:?}")
                };
                assert_eq!((&t, &p[..], i.map_or(0, PacketId::get)), (topic, &payload[..], *id));
            }
            meant.push(said);
            written.push(frame);
        }
        if let Some(node) = &mut node {
            for (said, answer) in meant.iter().zip(node.read(&written)) {
                assert_eq!(node::said(&answer).as_ref(), Some(said), "mqtt-packet: {answer}");
            }
        }
    });
}

fn streams(seed: u64) -> Vec<Vec<u8>> {
    let bytes = seed::bytes(seed, 64 * 1024);
    let mut choices = Choices::new(&bytes);
    let mut streams = Vec::new();
    while !choices.is_done() {
        streams.push(frames::stream(&mut choices));
    }
    streams.retain(|stream| !stream.is_empty());
    streams
}

fn note(met: &mut [u64], compared: Result<Option<usize>, String>) {
    match compared {
        Ok(class) => class.into_iter().for_each(|class| met[class] += 1),
        Err(unexplained) => panic!("{unexplained}"),
    }
}

fn all_met(met: &[u64], peers: &[Peer]) {
    for (class, met) in CLASSES.iter().zip(met) {
        let due = class.peers.iter().any(|peer| peers.contains(peer));
        assert!(!due || *met > 0, "no longer met, take it out: {}", class.why);
        if due {
            eprintln!("{met:7} {}", class.why);
        }
    }
}

/// Some packet as the session may write it, and what it is meant to say.
fn written_packet(choices: &mut Choices<'_>) -> (Said, Vec<u8>) {
    const NAMES: [&str; 6] = ["a", "a/b/c", "/", "$aws/x", "stra\u{df}e/\u{1f6b2}", "alleycat-publish"];
    const FILTERS: [&str; 5] = ["#", "a/+/c", "+", "a/#", "\u{1f6b2}/+"];
    let mut out = BytesMut::new();
    let id = choices.number().max(1);
    let ours = PacketId::new(id).expect("at least 1");
    let qos = choices.below(3);
    let level = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce][qos];
    let qos = u8::try_from(qos).expect("below 3");
    let size = if choices.one_in(6) { choices.below(40_000) } else { choices.below(200) };
    let payload = Bytes::from(vec![choices.byte(); size]);
    let topic = choices.pick(&NAMES);
    let said = match choices.below(8) {
        0 => {
            let will = choices.one_in(2).then(|| Will {
                topic: topic.to_owned(),
                payload: payload.clone(),
                qos: level,
                retain: choices.one_in(2),
            });
            let (username, password) = choices.pick(&[(None, None), (Some("u\u{df}"), Some("secret"))]);
            let connect = adapter::Connect {
                client_id: choices.pick(&["c", "rider-7", "\u{1f6b2}"]),
                username,
                password,
                clean_session: choices.one_in(2),
                keep_alive_seconds: id,
                will: will.as_ref(),
            };
            adapter::write_connect(&connect, &mut out).expect("can be sent");
            Said::Connect(Connect {
                client_id: connect.client_id.to_owned(),
                clean: connect.clean_session,
                keep_alive: id,
                will: will.map(|will| (will.topic, will.payload.to_vec(), qos, will.retain)),
                username: username.map(str::to_owned),
                password: password.map(|password| password.as_bytes().to_vec()),
            })
        }
        1..=3 => {
            let once = qos == 0;
            let (retain, dup) = (choices.one_in(2), !once && choices.one_in(2));
            let id = if once { 0 } else { id };
            let message =
                Message { topic, payload: &payload, qos: level, id: PacketId::new(id), retain, dup };
            adapter::write_publish(&message, &mut out).expect("can be sent");
            Said::Publish { dup, qos, retain, topic: topic.to_owned(), id, payload: payload.to_vec() }
        }
        4 => {
            let filters: Vec<_> = (0..=choices.below(8)).map(|_| (choices.pick(&FILTERS), level)).collect();
            adapter::write_subscribe(ours, &filters, &mut out).expect("can be sent");
            Said::Subscribe(id, filters.into_iter().map(|(filter, _)| (filter.to_owned(), qos)).collect())
        }
        5 => {
            let filter = choices.pick(&FILTERS);
            adapter::write_unsubscribe(ours, filter, &mut out).expect("can be sent");
            Said::Unsubscribe(id, vec![filter.to_owned()])
        }
        6 => {
            let acks = [(Ack::Publish, 4), (Ack::Received, 5), (Ack::Release, 6), (Ack::Complete, 7)];
            let (ack, kind) = choices.pick(&acks);
            adapter::write_ack(ack, ours, &mut out).expect("can be sent");
            Said::Ack(kind, id)
        }
        _ if choices.one_in(2) => {
            adapter::write_pingreq(&mut out).expect("can be sent");
            Said::Ping
        }
        _ => {
            adapter::write_disconnect(&mut out).expect("can be sent");
            Said::Disconnect
        }
    };
    (said, out.to_vec())
}
