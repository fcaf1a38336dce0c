//! The declared set of subscriptions.

use super::*;

#[test]
fn a_subscription_cut_off_before_its_answer_is_asked_for_again() {
    let mut rig = Rig::connected();
    rig.session.subscribe(rig.now, "a", Qos::AtMostOnce).unwrap();
    rig.drop_link();
    rig.open();
    rig.receive(RESUMED);
    assert_eq!(rig.sent()[0], 0x82);
}

#[test]
fn a_refused_subscription_is_told() {
    let mut rig = Rig::connected();
    rig.session.subscribe(rig.now, "a", Qos::AtMostOnce).unwrap();
    rig.session.subscribe(rig.now, "a", Qos::AtMostOnce).unwrap();
    assert_eq!(rig.sent().len(), 8, "declared twice, asked once");
    rig.receive(&[0x90, 3, 0, 1, 0x80]);
    assert_eq!(rig.events(), [Event::SubscribeFailed { filter: "a".into() }]);
}

#[test]
fn a_withdrawn_subscription_is_unsubscribed() {
    let mut rig = Rig::connected();
    rig.session.subscribe(rig.now, "a", Qos::AtMostOnce).unwrap();
    rig.sent();
    rig.session.unsubscribe(rig.now, "a");
    assert_eq!(rig.sent(), [0xa2, 5, 0, 2, 0, 1, b'a']);
    rig.receive(&[0xb0, 2, 0, 2]);
    assert!(rig.session.is_connected());
    rig.receive(&[0xb0, 2, 0, 2]);
    assert!(!rig.session.is_connected(), "a second answer breaks the protocol");
}

#[test]
fn the_granted_qos_is_told() {
    let mut rig = Rig::connected();
    rig.session.subscribe(rig.now, "a", Qos::ExactlyOnce).unwrap();
    rig.receive(&[0x90, 3, 0, 1, 1]);
    assert_eq!(rig.events(), [Event::Subscribed { filter: "a".into(), qos: Qos::AtLeastOnce }]);
}

#[test]
fn an_answer_to_an_earlier_question_grants_nothing() {
    let mut rig = Rig::connected_to_stay();
    // Declared again with another QoS, and withdrawn and declared again.
    for (filter, withdrawn, qos) in [("a", false, Qos::AtLeastOnce), ("b", true, Qos::AtMostOnce)] {
        rig.sent();
        rig.session.subscribe(rig.now, filter, Qos::AtMostOnce).unwrap();
        let id = rig.sent()[3];
        if withdrawn {
            rig.session.unsubscribe(rig.now, filter);
        }
        rig.session.subscribe(rig.now, filter, qos).unwrap();
        rig.receive(&[0x90, 3, 0, id, 0]);
    }
    rig.drop_link();
    rig.open();
    rig.receive(RESUMED);
    let sent = rig.sent();
    assert_eq!((sent[0], &sent[4..]), (0x82, &[0, 1, b'a', 1, 0, 1, b'b', 0][..]));
}

#[test]
fn a_filter_withdrawn_twice_is_gone_with_the_answer_to_the_second() {
    let mut rig = Rig::connected_to_stay();
    for _ in 0..2 {
        rig.session.subscribe(rig.now, "a", Qos::AtMostOnce).unwrap();
        rig.session.unsubscribe(rig.now, "a");
    }
    rig.receive(&[0x90, 3, 0, 1, 0]);
    rig.receive(&[0xb0, 2, 0, 2]);
    rig.drop_link();
    rig.open();
    rig.receive(RESUMED);
    let sent = rig.sent();
    assert_eq!((sent[0], &sent[4..]), (0xa2, &[0, 1, b'a'][..]));
}

#[test]
fn an_answer_too_many_breaks_the_protocol() {
    let mut rig = Rig::connected();
    rig.session.subscribe(rig.now, "a", Qos::AtMostOnce).unwrap();
    rig.receive(&[0x90, 4, 0, 1, 0, 0]);
    let reason = Reason::Protocol(Violation::AnswerCount { asked: 1, got: 2 });
    assert!(matches!(rig.events()[..], [Event::Disconnected { reason: r, .. }] if r == reason));
}

#[test]
fn a_filter_withdrawn_while_away_is_unsubscribed_from_a_kept_session() {
    let mut rig = Rig::connected_to_stay();
    for filter in ["a", "b"] {
        rig.session.subscribe(rig.now, filter, Qos::AtMostOnce).unwrap();
    }
    rig.receive(&[0x90, 3, 0, 1, 0]);
    rig.receive(&[0x90, 3, 0, 2, 0]);
    rig.drop_link();
    rig.session.unsubscribe(rig.now, "a");
    rig.open();
    rig.receive(RESUMED);
    let sent = rig.sent();
    assert_eq!((sent[0], &sent[4..]), (0xa2, &[0, 1, b'a'][..]));
}

#[test]
fn many_filters_go_in_packets_of_eight() {
    let mut rig = Rig::new(Options::new("c"));
    (0..20).for_each(|n| rig.session.subscribe(rig.now, &n.to_string(), Qos::AtMostOnce).unwrap());
    rig.session.start(rig.now);
    rig.open();
    rig.receive(CONNACK);
    let sent = rig.sent();
    let lengths: Vec<_> =
        sent.iter().enumerate().filter(|(_, byte)| **byte == 0x82).map(|(at, _)| at).collect();
    assert_eq!(lengths.len(), 3);
}

#[test]
fn a_lost_connack_puts_the_subscriptions_in_doubt() {
    let mut rig = Rig::connected_to_stay();
    rig.session.subscribe(rig.now, "a", Qos::AtMostOnce).unwrap();
    rig.receive(&[0x90, 3, 0, 1, 0]);
    rig.drop_link();
    // The broker restarts and says "no session" into a link that is cut: to the next CONNECT it says that
    // it knows the session, which is a new and empty one.
    rig.open();
    rig.drop_link();
    rig.open();
    rig.receive(RESUMED);
    assert_eq!(rig.sent()[0], 0x82);
}
