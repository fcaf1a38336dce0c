//! Messages from the broker and their acknowledgements.

use super::*;

#[test]
fn a_message_is_delivered_and_acknowledged() {
    let mut rig = Rig::connected();
    rig.receive(&publish_frame(b'x', 9, false));
    let events = rig.events();
    let [Event::Message { topic, payload, qos: Qos::AtLeastOnce, retain: false, dup: false, .. }] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((topic.as_str(), &payload[..]), ("t", &b"x"[..]));
    assert_eq!(rig.sent(), [0x40, 2, 0, 9]);
}

/// A QoS 2 message.
fn exact(id: u8, dup: bool) -> [u8; 8] {
    [if dup { 0x3c } else { 0x34 }, 6, 0, 1, b't', 0, id, b'x']
}

fn receipts(events: &[Event]) -> Vec<Receipt> {
    let receipt = |event: &Event| match event {
        Event::Message { receipt, .. } => *receipt,
        _ => None,
    };
    events.iter().filter_map(receipt).collect()
}

fn by_hand() -> Rig {
    let options = Options { acknowledge: Acknowledge::WhenAccepted, inbox_count: 3, ..Rig::to_stay() };
    let mut rig = Rig::new(options);
    rig.session.start(rig.now);
    rig.accept(CONNACK);
    rig
}

#[test]
fn a_qos_2_message_is_delivered_once_however_often_it_comes() {
    let mut rig = Rig::connected_to_stay();
    rig.receive(&exact(9, false));
    assert_eq!((rig.events().len(), rig.sent()), (1, vec![0x50, 2, 0, 9]));
    rig.drop_link();
    rig.accept(RESUMED);
    rig.receive(&exact(9, true));
    assert_eq!((rig.events().len(), rig.sent()), (0, vec![0x50, 2, 0, 9]));
    rig.receive(&[0x62, 2, 0, 9]);
    assert_eq!(rig.sent(), [0x70, 2, 0, 9]);
    rig.receive(&exact(9, false));
    assert_eq!(rig.events().len(), 1, "released, the identifier means another message");
    rig.drop_link();
    rig.accept(CONNACK);
    rig.receive(&exact(9, true));
    assert_eq!(rig.events().len(), 1, "a lost session's identifiers mean nothing");
}

#[test]
fn a_release_of_nothing_is_completed() {
    let mut rig = Rig::connected();
    rig.receive(&[0x62, 2, 0, 9]);
    assert_eq!(rig.sent(), [0x70, 2, 0, 9]);
}

#[test]
fn acknowledgements_keep_the_order_of_the_messages() {
    let mut rig = by_hand();
    rig.receive(&publish_frame(b'x', 1, false));
    rig.receive(&exact(2, false));
    rig.receive(&publish_frame(b'y', 3, false));
    let [first, second, third] = receipts(&rig.events())[..] else { panic!() };
    for later in [third, second] {
        rig.session.accept(rig.now, later);
        assert_eq!(rig.sent(), []);
    }
    rig.session.accept(rig.now, first);
    assert_eq!(rig.sent(), [0x40, 2, 0, 1, 0x50, 2, 0, 2, 0x40, 2, 0, 3]);
}

#[test]
fn what_is_not_accepted_closes_the_tap() {
    let mut rig = by_hand();
    for id in 1..=3 {
        assert!(rig.session.wants_bytes());
        rig.receive(&publish_frame(b'x', id, false));
    }
    let receipts = receipts(&rig.events());
    assert!(!rig.session.wants_bytes());
    rig.session.accept(rig.now, receipts[0]);
    assert!(rig.session.wants_bytes());
}

#[test]
fn a_receipt_of_qos_2_outlives_the_connection_and_one_of_qos_1_does_not() {
    let mut rig = by_hand();
    rig.receive(&publish_frame(b'x', 1, false));
    rig.receive(&exact(2, false));
    let old = receipts(&rig.events());
    rig.drop_link();
    rig.accept(RESUMED);
    rig.receive(&publish_frame(b'x', 1, true));
    rig.receive(&exact(2, true));
    let [again] = receipts(&rig.events())[..] else { panic!("QoS 1 comes again, QoS 2 does not") };
    for receipt in old {
        rig.session.accept(rig.now, receipt);
    }
    assert_eq!(rig.sent(), [], "the first message was not accepted on this connection");
    rig.session.accept(rig.now, again);
    assert_eq!(rig.sent(), [0x40, 2, 0, 1, 0x50, 2, 0, 2]);
}
