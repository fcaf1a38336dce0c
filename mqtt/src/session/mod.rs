//! The session: one state machine for connecting, subscribing, publishing and staying alive.
//!
//! Driven by what happened (`opened`, `received`, `closed`, `wake`) and by what the application wants
//! (`start`, `publish`, `subscribe`, …), each with the time. It answers by actions and events, which the
//! driver drains after every call. Each attempt to connect has a generation: whatever an abandoned
//! socket still says is ignored.

mod event;
mod liveness;
mod subscriptions;

pub use event::{Action, Event, Options, Reason};

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::Millis;
use crate::adapter::{self, Connect, Decoder, EncodeError, Incoming, Qos, Violation};
use crate::backoff::Retry;
use crate::ids::PacketIds;
use crate::outbox::{Outbox, PublishError, Ticket};
use liveness::{Liveness, Pulse};
use subscriptions::{Answer, Subscriptions};

/// An MQTT 3.1.1 client session. See the crate's page for how to drive it.
#[derive(Debug)]
pub struct Session {
    options: Options,
    state: State,
    generation: u64,
    retry: Retry,
    decoder: Decoder,
    ids: PacketIds,
    outbox: Outbox,
    subscriptions: Subscriptions,
    /// Bytes of this turn: they leave together, as one WebSocket message.
    out: BytesMut,
    /// The time of the latest call: when the bytes of this turn leave.
    now: Millis,
    actions: VecDeque<Action>,
    events: VecDeque<Event>,
}

#[derive(Debug)]
enum State {
    /// Not wanted.
    Stopped,
    /// Wanted; the next attempt begins at `at`.
    Waiting { at: Millis },
    /// A socket is being opened, or CONNECT is out; both must be done by `deadline`.
    Connecting { deadline: Millis, connect_sent: bool },
    /// CONNACK has come.
    Connected { since: Millis, liveness: Liveness },
}

impl Session {
    /// A session that is not started. `seed` is any random number: it spreads the waits between attempts.
    ///
    /// # Errors
    /// [`EncodeError`] for a client id, a login or a will that can't be sent.
    pub fn new(options: Options, seed: u64) -> Result<Self, EncodeError> {
        adapter::write_connect(&connect(&options), &mut BytesMut::new())?;
        Ok(Self {
            state: State::Stopped,
            generation: 0,
            retry: Retry::new(options.backoff, seed),
            decoder: Decoder::new(options.max_packet),
            ids: PacketIds::default(),
            outbox: Outbox::new(usize::from(options.window), options.queue_count, options.queue_bytes),
            subscriptions: Subscriptions::default(),
            out: BytesMut::new(),
            now: 0,
            actions: VecDeque::new(),
            events: VecDeque::new(),
            options,
        })
    }

    /// Connects, and from now on stays connected or tries again for ever.
    pub fn start(&mut self, now: Millis) {
        self.now = now;
        if matches!(self.state, State::Stopped) {
            self.open(now);
        }
    }

    /// Says goodbye and stays down until [`Session::start`]. What is not acknowledged stays queued.
    pub fn stop(&mut self, now: Millis) {
        self.now = now;
        if matches!(self.state, State::Connected { .. }) {
            self.write(adapter::write_disconnect);
        }
        let was_up = !matches!(self.state, State::Stopped);
        self.abandon();
        self.state = State::Stopped;
        if was_up {
            self.events.push_back(Event::Disconnected { reason: Reason::Stopped, retry_at: None });
        }
    }

    /// Adds a filter to the declared set. It is subscribed now or when connected, and again whenever the
    /// broker lost the session; declaring it twice does nothing.
    ///
    /// # Errors
    /// [`EncodeError::Filter`] for a filter that can't be subscribed to.
    pub fn subscribe(&mut self, now: Millis, filter: &str, qos: Qos) -> Result<(), EncodeError> {
        self.now = now;
        self.subscriptions.declare(filter, qos)?;
        self.flush();
        Ok(())
    }

    /// Takes a filter out of the declared set.
    pub fn unsubscribe(&mut self, now: Millis, filter: &str) {
        self.now = now;
        if self.subscriptions.withdraw(filter)
            && matches!(self.state, State::Connected { .. })
            && let Some(id) = self.ids.take()
        {
            self.subscriptions.expect_unsuback(id);
            self.write(|out| adapter::write_unsubscribe(id, filter, out));
        }
    }

    /// Publishes now or when connected. A QoS 1 message is sent again on every new connection until it is
    /// acknowledged: [`Event::Acknowledged`] carries the ticket.
    ///
    /// # Errors
    /// [`PublishError`] for a message that can't be sent or a queue that is full.
    pub fn publish(
        &mut self,
        now: Millis,
        topic: &str,
        payload: impl Into<Bytes>,
        qos: Qos,
        retain: bool,
    ) -> Result<Ticket, PublishError> {
        self.now = now;
        let ticket = self.outbox.push(topic, payload.into(), qos, retain)?;
        self.flush();
        Ok(ticket)
    }

    /// Asks the broker for a sign of life with a short limit: for a page that woke up or came online.
    pub fn probe(&mut self, now: Millis) {
        self.now = now;
        match &mut self.state {
            State::Connected { liveness, .. } => {
                liveness.probe(now);
                self.write(adapter::write_pingreq);
            }
            State::Waiting { .. } => self.open(now),
            State::Stopped | State::Connecting { .. } => {}
        }
    }

    /// The socket of this generation is open.
    pub fn opened(&mut self, now: Millis, generation: u64) {
        self.now = now;
        if generation != self.generation {
            return;
        }
        if let State::Connecting { connect_sent, .. } = &mut self.state {
            *connect_sent = true;
            let written = adapter::write_connect(&connect(&self.options), &mut self.out);
            debug_assert!(written.is_ok(), "checked on construction: {written:?}");
        }
    }

    /// Bytes came in on the socket of this generation, cut in any way.
    pub fn received(&mut self, now: Millis, generation: u64, bytes: &[u8]) {
        self.now = now;
        if generation != self.generation || bytes.is_empty() {
            return;
        }
        if let State::Connected { liveness, .. } = &mut self.state {
            liveness.received(now);
        }
        self.decoder.push(bytes);
        while matches!(self.state, State::Connecting { .. } | State::Connected { .. }) {
            match self.decoder.next() {
                Ok(Some(packet)) => {
                    if let Err(violation) = self.handle(now, packet) {
                        self.fail(now, Reason::Protocol(violation));
                    }
                }
                Ok(None) => break,
                Err(violation) => self.fail(now, Reason::Protocol(violation)),
            }
        }
        self.flush();
    }

    /// The socket of this generation is gone, or could not be opened.
    pub fn closed(&mut self, now: Millis, generation: u64) {
        self.now = now;
        if generation == self.generation
            && matches!(self.state, State::Connecting { .. } | State::Connected { .. })
        {
            self.fail(now, Reason::Closed);
        }
    }

    /// Looks at the clock: to be called at [`Session::next_deadline`], late or early, and on any wake-up.
    pub fn wake(&mut self, now: Millis) {
        self.now = now;
        match &mut self.state {
            State::Stopped => {}
            State::Waiting { at } if now >= *at => self.open(now),
            State::Connecting { deadline, .. } if now >= *deadline => self.fail(now, Reason::ConnectTimeout),
            State::Waiting { .. } | State::Connecting { .. } => {}
            State::Connected { liveness, .. } => match liveness.check(now) {
                Pulse::Fine => {}
                Pulse::Ping => self.write(adapter::write_pingreq),
                Pulse::Dead => self.fail(now, Reason::KeepAlive),
            },
        }
    }

    /// What the driver is to do next. Bytes that gathered since the last call come as one piece.
    pub fn poll_action(&mut self) -> Option<Action> {
        if let Some(action) = self.actions.pop_front() {
            return Some(action);
        }
        if self.out.is_empty() {
            return None;
        }
        if let State::Connected { liveness, .. } = &mut self.state {
            liveness.sent(self.now);
        }
        Some(Action::Send { generation: self.generation, bytes: self.out.split().freeze() })
    }

    /// What the application is to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Session::wake`] is due.
    pub fn next_deadline(&self) -> Option<Millis> {
        match &self.state {
            State::Stopped => None,
            State::Waiting { at } => Some(*at),
            State::Connecting { deadline, .. } => Some(*deadline),
            State::Connected { liveness, .. } => liveness.next_deadline(),
        }
    }

    /// Whether the broker has accepted the connection.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected { .. })
    }

    /// How many messages are queued or not yet acknowledged.
    pub fn queued(&self) -> usize {
        self.outbox.len()
    }

    fn handle(&mut self, now: Millis, packet: Incoming) -> Result<(), Violation> {
        let out_of_order = Violation::OutOfOrder(packet.packet_type());
        match (&self.state, packet) {
            (
                State::Connecting { connect_sent: true, .. },
                Incoming::ConnAck { session_present, refusal: None },
            ) => {
                self.connected(now, session_present);
                Ok(())
            }
            (
                State::Connecting { connect_sent: true, .. },
                Incoming::ConnAck { refusal: Some(refusal), .. },
            ) => {
                self.fail(now, Reason::Refused(refusal));
                Ok(())
            }
            (State::Connected { .. }, packet) => self.handle_connected(packet, out_of_order),
            _ => Err(out_of_order),
        }
    }

    fn handle_connected(&mut self, packet: Incoming, out_of_order: Violation) -> Result<(), Violation> {
        match packet {
            Incoming::ConnAck { .. } => return Err(out_of_order),
            Incoming::Publish { topic, payload, retain, id } => {
                self.events.push_back(Event::Message { topic, payload, retain });
                if let Some(id) = id {
                    self.write(|out| adapter::write_puback(id, out));
                }
            }
            Incoming::PubAck(id) => {
                let ticket = self.outbox.acknowledge(id).ok_or_else(|| Violation::UnknownId(id.get()))?;
                self.ids.release(id);
                self.events.push_back(Event::Acknowledged { ticket });
            }
            Incoming::SubAck(id, granted) => match self.subscriptions.suback(id, &granted) {
                Answer::Unknown => return Err(Violation::UnknownId(id.get())),
                Answer::Refused(filters) => {
                    self.ids.release(id);
                    self.events.extend(filters.into_iter().map(|filter| Event::SubscribeFailed { filter }));
                }
            },
            Incoming::UnsubAck(id) => {
                if !self.subscriptions.unsuback(id) {
                    return Err(Violation::UnknownId(id.get()));
                }
                self.ids.release(id);
            }
            Incoming::PingResp => {}
        }
        Ok(())
    }

    fn connected(&mut self, now: Millis, session_present: bool) {
        // The one place where a session is taken up again or found lost.
        for id in self.subscriptions.reconnected(session_present) {
            self.ids.release(id);
        }
        if !session_present {
            self.ids.clear();
        }
        self.outbox.rewind(session_present);
        let keep_alive = u64::from(self.options.keep_alive_seconds) * 1_000;
        let liveness = Liveness::new(now, keep_alive, self.options.ping_timeout);
        self.state = State::Connected { since: now, liveness };
        self.events.push_back(Event::Connected { session_present });
        self.flush();
    }

    /// Writes what waits for a connection: subscriptions first, so that no answer to a publish is missed.
    fn flush(&mut self) {
        if !self.is_connected() {
            return;
        }
        while let Some(filters) = self.subscriptions.pending() {
            let Some(id) = self.ids.take() else { break };
            let batch: Vec<_> = filters.iter().map(|(filter, qos)| (filter.as_str(), *qos)).collect();
            self.write(|out| adapter::write_subscribe(id, &batch, out));
            self.subscriptions.sent(id, filters);
        }
        self.outbox.write(&mut self.ids, &mut self.out);
    }

    fn write(&mut self, packet: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>) {
        let written = packet(&mut self.out);
        debug_assert!(written.is_ok(), "only checked values get here: {written:?}");
    }

    fn open(&mut self, now: Millis) {
        self.generation += 1;
        self.decoder.clear();
        self.out.clear();
        self.state = State::Connecting { deadline: now + self.options.connect_timeout, connect_sent: false };
        self.actions.push_back(Action::Open { generation: self.generation });
    }

    /// Ends this connection and plans the next attempt.
    fn fail(&mut self, now: Millis, reason: Reason) {
        let lived = match self.state {
            State::Connected { since, .. } => now.saturating_sub(since),
            _ => 0,
        };
        let lasting = matches!(reason, Reason::Refused(refusal) if refusal.is_lasting());
        let at = now + self.retry.failed(lived, lasting);
        self.out.clear();
        self.abandon();
        self.state = State::Waiting { at };
        self.events.push_back(Event::Disconnected { reason, retry_at: Some(at) });
    }

    /// Drops the socket without waiting for it: a dead one may never say that it is closed.
    fn abandon(&mut self) {
        if matches!(self.state, State::Connecting { .. } | State::Connected { .. }) {
            let generation = self.generation;
            if !self.out.is_empty() {
                self.actions.push_back(Action::Send { generation, bytes: self.out.split().freeze() });
            }
            self.actions.push_back(Action::Close { generation });
        }
        self.generation += 1;
    }
}

fn connect(options: &Options) -> Connect<'_> {
    Connect {
        client_id: &options.client_id,
        username: options.username.as_deref(),
        password: options.password.as_deref(),
        clean_session: options.clean_session,
        keep_alive_seconds: options.keep_alive_seconds,
        will: options.will.as_ref(),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
