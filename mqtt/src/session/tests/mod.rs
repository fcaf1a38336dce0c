//! The session against a broker's bytes, with a clock moved by hand.

mod connecting;
mod keeping;
mod publishing;
mod receiving;
mod subscribing;

use super::*;
use crate::adapter::{ConnectRefusal, Violation, Will};
use crate::limits::LimitError;

const CONNACK: &[u8] = &[0x20, 2, 0, 0];
const RESUMED: &[u8] = &[0x20, 2, 1, 0];

struct Rig {
    session: Session,
    now: Millis,
    generation: u64,
    opens_seen: usize,
}

impl Rig {
    fn new(options: Options) -> Self {
        Self { session: Session::new(options, 7).unwrap(), now: 1_000, generation: 0, opens_seen: 0 }
    }

    fn connected() -> Self {
        let mut rig = Self::new(Options::new("c"));
        rig.session.start(rig.now);
        rig.accept(CONNACK);
        rig
    }

    /// A client whose session the broker is to keep.
    fn to_stay() -> Options {
        Options { clean_session: false, ..Options::new("c") }
    }

    fn connected_to_stay() -> Self {
        let mut rig = Self::new(Self::to_stay());
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
            Action::Open { generation, .. } => Some(generation),
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
        let actions: Vec<_> = std::iter::from_fn(|| self.session.poll_action()).collect();
        self.opens_seen += actions.iter().filter(|action| matches!(action, Action::Open { .. })).count();
        actions
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
        self.publish_as(payload, Qos::AtLeastOnce)
    }

    fn publish_as(&mut self, payload: &'static str, qos: Qos) -> Ticket {
        self.session.publish(self.now, Publish::new("t", payload, qos)).unwrap()
    }

    /// Lets time pass, waking the session whenever it wants, and returns what was sent meanwhile.
    fn sleep(&mut self, ms: Millis) -> Vec<u8> {
        let (until, mut sent) = (self.now + ms, Vec::new());
        while let Some(due) = self.session.next_deadline().filter(|due| *due <= until) {
            self.now = due.max(self.now);
            self.session.wake(self.now);
            sent.extend(self.sent());
        }
        self.now = until;
        sent
    }
}

/// What the message of [`Rig::publish`] looks like.
fn publish_frame(payload: u8, id: u8, dup: bool) -> Vec<u8> {
    vec![if dup { 0x3a } else { 0x32 }, 6, 0, 1, b't', 0, id, payload]
}
