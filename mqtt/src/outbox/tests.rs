//! The log by itself.

use super::*;
use crate::ids::PacketIds;

const BOUNDS: Bounds = Bounds { window: 2, count: 10, bytes: 1_000 };

fn message(payload: usize) -> Publish {
    Publish::new("t", payload.to_string(), Qos::AtLeastOnce)
}

fn outbox(count: usize) -> (Outbox, PacketIds) {
    let mut outbox = Outbox::new(BOUNDS, Keep::Progress);
    (0..count).for_each(|n| _ = outbox.push(message(n)).unwrap());
    (outbox, PacketIds::default())
}

fn id(value: u16) -> PacketId {
    PacketId::new(value).unwrap()
}

/// The payload digits in the order written, with a mark for DUP, and "r" with the identifier for PUBREL.
fn written(outbox: &mut Outbox, ids: &mut PacketIds) -> String {
    let mut words = Vec::new();
    loop {
        let mut frame = BytesMut::new();
        let Some(written) = outbox.write_next(ids, &mut frame) else { return words.join(" ") };
        words.push(match written {
            Written::Release => format!("r{}", frame[3]),
            _ if frame[0] & 8 != 0 => format!("d{}", char::from(frame[frame.len() - 1])),
            _ => char::from(frame[frame.len() - 1]).to_string(),
        });
    }
}

fn changes(outbox: &mut Outbox) -> Vec<Change> {
    std::iter::from_fn(|| outbox.poll_change()).collect()
}

#[test]
fn the_window_opens_with_each_acknowledgement() {
    let (mut outbox, mut ids) = outbox(4);
    assert_eq!(written(&mut outbox, &mut ids), "0 1");
    assert_eq!(written(&mut outbox, &mut ids), "");
    assert_eq!(outbox.answered(Ack::Publish, id(2)), Ok(Some(Ticket(2))));
    assert_eq!(outbox.answered(Ack::Publish, id(2)), Err(Violation::UnknownId(2)));
    assert_eq!(written(&mut outbox, &mut ids), "2");
    assert_eq!(outbox.len(), 3);
}

#[test]
fn a_replay_keeps_the_order_and_marks_repetitions() {
    let (mut outbox, mut ids) = outbox(3);
    written(&mut outbox, &mut ids);
    outbox.rewind(true);
    assert_eq!(written(&mut outbox, &mut ids), "d0 d1");
    outbox.rewind(false);
    assert_eq!(written(&mut outbox, &mut ids), "0 1");
}

#[test]
fn a_received_message_is_released_and_never_sent_again() {
    let mut outbox = Outbox::new(BOUNDS, Keep::Progress);
    let mut ids = PacketIds::default();
    outbox.push(Publish { qos: Qos::ExactlyOnce, ..message(0) }).unwrap();
    outbox.push(message(1)).unwrap();
    assert_eq!(written(&mut outbox, &mut ids), "0 1");
    assert_eq!(outbox.answered(Ack::Complete, id(1)), Err(Violation::UnknownId(1)), "before PUBREC");
    assert_eq!(outbox.answered(Ack::Received, id(1)), Ok(None));
    assert_eq!(outbox.answered(Ack::Received, id(2)), Err(Violation::UnknownId(2)), "for QoS 1");
    outbox.rewind(true);
    assert_eq!(written(&mut outbox, &mut ids), "r1 d1");
    assert_eq!(outbox.answered(Ack::Complete, id(1)), Ok(Some(Ticket(1))));
}

#[test]
fn a_full_queue_refuses_the_newest() {
    let (mut full, _) = outbox(10);
    assert_eq!(full.push(message(10)), Err(RequestError::QueueFull));
    let (mut empty, _) = outbox(0);
    let big = Publish::new("t", vec![0; 1_000], Qos::AtMostOnce);
    assert_eq!(empty.push(big), Err(RequestError::QueueFull));
}

#[test]
fn of_the_latest_only_class_one_message_a_topic_waits() {
    let (mut outbox, mut ids) = outbox(0);
    let state = |topic: &str, n: usize| Publish { topic: topic.into(), ..message(n).latest_only() };
    outbox.push(state("a", 1)).unwrap();
    outbox.push(state("b", 2)).unwrap();
    assert_eq!(outbox.push(state("a", 3)), Ok((Ticket(3), Some(Ticket(1)))));
    assert_eq!(outbox.push(message(4)), Ok((Ticket(4), None)));
    assert_eq!(written(&mut outbox, &mut ids), "2 3");
    assert_eq!(outbox.push(state("a", 5)), Ok((Ticket(5), None)), "what is sent can't be replaced");
    let other: Vec<_> = (0..100).map(|n| outbox.push(state("a", n)).unwrap().1).collect();
    assert!(other.iter().all(Option::is_some) && outbox.len() == 4);
}

#[test]
fn what_is_kept_brings_back_the_same_log() {
    let (mut first, mut ids) = outbox(0);
    first.push(Publish { qos: Qos::ExactlyOnce, ..message(0) }).unwrap();
    for n in 1..4 {
        first.push(Publish { retain: n == 2, latest_only: n == 3, ..message(n) }).unwrap();
    }
    first.push(Publish { qos: Qos::AtMostOnce, ..message(4) }).unwrap();
    written(&mut first, &mut ids);
    first.answered(Ack::Received, id(1)).unwrap();
    first.answered(Ack::Publish, id(2)).unwrap();
    let mut store = std::collections::HashMap::new();
    for change in changes(&mut first) {
        match change {
            Change::Put { key, value } => _ = store.insert(key, value),
            Change::Delete { key } => assert!(store.remove(&key).is_some(), "{key} was never kept"),
        }
    }
    let (mut second, _) = outbox(0);
    assert_eq!(second.restore(store.into_iter().chain([(77, "nonsense".into())])), 1);
    first.log.retain(|entry| entry.publish.qos != Qos::AtMostOnce);
    assert_eq!(second.log, first.log);
    assert_eq!((second.bytes, second.next_ticket), (first.bytes - 2, 5));
    assert_eq!(second.ids().collect::<Vec<_>>(), [id(1)]);
}

#[test]
fn a_clean_session_keeps_messages_and_no_progress() {
    let mut outbox = Outbox::new(BOUNDS, Keep::Messages);
    let mut ids = PacketIds::default();
    outbox.push(message(0)).unwrap();
    outbox.push(Publish { qos: Qos::AtMostOnce, ..message(1) }).unwrap();
    written(&mut outbox, &mut ids);
    assert_eq!(changes(&mut outbox).len(), 1);
    outbox.answered(Ack::Publish, id(1)).unwrap();
    assert_eq!(changes(&mut outbox), [Change::Delete { key: 1 }]);
}
