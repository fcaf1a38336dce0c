//! What survives a restart of the program or the page.

use std::collections::BTreeMap;

use super::*;

/// The store of a test: does what the session says.
fn keep(session: &mut Session, store: &mut BTreeMap<u64, Bytes>) {
    while let Some(change) = session.poll_change() {
        match change {
            Change::Put { key, value } => _ = store.insert(key, value),
            Change::Delete { key } => _ = store.remove(&key),
        }
    }
}

fn kept() -> Options {
    Options { keep: true, ..Rig::to_stay() }
}

fn restarted(store: &BTreeMap<u64, Bytes>) -> Rig {
    let mut rig = Rig::new(kept());
    assert_eq!(rig.session.restore(store.clone()), 0);
    rig.session.start(rig.now);
    rig.open();
    rig
}

#[test]
fn messages_published_offline_survive_a_crash() {
    let (mut rig, mut store) = (Rig::new(kept()), BTreeMap::new());
    rig.publish("x");
    rig.publish("y");
    keep(&mut rig.session, &mut store);
    let mut rig = restarted(&store);
    rig.publish("z");
    rig.receive(CONNACK);
    let frames = [(b'x', 1), (b'y', 2), (b'z', 3)].map(|(payload, id)| publish_frame(payload, id, false));
    assert_eq!(rig.sent(), frames.concat());
    rig.receive(&[0x40, 2, 0, 1]);
    keep(&mut rig.session, &mut store);
    assert_eq!(store.len(), 2);
}

#[test]
fn an_exchange_of_qos_2_goes_on_after_a_crash_at_each_step() {
    let (mut rig, mut store) = (Rig::new(kept()), BTreeMap::new());
    rig.session.start(rig.now);
    rig.accept(CONNACK);
    rig.publish_as("x", Qos::ExactlyOnce);
    keep(&mut rig.session, &mut store);
    let mut rig = restarted(&store);
    rig.receive(RESUMED);
    assert_eq!(rig.sent(), [0x3c, 6, 0, 1, b't', 0, 1, b'x']);
    rig.publish("y");
    assert_eq!(rig.sent()[6], 2, "an identifier that the broker may know is not used again");
    rig.receive(&[0x50, 2, 0, 1]);
    keep(&mut rig.session, &mut store);
    let mut rig = restarted(&store);
    rig.receive(RESUMED);
    assert_eq!(rig.sent()[..4], [0x62, 2, 0, 1]);
}

#[test]
fn a_received_qos_2_message_is_not_delivered_again_after_a_crash() {
    let message = [0x34, 6, 0, 1, b't', 0, 9, b'x'];
    let (mut rig, mut store) = (Rig::new(kept()), BTreeMap::new());
    rig.session.start(rig.now);
    rig.accept(CONNACK);
    rig.receive(&message);
    keep(&mut rig.session, &mut store);
    assert!(store.is_empty(), "the application has not taken it");
    assert_eq!(rig.events().len(), 1);
    keep(&mut rig.session, &mut store);
    let mut rig = restarted(&store);
    rig.receive(RESUMED);
    rig.receive(&message);
    assert_eq!(rig.events(), [Event::Connected { session_present: true }]);
    rig.receive(&[0x62, 2, 0, 9]);
    keep(&mut rig.session, &mut store);
    assert!(store.is_empty());
}
