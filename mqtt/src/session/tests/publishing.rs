//! Publishing, acknowledgements, replay.

use super::*;

#[test]
fn nothing_is_sent_before_connack() {
    let mut rig = Rig::new(Options::new("c"));
    rig.session.subscribe(rig.now, "a", Qos::AtMostOnce).unwrap();
    rig.publish("x");
    rig.session.start(rig.now);
    rig.open();
    assert_eq!(rig.sent(), []);
    rig.receive(CONNACK);
    let subscribe = [0x82, 6, 0, 1, 0, 1, b'a', 0].to_vec();
    assert_eq!(rig.sent(), [subscribe, publish_frame(b'x', 2, false)].concat());
}

#[test]
fn one_turn_leaves_as_one_message() {
    let mut rig = Rig::connected();
    rig.publish("x");
    rig.publish("y");
    assert_eq!(rig.actions().len(), 1);
}

#[test]
fn an_acknowledgement_frees_the_message() {
    let mut rig = Rig::connected();
    let ticket = rig.publish("x");
    assert_eq!(rig.session.queued(), 1);
    rig.receive(&[0x40, 2, 0, 1]);
    assert_eq!((rig.events(), rig.session.queued()), (vec![Event::Acknowledged { ticket }], 0));
}

#[test]
fn a_lost_session_is_subscribed_and_published_again_in_order() {
    let mut rig = Rig::connected();
    rig.session.subscribe(rig.now, "a", Qos::AtMostOnce).unwrap();
    rig.publish("x");
    rig.publish("y");
    rig.receive(&[0x90, 3, 0, 1, 0]);
    rig.receive(&[0x40, 2, 0, 2]);
    rig.drop_link();
    rig.publish("z");
    rig.open();
    rig.receive(CONNACK);
    let sent = rig.sent();
    assert_eq!(sent[0], 0x82, "subscribed again");
    let id = sent[3];
    let expected = [publish_frame(b'y', id + 1, false), publish_frame(b'z', id + 2, false)].concat();
    assert_eq!(sent[8..], expected);
}

#[test]
fn a_kept_session_is_not_subscribed_again_and_repeats_with_dup() {
    let mut rig = Rig::connected_to_stay();
    rig.session.subscribe(rig.now, "a", Qos::AtMostOnce).unwrap();
    rig.publish("x");
    rig.receive(&[0x90, 3, 0, 1, 0]);
    rig.drop_link();
    rig.open();
    rig.receive(RESUMED);
    assert_eq!(rig.sent(), publish_frame(b'x', 2, true));
}

#[test]
fn an_acknowledgement_of_nothing_breaks_the_protocol() {
    let mut rig = Rig::connected();
    rig.receive(&[0x40, 2, 0, 77]);
    assert!(!rig.session.is_connected());
}

#[test]
fn qos_2_is_sent_received_released_and_complete() {
    let mut rig = Rig::connected();
    let ticket = rig.publish_as("x", Qos::ExactlyOnce);
    assert_eq!(rig.sent(), [0x34, 6, 0, 1, b't', 0, 1, b'x']);
    rig.receive(&[0x50, 2, 0, 1]);
    assert_eq!((rig.sent(), rig.events()), (vec![0x62, 2, 0, 1], vec![]));
    rig.receive(&[0x70, 2, 0, 1]);
    assert_eq!((rig.events(), rig.session.queued()), (vec![Event::Acknowledged { ticket }], 0));
}

#[test]
fn a_released_message_is_released_again_after_a_cut() {
    let mut rig = Rig::connected_to_stay();
    rig.publish_as("x", Qos::ExactlyOnce);
    rig.receive(&[0x50, 2, 0, 1]);
    rig.drop_link();
    rig.open();
    rig.receive(RESUMED);
    assert_eq!(rig.sent(), [0x62, 2, 0, 1]);
}

#[test]
fn the_broker_is_freed_of_a_message_that_nobody_remembers() {
    let mut rig = Rig::connected();
    rig.receive(&[0x50, 2, 0, 9]);
    assert_eq!(rig.sent(), [0x62, 2, 0, 9]);
    rig.receive(&[0x70, 2, 0, 9]);
    assert!(rig.session.is_connected());
}

#[test]
fn an_unproven_link_stops_at_its_credit_and_goes_on_with_the_answer() {
    let mut rig = Rig::new(Options { unproven_bytes: 4_000, ..Options::new("c") });
    rig.session.start(rig.now);
    rig.accept(CONNACK);
    let payload: &'static str = "x".repeat(91).leak();
    (0..1_000).for_each(|_| _ = rig.publish_as(payload, Qos::AtMostOnce));
    let pings = |sent: &[u8]| sent.windows(2).filter(|pair| **pair == [0xc0, 0]).count();
    let sent = rig.sent();
    assert!((4_000..4_110).contains(&sent.len()), "{} bytes without an answer", sent.len());
    assert_eq!(pings(&sent), 3);
    rig.receive(&[0xd0, 0]);
    let next = rig.sent();
    assert!((900..1_200).contains(&next.len()), "{} bytes for one answer", next.len());
}

#[test]
fn a_backlog_drains_at_the_brokers_pace() {
    let mut rig = Rig::new(Options::aws_iot_core("c"));
    (0..300).for_each(|_| _ = rig.publish_as("x", Qos::AtMostOnce));
    rig.session.start(rig.now);
    rig.open();
    rig.receive(CONNACK);
    let frame = [0x30, 4, 0, 1, b't', b'x'];
    let count = |sent: &[u8]| sent.windows(6).filter(|window| **window == frame).count();
    assert_eq!(count(&rig.sent()), 10, "a burst at first");
    let seconds = [(); 3].map(|()| count(&rig.sleep(1_000)));
    assert!(seconds.iter().all(|sent| (89..=91).contains(sent)), "{seconds:?}");
    assert_eq!(rig.session.queued(), 290 - seconds.iter().sum::<usize>());
}

#[test]
fn only_the_newest_of_a_state_waits_for_the_link() {
    let mut rig = Rig::new(Options::new("c"));
    let state = |payload| Publish::new("t", payload, Qos::AtLeastOnce).latest_only();
    let old = rig.session.publish(rig.now, state("x")).unwrap();
    rig.session.publish(rig.now, state("y")).unwrap();
    assert_eq!(rig.events(), [Event::Superseded { ticket: old }]);
    rig.session.start(rig.now);
    rig.open();
    rig.receive(CONNACK);
    assert_eq!(rig.sent(), publish_frame(b'y', 1, false));
}

#[test]
fn what_the_broker_would_punish_is_refused_here() {
    let mut rig = Rig::new(Options::aws_iot_core("c"));
    let twice = rig.session.publish(rig.now, Publish::new("t", "x", Qos::ExactlyOnce));
    assert_eq!(twice, Err(RequestError::Limit(LimitError::Qos)));
    let deep = rig.session.subscribe(rig.now, "1/2/3/4/5/6/7/8/9", Qos::AtMostOnce);
    assert_eq!(deep, Err(RequestError::Limit(LimitError::Slashes { slashes: 8, limit: 7 })));
    for n in 0..50 {
        rig.session.subscribe(rig.now, &n.to_string(), Qos::AtMostOnce).unwrap();
    }
    let more = rig.session.subscribe(rig.now, "one more", Qos::AtMostOnce);
    assert_eq!(more, Err(RequestError::Limit(LimitError::Subscriptions { limit: 50 })));
    rig.session.subscribe(rig.now, "7", Qos::AtLeastOnce).expect("declaring one again is not one more");
    let will = Will { topic: "t".into(), payload: Bytes::new(), qos: Qos::ExactlyOnce, retain: false };
    let session = Session::new(Options { will: Some(will), ..Options::aws_iot_core("c") }, 1);
    assert_eq!(session.unwrap_err(), RequestError::Limit(LimitError::Qos));
}
