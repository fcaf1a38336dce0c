//! What holds for the session whatever is done to it. Shared with the fuzz target of this name.

use std::collections::{BTreeMap, BTreeSet};

use alleycat_mqtt::adapter::{Ack, Decoder, Packet};
use alleycat_mqtt::{
    Acknowledge, Action, Bytes, Change, Event, Limits, Millis, Options, Publish, Qos, Receipt, Session,
    Ticket,
};

use crate::choices::Choices;
use crate::frames;
use crate::wire::{self, Said};

/// How often a run got to what is worth getting to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reached {
    /// Connections that the broker accepted.
    pub connected: usize,
    /// Messages acknowledged to the application.
    pub acknowledged: usize,
    /// Messages delivered to the application.
    pub delivered: usize,
    /// Starts from kept records.
    pub restarted: usize,
}

/// Does to a session what the bytes say.
///
/// # Panics
/// When one of the promises is broken; each is an assertion below.
pub fn run(bytes: &[u8]) -> Reached {
    let mut choices = Choices::new(bytes);
    let mut fuzz = Fuzz::new(&mut choices);
    while !choices.is_done() {
        fuzz.step(&mut choices);
        fuzz.drain(&mut choices);
        fuzz.wake_up(&mut choices);
    }
    fuzz.reached
}

struct Fuzz {
    options: Options,
    session: Session,
    now: Millis,
    store: BTreeMap<u64, Bytes>,
    generation: u64,
    receipts: Vec<Receipt>,
    /// Tickets that were given out and neither acknowledged nor replaced.
    open: BTreeSet<Ticket>,
    wire: Wire,
    reached: Reached,
}

/// The two directions of one connection, as an onlooker knows them.
struct Wire {
    heard: Option<Decoder>,
    said: Vec<u8>,
    /// Identifiers that the client uses, and with which type the broker is to answer.
    asked: BTreeMap<u16, u8>,
    /// What of QoS 1 and of QoS 2 the broker has sent, and how many PUBRELs, by identifier: each allows
    /// one answer.
    owed: BTreeMap<(u8, u16), usize>,
    connected: bool,
}

const QOS: [Qos; 3] = [Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce];
/// No call may leave more than this to be fetched; more is a loop without end.
const MOST: usize = 10_000;
const MAX_PACKET: usize = 500;

impl Fuzz {
    fn new(choices: &mut Choices<'_>) -> Self {
        let options = Options {
            clean_session: choices.one_in(2),
            keep: choices.one_in(2),
            keep_alive_seconds: choices.pick(&[0, 1, 30, 120]),
            window: u16::from(choices.byte() % 6),
            unproven_bytes: choices.pick(&[0, 50, 1_000, 65_536]),
            max_packet: MAX_PACKET,
            queue_count: choices.pick(&[3, 30]),
            queue_bytes: choices.pick(&[100, 10_000]),
            inbox_count: choices.pick(&[2, 20]),
            acknowledge: choices.pick(&[Acknowledge::WhenTaken, Acknowledge::WhenAccepted]),
            limits: choices.pick(&[Limits::MQTT, Limits::AWS_IOT_CORE]),
            ..Options::new("fuzz")
        };
        let session = Session::new(options.clone(), 1).expect("these options can be sent");
        Self {
            session,
            options,
            now: 1_000,
            store: BTreeMap::new(),
            generation: 0,
            receipts: Vec::new(),
            open: BTreeSet::new(),
            wire: Wire::new(),
            reached: Reached::default(),
        }
    }

    fn step(&mut self, choices: &mut Choices<'_>) {
        const TOPICS: [&str; 8] = ["a", "a/b", "$SYS/x", "", "a/+", "#", "a+", "1/2/3/4/5/6/7/8/9"];
        let (now, generation) = (self.now, self.generation);
        match choices.below(28) {
            0..=4 => {
                let (topic, qos) = (choices.pick(&TOPICS[..5]), choices.pick(&QOS));
                let size = choices.below(60);
                let payload = Bytes::copy_from_slice(choices.take(size));
                let publish = Publish {
                    retain: choices.one_in(4),
                    latest_only: choices.one_in(3),
                    ..Publish::new(topic, payload, qos)
                };
                if let Ok(ticket) = self.session.publish(now, publish)
                    && qos != Qos::AtMostOnce
                {
                    assert!(self.open.insert(ticket), "{ticket:?} names two messages");
                }
            }
            5 => _ = self.session.subscribe(now, choices.pick(&TOPICS), choices.pick(&QOS)),
            6 => self.session.unsubscribe(now, choices.pick(&TOPICS)),
            7 => self.session.start(now),
            8 if choices.one_in(3) => self.session.stop(now),
            9 => self.session.probe(now),
            10 | 11 => self.session.opened(now, generation),
            12 if choices.one_in(2) => self.session.closed(now, generation),
            13 if choices.one_in(2) => self.session.no_endpoint(now, generation),
            14..=21 => self.answer(choices),
            22 => {
                let frame = frames::frame(choices);
                self.receive(&frame);
            }
            23 if choices.one_in(6) => {
                let stream = frames::stream(choices);
                self.receive(&stream);
            }
            24 => {
                // A late word on a socket of the past, or of the future.
                let other = generation.wrapping_add_signed(choices.pick(&[-1, 1, 2]));
                self.session.received(now, other, &[0x20, 2, 0, 0]);
                self.session.closed(now, other);
                self.session.opened(now, other);
            }
            25 if !self.receipts.is_empty() => {
                let receipt = self.receipts.swap_remove(choices.below(self.receipts.len()));
                self.session.accept(now, receipt);
                self.session.accept(now, receipt);
            }
            26 if choices.one_in(6) => self.restart(),
            _ => self.now += choices.pick(&[1, 100, 5_000, 31_000, 3_600_000]),
        }
    }

    /// What the broker may say: CONNACK, the answer to something, or a message.
    fn answer(&mut self, choices: &mut Choices<'_>) {
        if !self.wire.connected {
            return self.receive(&[0x20, 2, u8::from(choices.one_in(2)), 0]);
        }
        let at = choices.below(self.wire.asked.len().max(1));
        match self.wire.asked.iter().nth(at) {
            Some((&id, &kind)) if !choices.one_in(3) => {
                // Now and then the answer to something else.
                match if choices.one_in(30) { choices.pick(&[4, 5, 7, 9, 11]) } else { kind } {
                    9 => self.receive(&wire::suback(id, choices.pick(&[&[0][..], &[0], &[0x80], &[1, 2]]))),
                    kind => self.receive(&wire::ack(kind, id)),
                }
            }
            _ => {
                let id = u16::from(choices.byte() % 6) + 1;
                if choices.one_in(3) {
                    self.receive(&wire::ack(6, id));
                } else {
                    let flags = choices.pick(&[0, 1, 2, 4, 10, 12]);
                    self.receive(&wire::publish(flags, b"a/b", id, b"x"));
                }
            }
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        if self.wire.heard.is_some() {
            self.wire.hear(bytes);
        }
        self.session.received(self.now, self.generation, bytes);
    }

    /// The program ends and starts again with what was kept.
    fn restart(&mut self) {
        let kept = Session::new(self.options.clone(), self.now).expect("as before");
        self.session = kept;
        assert_eq!(self.session.restore(self.store.clone()), 0, "does not understand its own records");
        let keys: BTreeSet<_> = self.store.keys().copied().collect();
        self.open.retain(|ticket| keys.contains(&ticket.0));
        self.receipts.clear();
        self.generation = 0;
        self.wire = Wire::new();
        self.session.start(self.now);
        self.reached.restarted += 1;
    }

    fn drain(&mut self, choices: &mut Choices<'_>) {
        for _ in 0..MOST {
            let Some(event) = self.session.poll_event() else { break };
            match event {
                Event::Acknowledged { ticket } => {
                    assert!(self.open.remove(&ticket), "{ticket:?} acknowledged twice, or never given out");
                    self.reached.acknowledged += 1;
                }
                Event::Superseded { ticket } => _ = self.open.remove(&ticket),
                Event::Message { receipt, .. } => {
                    self.receipts.extend(receipt);
                    self.reached.delivered += 1;
                }
                Event::Connected { .. } => {
                    self.wire.connected = true;
                    self.reached.connected += 1;
                }
                _ => {}
            }
        }
        assert_eq!(self.session.poll_event(), None, "events without end");
        for _ in 0..MOST {
            let Some(change) = self.session.poll_change() else { break };
            assert!(self.options.keep, "keeps what it was not asked to keep");
            match change {
                Change::Put { key, value } => _ = self.store.insert(key, value),
                Change::Delete { key } => _ = self.store.remove(&key),
            }
        }
        assert_eq!(self.session.poll_change(), None, "changes without end");
        for _ in 0..MOST {
            let Some(action) = self.session.poll_action() else { break };
            match action {
                Action::Open { generation, .. } => {
                    assert!(generation > self.generation, "a generation comes once");
                    self.generation = generation;
                    self.wire = Wire::new();
                    self.wire.heard = Some(Decoder::new(MAX_PACKET));
                    if !choices.one_in(4) {
                        self.session.opened(self.now, generation);
                    }
                }
                Action::Send { generation, bytes } => {
                    assert_eq!(generation, self.generation, "sent to another socket");
                    self.wire.say(&bytes);
                }
                Action::Close { generation } => {
                    assert_eq!(generation, self.generation, "closed another socket")
                }
            }
        }
        assert_eq!(self.session.poll_action(), None, "actions without end");
        assert!(self.session.queued() >= self.open.len(), "an unacknowledged message is gone");
    }

    /// Wakes the session whenever it is due; doing so has to make progress.
    fn wake_up(&mut self, choices: &mut Choices<'_>) {
        if choices.one_in(4) {
            return;
        }
        for _ in 0..50 {
            let Some(due) = self.session.next_deadline().filter(|due| *due <= self.now) else { return };
            self.session.wake(self.now.max(due));
            self.drain(choices);
        }
        panic!("next_deadline stays in the past, whatever is woken: {:?}", self.session);
    }
}

impl Wire {
    fn new() -> Self {
        Self {
            heard: None,
            said: Vec::new(),
            asked: BTreeMap::new(),
            owed: BTreeMap::new(),
            connected: false,
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        let Some(decoder) = &mut self.heard else { return };
        decoder.push(bytes);
        loop {
            match decoder.next() {
                Ok(Some(Packet::Publish { qos, id: Some(id), .. })) => {
                    let kind = if qos == Qos::AtLeastOnce { 4 } else { 5 };
                    *self.owed.entry((kind, id.get())).or_default() += 1;
                }
                Ok(Some(Packet::Ack(Ack::Release, id))) => *self.owed.entry((7, id.get())).or_default() += 1,
                Ok(Some(Packet::Ack(Ack::Received, id))) => *self.owed.entry((6, id.get())).or_default() += 1,
                Ok(Some(Packet::Ack(_, id) | Packet::SubAck(id, _) | Packet::UnsubAck(id))) => {
                    self.asked.remove(&id.get());
                }
                Ok(Some(_)) => {}
                Ok(None) => return,
                Err(_) => {
                    self.heard = None;
                    return;
                }
            }
        }
    }

    fn ask(&mut self, id: u16, answer: u8) {
        let other = self.asked.insert(id, answer);
        assert_eq!(other, None, "[MQTT-2.3.1-2] identifier {id} is in use");
    }

    fn say(&mut self, bytes: &[u8]) {
        self.said.extend_from_slice(bytes);
        while let Some((first, body)) = wire::cut(&mut self.said).expect("well framed") {
            let said =
                wire::read(first, &body).unwrap_or_else(|rule| panic!("{rule}: {first:02x} {body:02x?}"));
            assert!(matches!(said, Said::Connect(_)) || self.connected, "{said:?} before CONNACK");
            match said {
                Said::Publish { id, qos: 1, .. } => self.ask(id, 4),
                Said::Publish { id, qos: 2, .. } => self.ask(id, 5),
                Said::Subscribe(id, _) => self.ask(id, 9),
                Said::Unsubscribe(id, _) => self.ask(id, 11),
                Said::Ack(6, id) => {
                    // Owed after a PUBREC; on a new connection, for what was received on an old one.
                    if let Some(count) = self.owed.get_mut(&(6, id)).filter(|count| **count > 0) {
                        *count -= 1;
                        self.asked.insert(id, 7);
                    } else {
                        self.ask(id, 7);
                    }
                }
                Said::Ack(kind, id) => {
                    let owed = self.owed.entry((kind, id)).or_default();
                    assert!(*owed > 0, "acknowledged (type {kind}) {id}, which was not received");
                    *owed -= 1;
                }
                _ => {}
            }
        }
        assert!(self.said.is_empty(), "half a packet in one message");
    }
}
