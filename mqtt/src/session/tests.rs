//! The session against a broker's bytes, with a clock moved by hand.

use super::*;
use crate::adapter::ConnectRefusal;

const CONNACK: &[u8] = &[0x20, 2, 0, 0];
const RESUMED: &[u8] = &[0x20, 2, 1, 0];

struct Rig {
    session: Session,
    now: Millis,
    generation: u64,
}

impl Rig {
    fn new(options: Options) -> Self {
        Self { session: Session::new(options, 7).unwrap(), now: 1_000, generation: 0 }
    }

    fn connected() -> Self {
        let mut rig = Self::new(Options::new("c"));
        rig.session.start(rig.now);
        rig.accept(CONNACK);
        rig
    }

    /// Plays a broker that accepts the attempt under way.
    fn accept(&mut self, connack: &[u8]) {
        self.open();
        self.receive(connack);
        assert!(matches!(self.events().last(), Some(Event::Connected { .. })));
    }

    fn open(&mut self) {
        let opened = self.actions().into_iter().find_map(|action| match action {
            Action::Open { generation } => Some(generation),
            _ => None,
        });
        self.generation = opened.expect("the session opens a socket");
        self.session.opened(self.now, self.generation);
        assert_eq!(self.sent()[0], 0x10, "CONNECT comes first");
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.session.received(self.now, self.generation, bytes);
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.session.poll_action()).collect()
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.session.poll_event()).collect()
    }

    fn sent(&mut self) -> Vec<u8> {
        let bytes = |action| match action {
            Action::Send { bytes, .. } => bytes.to_vec(),
            _ => Vec::new(),
        };
        self.actions().into_iter().flat_map(bytes).collect()
    }

    fn drop_link(&mut self) {
        self.session.closed(self.now, self.generation);
        self.actions();
        self.events();
        self.now = self.session.next_deadline().unwrap();
        self.session.wake(self.now);
    }

    fn publish(&mut self, payload: &'static str) -> Ticket {
        self.session.publish(self.now, "t", payload, Qos::AtLeastOnce, false).unwrap()
    }
}

fn publish_frame(payload: u8, id: u8, dup: bool) -> Vec<u8> {
    vec![if dup { 0x3a } else { 0x32 }, 6, 0, 1, b't', 0, id, payload]
}

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
    let mut rig = Rig::connected();
    rig.session.subscribe(rig.now, "a", Qos::AtMostOnce).unwrap();
    rig.publish("x");
    rig.receive(&[0x90, 3, 0, 1, 0]);
    rig.drop_link();
    rig.open();
    rig.receive(RESUMED);
    assert_eq!(rig.sent(), publish_frame(b'x', 2, true));
}

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
fn a_message_is_delivered_and_acknowledged() {
    let mut rig = Rig::connected();
    rig.receive(&publish_frame(b'x', 9, false));
    let message = Event::Message { topic: "t".into(), payload: Bytes::from_static(b"x"), retain: false };
    assert_eq!(rig.events(), [message]);
    assert_eq!(rig.sent(), [0x40, 2, 0, 9]);
}

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
fn an_acknowledgement_of_nothing_breaks_the_protocol() {
    let mut rig = Rig::connected();
    rig.receive(&[0x40, 2, 0, 77]);
    assert!(!rig.session.is_connected());
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
