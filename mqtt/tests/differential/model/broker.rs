//! A broker of one client, in memory: QoS 1 and 2 both ways, a kept session, and a close look at what
//! the client does on the wire.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::wire::{self, Said};

/// A number that names one message, and its QoS.
pub type Numbered = (u32, u8);

/// The broker.
#[derive(Debug, Default)]
pub struct Broker {
    /// Whether it delivers a QoS 2 message on PUBREL rather than on PUBLISH ("method A" of figure 4.3).
    late: bool,
    /// What it took from the client and would pass on, in order.
    pub taken: Vec<Numbered>,
    /// What it will never deliver because it lost its session. Says so, or a test would wait for it.
    pub dropped: BTreeSet<u32>,
    /// How often it lost a session.
    pub losses: usize,
    session: Option<Session>,
    link: Option<Link>,
    /// What it wants to say.
    pub out: Vec<u8>,
}

/// What outlives a connection.
#[derive(Debug, Default)]
struct Session {
    /// Whether the client has shown that it knows of this session. If not, CONNACK says "no session" once
    /// more: where a broker says "yes" to a client that never heard that the session before it is lost,
    /// MQTT 3.1.1 itself loses messages, and no client can do anything about it.
    known: bool,
    subscribed: bool,
    /// QoS 2 messages received and not released, with their payload.
    held: BTreeMap<u16, Numbered>,
    /// What was seen from the client, so that repetitions must say that they are some.
    seen: BTreeSet<u32>,
    queue: VecDeque<Numbered>,
    in_flight: VecDeque<(u16, Numbered, Phase)>,
    last_id: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Published,
    Released,
}

/// What does not.
#[derive(Debug, Default)]
struct Link {
    input: Vec<u8>,
    accepted: bool,
    clean: bool,
    /// Acknowledgements that the client owes, in order: PUBACKs and PUBRECs [MQTT-4.6.0-2, -3].
    owed: VecDeque<(u8, u16)>,
    /// PUBRECs sent, in order, for the PUBRELs must follow it [MQTT-4.6.0-4].
    received: VecDeque<u16>,
}

/// How many messages it sends before it waits for acknowledgements.
const WINDOW: usize = 8;

impl Broker {
    /// A broker that knows nobody.
    pub fn new(late: bool) -> Self {
        Self { late, ..Self::default() }
    }

    /// A client has opened a socket.
    pub fn opened(&mut self) {
        self.closed();
        self.link = Some(Link::default());
        self.out.clear();
    }

    /// The socket is gone.
    pub fn closed(&mut self) {
        if self.link.take().is_some_and(|link| link.accepted && link.clean) {
            self.forget();
        }
        self.out.clear();
    }

    /// Loses the session; only between connections.
    pub fn lose(&mut self) {
        assert!(self.link.is_none());
        if self.session.is_some() {
            self.losses += 1;
            self.forget();
        }
    }

    /// Another client publishes. Returns whether this client is to get it.
    pub fn publish(&mut self, message: Numbered) -> bool {
        let Some(session) = self.session.as_mut().filter(|session| session.subscribed) else { return false };
        session.queue.push_back(message);
        true
    }

    /// Whether the client has acknowledged everything.
    pub fn is_idle(&self) -> bool {
        self.session.as_ref().is_none_or(|session| session.queue.is_empty() && session.in_flight.is_empty())
    }

    /// Takes what arrived, however it was cut. Returns whether the client said goodbye.
    pub fn received(&mut self, bytes: &[u8]) -> bool {
        let link = self.link.as_mut().expect("bytes come over a link");
        link.input.extend_from_slice(bytes);
        let mut input = std::mem::take(&mut link.input);
        while let Some((first, body)) = wire::cut(&mut input).expect("the client frames well") {
            let said =
                wire::read(first, &body).unwrap_or_else(|rule| panic!("{rule}: {first:02x} {body:02x?}"));
            if said == Said::Disconnect {
                assert!(input.is_empty(), "[MQTT-3.14.4-2] {} bytes after DISCONNECT", input.len());
                return true;
            }
            self.take(said);
        }
        self.link.as_mut().expect("still there").input = input;
        self.send();
        false
    }

    fn forget(&mut self) {
        let Some(lost) = self.session.take() else { return };
        let unsent = lost.queue.iter().chain(lost.in_flight.iter().map(|(_, message, _)| message));
        self.dropped.extend(unsent.map(|(number, _)| *number));
    }

    fn take(&mut self, said: Said) {
        let link = self.link.as_mut().expect("bytes come over a link");
        if let Said::Connect(connect) = said {
            assert!(!link.accepted, "[MQTT-3.1.0-2] a second CONNECT");
            link.accepted = true;
            link.clean = connect.clean;
            if connect.clean || self.session.as_ref().is_some_and(|session| !session.known) {
                self.forget();
            }
            let present = self.session.is_some();
            self.session.get_or_insert_default();
            self.out.extend([0x20, 2, u8::from(present), 0]);
            self.resume();
            return;
        }
        assert!(link.accepted, "[MQTT-3.1.0-1] {said:?} before CONNECT");
        let session = self.session.as_mut().expect("there since CONNECT");
        session.known = true;
        match said {
            Said::Publish { dup, qos, topic, id, payload, .. } => {
                assert_eq!(topic, format!("up/{qos}"));
                let message = (u32::from_be_bytes(payload[..4].try_into().unwrap()), qos);
                let known = !session.seen.insert(message.0);
                assert!(dup || !known, "[MQTT-3.3.1-1] {message:?} again, under {id}, without DUP");
                match qos {
                    0 => self.taken.push(message),
                    1 => {
                        assert!(!session.held.contains_key(&id), "[MQTT-2.3.1-2] {id} is in use");
                        self.taken.push(message);
                        self.out.extend(wire::ack(4, id));
                    }
                    _ => {
                        let held = session.held.insert(id, message);
                        let same = held.is_none_or(|held| held == message);
                        assert!(same, "[MQTT-2.3.1-2] {id} is in use: {message:?}");
                        if held.is_none() && !self.late {
                            self.taken.push(message);
                        }
                        self.out.extend(wire::ack(5, id));
                        link.received.push_back(id);
                    }
                }
            }
            Said::Ack(6, id) => {
                if let Some(at) = link.received.iter().position(|of| *of == id) {
                    assert_eq!(at, 0, "[MQTT-4.6.0-4] PUBREL out of order");
                    link.received.pop_front();
                }
                if let Some(message) = session.held.remove(&id)
                    && self.late
                {
                    self.taken.push(message);
                }
                self.out.extend(wire::ack(7, id));
            }
            Said::Ack(kind @ (4 | 5), id) => {
                let owed = link.owed.iter().position(|owed| owed.0 == kind);
                let next = owed.and_then(|at| link.owed.remove(at));
                assert_eq!(
                    next,
                    Some((kind, id)),
                    "[MQTT-4.6.0-2], -3 acknowledged what, and in which order?"
                );
                let at = session.in_flight.iter().position(|(of, _, _)| *of == id).expect("it was sent");
                if kind == 4 {
                    session.in_flight.remove(at);
                } else {
                    session.in_flight[at].2 = Phase::Released;
                    self.out.extend(wire::ack(6, id));
                }
            }
            Said::Ack(_, id) => {
                let at = session
                    .in_flight
                    .iter()
                    .position(|(of, _, phase)| *of == id && *phase == Phase::Released);
                session.in_flight.remove(at.expect("PUBCOMP of what was released"));
            }
            Said::Subscribe(id, filters) => {
                session.subscribed = true;
                let granted: Vec<u8> = filters.iter().map(|(_, qos)| *qos).collect();
                self.out.extend(wire::suback(id, &granted));
            }
            Said::Unsubscribe(id, _) => self.out.extend(wire::ack(11, id)),
            Said::Ping => self.out.extend([0xd0, 0]),
            Said::Connect(_) | Said::Disconnect => unreachable!("seen above"),
        }
    }

    /// Sends again what is unacknowledged, in the old order [MQTT-4.4.0-1].
    fn resume(&mut self) {
        let (Some(session), Some(link)) = (&self.session, &mut self.link) else { return };
        for &(id, message, phase) in &session.in_flight {
            match phase {
                Phase::Published => {
                    self.out.extend(written(message, id, true));
                    link.owed.push_back((3 + message.1, id));
                }
                Phase::Released => self.out.extend(wire::ack(6, id)),
            }
        }
    }

    /// Sends what the window allows.
    pub fn send(&mut self) {
        let (Some(session), Some(link)) = (&mut self.session, &mut self.link) else { return };
        while link.accepted && session.in_flight.len() < WINDOW {
            let Some(message) = session.queue.pop_front() else { return };
            let in_use = |id: u16| id == 0 || session.in_flight.iter().any(|(of, _, _)| *of == id);
            loop {
                session.last_id = (session.last_id + 1) % 12;
                if !in_use(session.last_id) {
                    break;
                }
            }
            let id = session.last_id;
            self.out.extend(written(message, id, false));
            if message.1 > 0 {
                session.in_flight.push_back((id, message, Phase::Published));
                link.owed.push_back((3 + message.1, id));
            }
        }
    }
}

fn written((number, qos): Numbered, id: u16, dup: bool) -> Vec<u8> {
    let flags = qos << 1 | if dup { 8 } else { 0 };
    wire::publish(flags, format!("down/{qos}").as_bytes(), id, &number.to_be_bytes())
}
