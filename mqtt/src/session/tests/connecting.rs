//! Connecting, staying alive, giving up.

use super::*;

#[test]
fn an_abandoned_socket_is_not_heard() {
    let mut rig = Rig::connected();
    let old = rig.generation;
    rig.drop_link();
    rig.accept(CONNACK);
    rig.session.received(rig.now, old, &publish_frame(b'x', 9, false));
    rig.session.closed(rig.now, old);
    assert!(rig.events().is_empty() && rig.session.is_connected());
}

#[test]
fn a_silent_broker_is_given_up_by_its_deadline() {
    let mut rig = Rig::connected();
    rig.now = rig.session.next_deadline().unwrap();
    rig.session.wake(rig.now);
    assert_eq!(rig.sent(), [0xc0, 0]);
    rig.now = rig.session.next_deadline().unwrap();
    rig.session.wake(rig.now);
    assert!(matches!(rig.events()[..], [Event::Disconnected { reason: Reason::KeepAlive, .. }]));
    assert!(matches!(rig.actions()[..], [Action::Close { .. }]), "the dead socket is dropped at once");
}

#[test]
fn half_an_hour_asleep_ends_in_a_probe_not_in_a_kill() {
    let mut rig = Rig::connected();
    rig.now += 1_800_000;
    rig.session.wake(rig.now);
    assert_eq!(rig.sent(), [0xc0, 0]);
    rig.receive(&[0xd0, 0]);
    assert!(rig.session.is_connected());
}

#[test]
fn connecting_has_one_deadline() {
    let mut rig = Rig::new(Options::new("c"));
    rig.session.start(rig.now);
    rig.open();
    rig.now += 10_000;
    rig.session.wake(rig.now);
    assert!(matches!(rig.events()[..], [Event::Disconnected { reason: Reason::ConnectTimeout, .. }]));
}

#[test]
fn a_clock_that_is_put_back_stops_neither_an_attempt_nor_the_next_one() {
    let mut rig = Rig::new(Options::new("c"));
    rig.now = 3_600_000;
    rig.session.start(rig.now);
    rig.open();
    // The timer fires after ten seconds by a clock that has lost an hour meanwhile.
    rig.now = 10_000;
    rig.session.wake(rig.now);
    assert!(matches!(rig.events()[..], [Event::Disconnected { reason: Reason::ConnectTimeout, .. }]));
    rig.now = rig.session.next_deadline().unwrap();
    rig.actions();
    rig.session.wake(rig.now);
    rig.accept(CONNACK);
    let mut rig = Rig::new(Options::new("c"));
    rig.now = 3_600_000;
    rig.session.start(rig.now);
    rig.accept(CONNACK);
    rig.session.closed(rig.now, rig.generation);
    rig.actions();
    rig.now = 10_000;
    rig.session.wake(rig.now);
    rig.accept(CONNACK);
}

#[test]
fn wrong_credentials_are_told_and_not_retried_fast() {
    let mut rig = Rig::new(Options::new("c"));
    rig.session.start(rig.now);
    rig.open();
    rig.receive(&[0x20, 2, 0, 4]);
    let [Event::Disconnected { reason, retry_at: Some(at) }] = rig.events()[..] else { panic!() };
    assert_eq!(reason, Reason::Refused(ConnectRefusal::BadCredentials));
    assert!(at >= rig.now + 4_000);
}

#[test]
fn a_packet_before_connack_breaks_the_protocol() {
    let mut rig = Rig::new(Options::new("c"));
    rig.session.start(rig.now);
    rig.open();
    rig.receive(&[0xd0, 0]);
    let reason = Reason::Protocol(Violation::OutOfOrder(13));
    assert!(matches!(rig.events()[..], [Event::Disconnected { reason: r, .. }] if r == reason));
}

#[test]
fn packets_and_messages_need_not_line_up() {
    let stream =
        [CONNACK, &publish_frame(b'x', 1, false), &publish_frame(b'y', 2, false), &[0xd0, 0]].concat();
    for size in 1..=stream.len() {
        let mut rig = Rig::new(Options::new("c"));
        rig.session.start(rig.now);
        rig.open();
        stream.chunks(size).for_each(|chunk| rig.receive(chunk));
        assert_eq!(rig.events().len(), 3, "cut every {size} bytes");
    }
}

#[test]
fn stopping_says_goodbye_and_stays_down() {
    let mut rig = Rig::connected();
    rig.session.stop(rig.now);
    let generation = rig.generation;
    let goodbye = Action::Send { generation, bytes: Bytes::from_static(&[0xe0, 0]) };
    assert_eq!(rig.actions(), [goodbye, Action::Close { generation }]);
    assert_eq!(rig.session.next_deadline(), None);
    rig.session.start(rig.now);
    rig.accept(CONNACK);
}

#[test]
fn a_probe_while_waiting_tries_at_once() {
    let mut rig = Rig::connected();
    rig.session.closed(rig.now, rig.generation);
    rig.actions();
    rig.session.probe(rig.now);
    rig.accept(CONNACK);
}

#[test]
fn an_unanswered_message_finds_a_dead_link_long_before_the_keep_alive() {
    let mut rig = Rig::connected();
    rig.publish("x");
    rig.sent();
    assert_eq!(rig.sleep(10_000), [0xc0, 0]);
    rig.sleep(5_000);
    assert!(matches!(rig.events()[..], [Event::Disconnected { reason: Reason::KeepAlive, .. }, ..]));
}

#[test]
fn a_page_frozen_for_half_an_hour_is_back_within_ten_seconds() {
    for seed in 0..200 {
        let mut rig = Rig::new(Options::new("c"));
        rig.session = Session::new(Options::new("c"), seed).unwrap();
        rig.session.start(rig.now);
        rig.accept(CONNACK);
        // The broker has long given up, and the socket will never say so.
        rig.now += 1_800_000;
        rig.session.probe(rig.now);
        rig.sleep(9_000);
        assert_eq!(rig.opens_seen, 2, "one connection before, one attempt after, by seed {seed}");
    }
}

#[test]
fn every_attempt_says_what_went_before() {
    let mut rig = Rig::new(Options::new("c"));
    rig.session.start(rig.now);
    let attempt = |rig: &mut Rig| match rig.actions()[..] {
        [Action::Open { generation, attempt }] => (generation, attempt),
        ref other => panic!("{other:?}"),
    };
    let (generation, first) = attempt(&mut rig);
    assert_eq!(first, Attempt { failures: 0, after: None });
    rig.session.no_endpoint(rig.now, generation);
    rig.actions();
    rig.now = rig.session.next_deadline().unwrap();
    rig.session.wake(rig.now);
    assert_eq!(attempt(&mut rig).1, Attempt { failures: 1, after: Some(Reason::NoEndpoint) });
}

#[test]
fn each_attempt_may_have_a_login_of_its_own() {
    let mut rig = Rig::connected();
    rig.session.closed(rig.now, rig.generation);
    rig.actions();
    rig.session.probe(rig.now);
    let Some(Action::Open { generation, .. }) = rig.session.poll_action() else { panic!() };
    let login = |name: &str| Login { username: Some(name.into()), password: Some("secret".into()) };
    rig.session.set_login(login("fresh")).unwrap();
    assert!(rig.session.set_login(login("\0")).is_err());
    rig.session.opened(rig.now, generation);
    let connect = rig.sent();
    assert!(connect.windows(5).any(|window| window == b"fresh"), "{connect:02x?}");
}

#[test]
fn three_kicks_in_a_row_say_that_another_device_uses_the_id() {
    let mut rig = Rig::connected();
    let mut reasons = Vec::new();
    for _ in 0..3 {
        rig.now += 300;
        rig.session.closed(rig.now, rig.generation);
        let Some(Event::Disconnected { reason, retry_at: Some(at) }) = rig.events().pop() else { panic!() };
        reasons.push(reason);
        if reason == Reason::TakenOver {
            assert!(at >= rig.now + 8_000, "no fast retry");
        }
        rig.now = at;
        rig.actions();
        rig.session.wake(at);
        rig.accept(CONNACK);
    }
    assert_eq!(reasons, [Reason::Closed, Reason::Closed, Reason::TakenOver]);
}

#[test]
fn the_will_is_on_every_connect() {
    let will = Will { topic: "gone".into(), payload: "x".into(), qos: Qos::AtLeastOnce, retain: false };
    let mut rig = Rig::new(Options { will: Some(will), ..Options::new("c") });
    rig.session.start(rig.now);
    for _ in 0..3 {
        let opened = rig.actions();
        let [.., Action::Open { generation, .. }] = opened[..] else { panic!("{opened:?}") };
        rig.session.opened(rig.now, generation);
        let connect = rig.sent();
        assert!(connect.windows(4).any(|window| window == b"gone"), "{connect:02x?}");
        rig.generation = generation;
        rig.receive(CONNACK);
        rig.session.closed(rig.now, generation);
        rig.now = rig.session.next_deadline().unwrap();
        rig.actions();
        rig.session.wake(rig.now);
    }
}
