//! The session: one state machine for connecting, subscribing, publishing and staying alive.
//!
//! Driven by what happened (`opened`, `received`, `closed`, `wake`) and by what the application wants
//! (`start`, `publish`, `subscribe`, …), each with the time. It answers by events, changes and actions,
//! which the driver drains in this order after every call: taking an event may cause an action, and what
//! is to survive is kept before it is sent. Each attempt to connect has a generation: whatever an
//! abandoned socket still says is ignored.

mod event;
mod inbox;
mod incoming;
mod liveness;
mod subscriptions;

pub use event::{Acknowledge, Action, Attempt, Event, Login, Options, Reason};
pub use inbox::Receipt;

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::Millis;
use crate::adapter::{self, Connect, Decoder, EncodeError, Qos};
use crate::backoff::Retry;
use crate::filter::valid_filter;
use crate::flow::{Credit, Pace};
use crate::ids::PacketIds;
use crate::keep::Change;
use crate::outbox::{Bounds, Keep, Outbox, Written};
use crate::publish::{Publish, RequestError, Ticket};
use inbox::Inbox;
use liveness::{Liveness, Patience, Pulse};
use subscriptions::Subscriptions;

/// An MQTT 3.1.1 client session. See the crate's page for how to drive it.
#[derive(Debug)]
pub struct Session {
    options: Options,
    /// Who connects next.
    login: Login,
    state: State,
    generation: u64,
    retry: Retry,
    /// Why the last connection ended.
    last: Option<Reason>,
    decoder: Decoder,
    ids: PacketIds,
    outbox: Outbox,
    inbox: Inbox,
    subscriptions: Subscriptions,
    pace: Pace,
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
    Connected { since: Millis, liveness: Liveness, credit: Credit },
}

impl Session {
    /// A session that is not started. `seed` is any random number: it spreads the waits between attempts.
    ///
    /// # Errors
    /// [`RequestError`] for a client id, a login or a will that can't be sent or that the limits forbid.
    pub fn new(options: Options, seed: u64) -> Result<Self, RequestError> {
        let limits = options.limits;
        limits.check_client_id(&options.client_id)?;
        if let Some(will) = &options.will {
            limits.check_qos(will.qos)?;
            limits.check_name(&will.topic)?;
            limits.check_payload(will.payload.len())?;
        }
        adapter::write_connect(&connect(&options, &options.login), &mut BytesMut::new())?;
        let bounds = Bounds {
            window: usize::from(options.window.min(limits.window)),
            count: options.queue_count,
            bytes: options.queue_bytes,
        };
        let keep = match (options.keep, options.clean_session) {
            (false, _) => Keep::Nothing,
            (true, true) => Keep::Messages,
            (true, false) => Keep::Progress,
        };
        Ok(Self {
            login: options.login.clone(),
            state: State::Stopped,
            generation: 0,
            retry: Retry::new(options.backoff, seed),
            last: None,
            decoder: Decoder::new(options.max_packet),
            ids: PacketIds::default(),
            outbox: Outbox::new(bounds, keep),
            inbox: Inbox::new(keep == Keep::Progress),
            subscriptions: Subscriptions::default(),
            pace: Pace::new(limits.publishes_per_second),
            out: BytesMut::new(),
            now: 0,
            actions: VecDeque::new(),
            events: VecDeque::new(),
            options,
        })
    }

    /// Takes up what [`Session::poll_change`] had kept by an earlier run, before the start. Returns how
    /// many records make no sense; they are dropped.
    pub fn restore(&mut self, records: impl IntoIterator<Item = (u64, Bytes)>) -> usize {
        let inbox = &mut self.inbox;
        let nonsense = self.outbox.restore(records.into_iter().filter(|(key, _)| !inbox.restore(*key)));
        self.outbox.ids().for_each(|id| self.ids.reserve(id));
        nonsense
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
    /// [`RequestError`] for a filter that can't be subscribed to or that the limits forbid.
    pub fn subscribe(&mut self, now: Millis, filter: &str, qos: Qos) -> Result<(), RequestError> {
        self.now = now;
        if !valid_filter(filter) {
            return Err(EncodeError::Filter.into());
        }
        let limits = self.options.limits;
        limits.check_qos(qos)?;
        limits.check_name(filter)?;
        limits.check_subscriptions(self.subscriptions.count_with(filter))?;
        self.subscriptions.declare(filter, qos);
        self.flush();
        Ok(())
    }

    /// Takes a filter out of the declared set.
    pub fn unsubscribe(&mut self, now: Millis, filter: &str) {
        self.now = now;
        self.subscriptions.withdraw(filter);
        self.flush();
    }

    /// Publishes now or when connected, in the order of the calls. A QoS 1 or 2 message is sent again on
    /// every new connection until it is acknowledged: [`Event::Acknowledged`] carries the ticket. A QoS 0
    /// message is done with when it is sent.
    ///
    /// # Errors
    /// [`RequestError`] for a message that can't be sent or that the limits forbid, and when the queue is
    /// full.
    pub fn publish(&mut self, now: Millis, publish: Publish) -> Result<Ticket, RequestError> {
        self.now = now;
        let limits = self.options.limits;
        limits.check_qos(publish.qos)?;
        limits.check_name(&publish.topic)?;
        limits.check_payload(publish.payload.len())?;
        let (ticket, replaced) = self.outbox.push(publish)?;
        self.events.extend(replaced.map(|ticket| Event::Superseded { ticket }));
        self.flush();
        Ok(ticket)
    }

    /// The application has taken a message over: it may be acknowledged. Only needed with
    /// [`Acknowledge::WhenAccepted`].
    pub fn accept(&mut self, now: Millis, receipt: Receipt) {
        self.now = now;
        self.inbox.accept(receipt);
        self.acknowledge();
    }

    /// Asks the broker for a sign of life with a short limit: for a page that woke up or came online.
    pub fn probe(&mut self, now: Millis) {
        self.now = now;
        match &mut self.state {
            State::Connected { liveness, .. } => {
                liveness.probe(now);
                self.ping();
            }
            State::Waiting { .. } => self.open(now),
            State::Stopped | State::Connecting { .. } => {}
        }
    }

    /// Says who connects, from the next CONNECT on.
    ///
    /// # Errors
    /// [`RequestError::Encode`] for a login that can't be sent; the one before stays.
    pub fn set_login(&mut self, login: Login) -> Result<(), RequestError> {
        adapter::write_connect(&connect(&self.options, &login), &mut BytesMut::new())?;
        self.login = login;
        Ok(())
    }

    /// The socket of this generation is open.
    pub fn opened(&mut self, now: Millis, generation: u64) {
        self.now = now;
        if generation != self.generation {
            return;
        }
        if let State::Connecting { connect_sent, .. } = &mut self.state {
            *connect_sent = true;
            let written = adapter::write_connect(&connect(&self.options, &self.login), &mut self.out);
            debug_assert!(written.is_ok(), "checked when it was set: {written:?}");
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
        self.ended(now, generation, Reason::Closed);
    }

    /// There is nothing to open for this generation: no address, or no credentials.
    pub fn no_endpoint(&mut self, now: Millis, generation: u64) {
        self.ended(now, generation, Reason::NoEndpoint);
    }

    /// Looks at the clock: to be called at [`Session::next_deadline`], late or early, and on any wake-up.
    pub fn wake(&mut self, now: Millis) {
        self.now = now;
        let Options { backoff, connect_timeout, .. } = self.options;
        // What lies further ahead than it was ever set is due too: the clock was put back.
        let due = |at: Millis, longest: Millis| now >= at || at > now.saturating_add(longest);
        match &mut self.state {
            State::Stopped => {}
            State::Waiting { at } if due(*at, backoff.cap) => self.open(now),
            State::Connecting { deadline, .. } if due(*deadline, connect_timeout) => {
                self.fail(now, Reason::ConnectTimeout);
            }
            State::Waiting { .. } | State::Connecting { .. } => {}
            State::Connected { liveness, .. } => match liveness.check(now) {
                Pulse::Fine => {}
                Pulse::Ping => self.ping(),
                // Nothing is heard because nothing is read: the application has enough to do.
                Pulse::Dead if !self.wants_bytes() => self.probe(now),
                Pulse::Dead => self.fail(now, Reason::KeepAlive),
            },
        }
        self.flush();
    }

    /// What the application is to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        if let Event::Message { receipt: Some(receipt), .. } = &event
            && self.options.acknowledge == Acknowledge::WhenTaken
        {
            self.inbox.accept(*receipt);
            self.acknowledge();
        }
        Some(event)
    }

    /// What is to be kept for the next start, if [`Options::keep`] says so.
    pub fn poll_change(&mut self) -> Option<Change> {
        self.outbox.poll_change().or_else(|| self.inbox.poll_change())
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

    /// When [`Session::wake`] is due.
    pub fn next_deadline(&self) -> Option<Millis> {
        match &self.state {
            State::Stopped => None,
            State::Waiting { at } => Some(*at),
            State::Connecting { deadline, .. } => Some(*deadline),
            State::Connected { liveness, credit, .. } => {
                let paced = (self.outbox.has_next() && credit.is_left()).then(|| self.pace.next()).flatten();
                liveness.next_deadline().into_iter().chain(paced).min()
            }
        }
    }

    /// Whether to read on. A driver that can stop reading does so while this says no: the application has
    /// more messages to work on than [`Options::inbox_count`].
    pub fn wants_bytes(&self) -> bool {
        self.events.len().max(self.inbox.waiting()) < self.options.inbox_count
    }

    /// Whether the attempt of this generation still waits for its socket.
    pub fn is_opening(&self, generation: u64) -> bool {
        generation == self.generation && matches!(self.state, State::Connecting { connect_sent: false, .. })
    }

    /// Whether the broker has accepted the connection.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::Connected { .. })
    }

    /// How many messages are queued or not yet acknowledged.
    pub fn queued(&self) -> usize {
        self.outbox.len()
    }

    /// The youngest message that was written to a socket and waits for its acknowledgement, as those before it
    /// do. What is younger has not left.
    pub fn sent(&self) -> Option<Ticket> {
        self.outbox.sent()
    }

    /// Writes what waits for a connection: subscriptions first, so that no answer to a publish is missed.
    fn flush(&mut self) {
        if !self.is_connected() {
            return;
        }
        while let Some(filter) = self.subscriptions.to_leave() {
            let Some(id) = self.ids.take() else { break };
            self.write(|out| adapter::write_unsubscribe(id, &filter, out));
            self.subscriptions.left(id, &filter);
            self.ask();
        }
        while let Some(filters) = self.subscriptions.to_enter(self.options.limits.filters_per_subscribe) {
            let Some(id) = self.ids.take() else { break };
            let batch: Vec<_> = filters.iter().map(|(filter, qos)| (filter.as_str(), *qos)).collect();
            self.write(|out| adapter::write_subscribe(id, &batch, out));
            self.subscriptions.entered(id, filters);
            self.ask();
        }
        while self.outbox.has_next() && self.pace.allows(self.now) > 0 && self.credit_is_left() {
            let before = self.out.len();
            let Some(written) = self.outbox.write_next(&mut self.ids, &mut self.out) else { break };
            match written {
                Written::Once => self.pace.spend(1),
                Written::Publish => {
                    self.pace.spend(1);
                    self.ask();
                }
                Written::Release => self.ask(),
            }
            let sent = self.out.len() - before;
            if let State::Connected { credit, .. } = &mut self.state
                && credit.sent(sent)
            {
                self.ping();
            }
        }
    }

    /// Writes the acknowledgements that may leave.
    fn acknowledge(&mut self) {
        if !self.is_connected() {
            return;
        }
        while let Some((ack, id)) = self.inbox.due() {
            self.write(|out| adapter::write_ack(ack, id, out));
        }
    }

    fn write(&mut self, packet: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>) {
        let written = packet(&mut self.out);
        debug_assert!(written.is_ok(), "only checked values get here: {written:?}");
    }

    fn ping(&mut self) {
        if let State::Connected { credit, .. } = &mut self.state {
            credit.pinged();
            self.write(adapter::write_pingreq);
        }
    }

    /// Something was written that the broker has to answer.
    fn ask(&mut self) {
        if let State::Connected { liveness, .. } = &mut self.state {
            liveness.asked(self.now);
        }
    }

    fn credit_is_left(&self) -> bool {
        matches!(&self.state, State::Connected { credit, .. } if credit.is_left())
    }

    fn open(&mut self, now: Millis) {
        self.generation += 1;
        self.decoder.clear();
        self.out.clear();
        self.state = State::Connecting { deadline: now + self.options.connect_timeout, connect_sent: false };
        let attempt = Attempt { failures: self.retry.failures(), after: self.last };
        self.actions.push_back(Action::Open { generation: self.generation, attempt });
    }

    fn ended(&mut self, now: Millis, generation: u64, reason: Reason) {
        self.now = now;
        if generation == self.generation
            && matches!(self.state, State::Connecting { .. } | State::Connected { .. })
        {
            self.fail(now, reason);
        }
    }

    /// Ends this connection and plans the next attempt.
    fn fail(&mut self, now: Millis, reason: Reason) {
        let lived = match self.state {
            State::Connected { since, .. } => Some(now.saturating_sub(since)),
            State::Connecting { connect_sent: true, .. } => {
                // A CONNACK that was lost may have said that the session is gone; the next one would not.
                self.subscriptions.doubt();
                None
            }
            _ => None,
        };
        let taken_over = self.retry.ended(lived, matches!(reason, Reason::Closed));
        let reason = if taken_over { Reason::TakenOver } else { reason };
        let lasting = match reason {
            Reason::Refused(refusal) => refusal.is_lasting(),
            _ => matches!(reason, Reason::TakenOver),
        };
        let at = now + self.retry.wait(lasting);
        self.out.clear();
        self.abandon();
        self.state = State::Waiting { at };
        self.last = Some(reason);
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

fn connect<'a>(options: &'a Options, login: &'a Login) -> Connect<'a> {
    Connect {
        client_id: &options.client_id,
        username: login.username.as_deref(),
        password: login.password.as_deref(),
        clean_session: options.clean_session,
        keep_alive_seconds: options.limits.keep_alive(options.keep_alive_seconds),
        will: options.will.as_ref(),
    }
}

impl Patience {
    fn of(options: &Options) -> Self {
        let seconds = options.limits.keep_alive(options.keep_alive_seconds);
        Self {
            keep_alive: u64::from(seconds) * 1_000,
            answer: options.answer_timeout,
            ping: options.ping_timeout,
        }
    }
}

#[cfg(test)]
mod tests;
