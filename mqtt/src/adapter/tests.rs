//! Tests of the adapter: each defect of mqttbytes 0.6 that touches a client has its guard here.

use bytes::BytesMut;

use super::*;
use crate::ids::PacketId;

fn decode(bytes: &[u8]) -> Result<Option<Packet>, Violation> {
    let mut decoder = Decoder::new(1_000);
    decoder.push(bytes);
    decoder.next()
}

/// A message of QoS 0.
fn message<'a>(topic: &'a str, payload: &'a Bytes) -> Message<'a> {
    Message { topic, payload, qos: Qos::AtMostOnce, id: None, retain: false, dup: false }
}

fn id(value: u16) -> PacketId {
    PacketId::new(value).unwrap()
}

#[test]
fn broken_frames_are_violations() {
    use Violation::*;
    let table: [(&[u8], Violation); 24] = [
        (&[0x00], UnexpectedPacket(0)),
        (&[0xf0], UnexpectedPacket(15)),
        (&[0x10], UnexpectedPacket(1)),
        (&[0x30, 2, 0, 1], Body(3)),
        (&[0x51, 2, 0, 1], Flags(1)),
        (&[0x60, 2, 0, 1], Flags(0)),
        (&[0x70, 2, 0, 0], ZeroId),
        (&[0x82], UnexpectedPacket(8)),
        (&[0x4f, 2, 0, 1], Flags(15)),
        (&[0xd1, 0], Flags(1)),
        (&[0x36], Flags(6)),
        (&[0x38], Flags(8)),
        (&[0x20, 3, 0, 0, 0], Body(2)),
        (&[0x20, 2, 2, 0], Body(2)),
        (&[0x20, 2, 1, 5], Body(2)),
        (&[0x40, 3, 0, 1, 0], Body(4)),
        (&[0x40, 2, 0, 0], ZeroId),
        (&[0xd0, 1, 0], Body(13)),
        (&[0x40, 0x82, 0x00, 0, 1], RemainingLength),
        (&[0x30, 0xff, 0xff, 0xff, 0xff], RemainingLength),
        (&[0x30, 3, 0, 0, b'x'], Topic),
        (&[0x30, 4, 0, 1, b'#', b'x'], Topic),
        (&[0x32, 6, 0, 1, b'a', 0, 0, b'x'], ZeroId),
        (&[0x90, 3, 0, 1, 3], Body(9)),
    ];
    for (bytes, violation) in table {
        assert_eq!(decode(bytes), Err(violation), "{bytes:02x?}");
    }
}

#[test]
fn the_limit_holds_for_the_whole_frame_before_it_arrives() {
    let mut decoder = Decoder::new(100);
    decoder.push(&[0x30, 99]);
    assert_eq!(decoder.next(), Err(Violation::TooLarge { size: 101, limit: 100 }));
}

#[test]
fn a_refusal_by_aws_code_7_is_read() {
    let refused = Packet::ConnAck { session_present: false, refusal: Some(ConnectRefusal::NotAuthorized) };
    assert_eq!(decode(&[0x20, 2, 0, 7]), Ok(Some(refused)));
}

#[test]
fn packets_come_out_however_the_bytes_were_cut() {
    let stream = [0x20, 2, 0, 0, 0x32, 6, 0, 1, b'a', 0, 9, b'x', 0xd0, 0, 0x90, 4, 0, 3, 0, 0x80];
    let all = |sizes: usize| {
        let mut decoder = Decoder::new(1_000);
        let mut packets = Vec::new();
        for chunk in stream.chunks(sizes) {
            decoder.push(chunk);
            while let Some(packet) = decoder.next().unwrap() {
                packets.push(packet);
            }
        }
        packets
    };
    let whole = all(stream.len());
    assert_eq!(whole.len(), 4);
    assert_eq!(whole[3], Packet::SubAck(id(3), vec![Some(Qos::AtMostOnce), None]));
    for sizes in 1..stream.len() {
        assert_eq!(all(sizes), whole, "cut every {sizes} bytes");
    }
}

#[test]
fn a_kept_payload_does_not_keep_its_chunk() {
    let mut decoder = Decoder::new(1_000);
    decoder.push(&[&[0x30, 4, 0, 1, b'a', b'x'][..], &[0xd0, 0].repeat(400)].concat());
    let Ok(Some(Packet::Publish { payload, .. })) = decoder.next() else { panic!() };
    assert!(payload.is_unique());
}

#[test]
fn nothing_is_written_that_would_corrupt_the_stream() {
    let mut out = BytesMut::from(&b"before"[..]);
    let long = "x".repeat(65_536);
    let payload = Bytes::from_static(b"x");
    let connect = |client_id, username, password| Connect {
        client_id,
        username,
        password,
        clean_session: true,
        keep_alive_seconds: 60,
        will: None,
    };
    let errors = [
        write_publish(&message(&long, &payload), &mut out),
        write_publish(&message("a/#", &payload), &mut out),
        write_publish(&message("", &payload), &mut out),
        write_publish(&Message { dup: true, ..message("a", &payload) }, &mut out),
        write_publish(&Message { id: Some(id(1)), ..message("a", &payload) }, &mut out),
        write_publish(&Message { qos: Qos::ExactlyOnce, ..message("a", &payload) }, &mut out),
        write_subscribe(id(1), &[(&long, Qos::AtMostOnce)], &mut out),
        write_subscribe(id(1), &[], &mut out),
        write_unsubscribe(id(1), "a+", &mut out),
        write_connect(&connect(&long, None, None), &mut out),
        write_connect(&connect("c", Some("u"), Some(&long)), &mut out),
        write_connect(&connect("c", None, Some("p")), &mut out),
        write_connect(&connect("c", Some(""), Some("p")), &mut out),
        write_connect(&connect("c\0", None, None), &mut out),
        write_connect(&Connect { clean_session: false, ..connect("", None, None) }, &mut out),
    ];
    assert!(errors.iter().all(Result::is_err), "{errors:?}");
    assert_eq!(&out[..], b"before");
}

#[test]
fn packets_are_written_byte_for_byte() {
    let mut out = BytesMut::new();
    let connect = Connect {
        client_id: "c",
        username: Some("7"),
        password: Some("pw"),
        clean_session: true,
        keep_alive_seconds: 120,
        will: None,
    };
    write_connect(&connect, &mut out).unwrap();
    let payload = Bytes::from_static(b"hi");
    let again = Message {
        qos: Qos::AtLeastOnce,
        id: Some(id(5)),
        retain: true,
        dup: true,
        ..message("a/b", &payload)
    };
    write_publish(&again, &mut out).unwrap();
    write_subscribe(id(6), &[("a/#", Qos::AtLeastOnce)], &mut out).unwrap();
    write_unsubscribe(id(7), "a/#", &mut out).unwrap();
    for ack in [Ack::Publish, Ack::Received, Ack::Release, Ack::Complete] {
        write_ack(ack, id(8), &mut out).unwrap();
    }
    write_pingreq(&mut out).unwrap();
    write_disconnect(&mut out).unwrap();
    let expected = [
        &b"\x10\x14\x00\x04MQTT\x04\xc2\x00\x78\x00\x01c\x00\x017\x00\x02pw"[..],
        b"\x3b\x09\x00\x03a/b\x00\x05hi",
        b"\x82\x08\x00\x06\x00\x03a/#\x01",
        b"\xa2\x07\x00\x07\x00\x03a/#",
        b"\x40\x02\x00\x08\x50\x02\x00\x08\x62\x02\x00\x08\x70\x02\x00\x08",
        b"\xc0\x00",
        b"\xe0\x00",
    ]
    .concat();
    assert_eq!(&out[..], &expected[..]);
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn bytes_from_outside_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let mut decoder = Decoder::new(150);
        decoder.push(&bytes);
        while let Ok(Some(_)) = decoder.next() {}
    }

    #[test]
    fn a_bad_byte_in_a_good_stream_never_panics(at in 0_usize..20, to in proptest::prelude::any::<u8>()) {
        let mut stream = [0x20, 2, 0, 0, 0x32, 6, 0, 1, b'a', 0, 9, b'x', 0xd0, 0, 0x90, 4, 0, 3, 0, 0x80];
        stream[at] = to;
        let mut decoder = Decoder::new(150);
        decoder.push(&stream);
        while let Ok(Some(_)) = decoder.next() {}
    }
}
