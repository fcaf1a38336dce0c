//! One client from its first byte to its last, whatever carries the bytes.
//!
//! What goes to the client leaves in as few messages as there can be, for in a browser the cost is per
//! message: all answers to one message, all acknowledgements of one commit, all that a second's boards have
//! for it. Nothing waits for more to come. Acknowledgements leave when what they acknowledge is on the disk;
//! all other packets go at once, so a disk that fails does not stop the boards.
//!
//! Who reads slowly is sent to slowly, and the oldest boards that wait for it make way. Who takes nothing at
//! all for a while is given up, as is who never says who it is, and who stays silent.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use alleycat_mqtt::adapter::Ack;
use alleycat_mqtt::server::{
    Accept, ClientPacket, Connect, Filters, Protocol, read, write_answer, write_connack, write_pingresp,
    write_suback, write_unsuback,
};
use alleycat_mqtt::{ConnectRefusal, PacketId, Qos};
use axum::extract::ws::close_code;
use bytes::{Buf, Bytes, BytesMut};
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout};

use super::gate::{Full, Gate, Incoming};
use super::registry::Seat;
use super::{Broker, MAX_PACKET, STALLED};
use crate::identity::Proof;
use crate::limits::{Flow, Rate, Verdict};
use crate::metrics;

/// What carries a client's bytes.
pub(super) trait Wire {
    /// The next bytes from the client. May be cancelled and asked again.
    fn receive(&mut self) -> impl Future<Output = Result<Bytes, Option<Close>>> + Send;

    /// Sends bytes; returns whether the client is still there.
    fn send(&mut self, bytes: Bytes) -> impl Future<Output = bool> + Send;
}

/// Why the hub ends a connection, for the client to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Close {
    /// As WebSocket numbers them.
    pub(super) code: u16,
    pub(super) reason: &'static str,
}

/// How long a client may take.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// To be accepted or refused.
    pub(super) handshake: Duration,
    /// To take in anything of what it is sent.
    pub(super) stalled: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { handshake: Duration::from_secs(8), stalled: STALLED }
    }
}

/// Serves a client until either side ends. Returns what to tell the client, if it is there to be told.
pub(super) async fn serve(
    wire: &mut impl Wire,
    broker: &Broker,
    rate: Option<Rate>,
    patience: Patience,
) -> Option<Close> {
    let mut session = Session::new(broker, rate, patience);
    let mut durable = broker.gate.journal.durable();
    let mut timer = pin!(sleep_until(session.deadline().into()));
    loop {
        let reached = *durable.borrow_and_update();
        session.collect(reached);
        if !session.out.is_empty() {
            // Taken whole, so that who has nothing to be sent holds no memory for it.
            let bytes = std::mem::take(&mut session.out).freeze();
            match timeout(patience.stalled, wire.send(bytes)).await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(_) => {
                    metrics::turned_away("stalled");
                    return Some(Close { code: close_code::POLICY, reason: "takes nothing in" });
                }
            }
        }
        if let Some(over) = session.over {
            return over;
        }
        let deadline = session.deadline().into();
        if deadline < timer.deadline() || timer.is_elapsed() {
            timer.as_mut().reset(deadline);
        }
        tokio::select! {
            received = wire.receive(), if session.paused.is_none() => match received {
                Ok(bytes) => session.take(&bytes, Instant::now()),
                Err(close) => return close,
            },
            () = session.rung() => {}
            () = up_to(&mut durable, session.waits_for()) => {}
            () = timer.as_mut() => session.wake(Instant::now()),
        }
    }
}

/// What is known of a client.
struct Session<'a> {
    broker: &'a Broker,
    patience: Patience,
    flow: Flow,
    /// Since when reading waits, and until when.
    paused: Option<Instant>,
    login: Option<Login>,
    /// When a whole packet came last, or when the connection began.
    heard: Instant,
    /// The beginning of a packet whose end has not come.
    rest: BytesMut,
    /// What may leave.
    out: BytesMut,
    /// Acknowledgements that are being written.
    acks: BytesMut,
    /// Those that wait for the disk, oldest first.
    held: VecDeque<Held>,
    held_bytes: usize,
    /// The connection is over, once `out` has left.
    over: Option<Option<Close>>,
}

/// Who it is.
struct Login {
    seat: Seat,
    client: Box<str>,
    owner: Option<Proof>,
    /// How long it may be silent.
    silence: Option<Duration>,
}

/// Acknowledgements that wait for one number of the journal.
struct Held {
    number: u64,
    bytes: BytesMut,
    since: Instant,
}

/// The connection ends; with a word to the client, or without.
type End = Option<Close>;

impl<'a> Session<'a> {
    fn new(broker: &'a Broker, rate: Option<Rate>, patience: Patience) -> Self {
        Self {
            broker,
            patience,
            flow: Flow::new(rate),
            paused: None,
            login: None,
            heard: Instant::now(),
            rest: BytesMut::new(),
            out: BytesMut::new(),
            acks: BytesMut::new(),
            held: VecDeque::new(),
            held_bytes: 0,
            over: None,
        }
    }

    /// Takes what the client sent.
    fn take(&mut self, bytes: &[u8], now: Instant) {
        match self.flow.look(bytes.len(), now) {
            Verdict::Go => {}
            Verdict::Slow(wait) => {
                metrics::slowed();
                // Nothing is read meanwhile, so the client's own buffers fill up and it waits as well.
                self.paused = Some(now + wait);
            }
            Verdict::Cut => {
                metrics::turned_away("flood");
                self.over = Some(Some(Close { code: close_code::POLICY, reason: "sends too much" }));
                return;
            }
        }
        let end = if self.rest.is_empty() {
            let mut bytes = bytes;
            let end = self.packets(&mut bytes, now);
            self.rest.extend_from_slice(bytes);
            end
        } else {
            let mut whole = std::mem::take(&mut self.rest);
            whole.extend_from_slice(bytes);
            let end = self.packets(&mut whole, now);
            if !whole.is_empty() {
                self.rest = whole;
            }
            end
        };
        self.over = end.err();
        self.hold(now);
    }

    /// Takes all whole packets out of `bytes`.
    fn packets(&mut self, bytes: &mut impl Buf, now: Instant) -> Result<(), End> {
        loop {
            match read(bytes.chunk(), MAX_PACKET) {
                Ok(None) => return Ok(()),
                Ok(Some((packet, size))) => {
                    self.packet(packet)?;
                    // A whole packet, for byte by byte one could be heard of for ever [MQTT-3.1.2-24].
                    self.heard = now;
                    bytes.advance(size);
                }
                Err(violation) => {
                    metrics::turned_away("malformed");
                    tracing::debug!(%violation, "connection ended");
                    return Err(Some(Close { code: close_code::PROTOCOL, reason: "malformed packet" }));
                }
            }
        }
    }

    fn packet(&mut self, packet: ClientPacket<'_>) -> Result<(), End> {
        let out_of_order =
            Some(Close { code: close_code::PROTOCOL, reason: "CONNECT comes first, and once" });
        let Some(login) = &self.login else {
            let ClientPacket::Connect(connect) = packet else { return Err(out_of_order) };
            return self.connect(&connect);
        };
        match packet {
            ClientPacket::Connect(_) => return Err(out_of_order),
            ClientPacket::Publish { topic, payload, qos, retain, id, .. } => {
                let message = Incoming { client: &login.client, owner: login.owner, topic, payload, retain };
                publish(self.broker, login, &message, qos, id, &mut self.acks)?;
            }
            ClientPacket::Subscribe(id, filters) => subscribe(login, id, filters, &mut self.out),
            ClientPacket::Unsubscribe(id, filters) => {
                filters.for_each(|(filter, _)| login.seat.unsubscribe(filter));
                write_unsuback(id, &mut self.out);
            }
            ClientPacket::Ack(Ack::Release, id) => {
                login.seat.set_received(id.get(), false);
                write_answer(Ack::Complete, id, &mut self.out);
            }
            // Of what the hub sends nothing is to be acknowledged.
            ClientPacket::Ack(..) => {}
            ClientPacket::PingReq => write_pingresp(&mut self.out),
            ClientPacket::Disconnect => return Err(None),
        }
        Ok(())
    }

    fn connect(&mut self, connect: &Connect<'_>) -> Result<(), End> {
        match self.admit(connect) {
            Ok((login, session_present)) => {
                self.login = Some(login);
                write_connack(Accept::Yes { session_present }, &mut self.out);
                Ok(())
            }
            Err(refusal) => {
                write_connack(Accept::No(refusal), &mut self.out);
                Err(Some(Close { code: close_code::POLICY, reason: "refused: see CONNACK" }))
            }
        }
    }

    fn admit(&self, connect: &Connect<'_>) -> Result<(Login, bool), ConnectRefusal> {
        if connect.protocol != Protocol::Spoken {
            metrics::turned_away("protocol-level");
            return Err(ConnectRefusal::ProtocolVersion);
        }
        let (client, username, clean) = (connect.client_id, connect.username, connect.clean_session);
        // [MQTT-3.1.3-8]
        if client.len() > MAX_CLIENT_ID || (client.is_empty() && !clean) {
            metrics::turned_away("client-id");
            return Err(ConnectRefusal::ClientId);
        }
        let owner = self.broker.gate.admit(connect)?;
        let joined = self.broker.registry.join(client, username, clean);
        let (seat, present) = joined.map_err(|_| {
            metrics::turned_away("client-id");
            ConnectRefusal::NotAuthorized
        })?;
        // [MQTT-3.1.2-24]
        let silence = Duration::from_secs(connect.keep_alive_seconds.into()) * 3 / 2;
        let login =
            Login { seat, client: client.into(), owner, silence: (!silence.is_zero()).then_some(silence) };
        Ok((login, present))
    }

    /// Lets what was acknowledged wait for the disk. The number is asked for now: what was acknowledged was
    /// appended before.
    fn hold(&mut self, now: Instant) {
        if self.acks.is_empty() {
            return;
        }
        let number = self.broker.gate.journal.appended();
        let bytes = std::mem::take(&mut self.acks);
        self.held_bytes += bytes.len();
        match self.held.back_mut() {
            Some(last) if last.number == number => last.bytes.extend_from_slice(&bytes),
            _ => self.held.push_back(Held { number, bytes, since: now }),
        }
        if self.held_bytes > MAX_HELD {
            let reason = "nothing can be acknowledged now";
            self.over = Some(Some(Close { code: close_code::AGAIN, reason }));
        }
    }

    /// Collects what may leave: what is on the disk is acknowledged, and boards go.
    fn collect(&mut self, durable: u64) {
        while let Some(first) = self.held.pop_front_if(|first| first.number <= durable) {
            metrics::acknowledgement_waited(first.since.elapsed());
            self.held_bytes -= first.bytes.len();
            if self.out.is_empty() {
                self.out = first.bytes;
            } else {
                self.out.extend_from_slice(&first.bytes);
            }
        }
        if self.held.is_empty() {
            self.held = VecDeque::new();
        }
        if let Some(login) = &self.login
            && login.seat.mailbox.take(COALESCE, &mut self.out)
        {
            self.over = Some(Some(Close { code: close_code::NORMAL, reason: "connected elsewhere" }));
        }
    }

    /// The number that the next acknowledgement waits for.
    fn waits_for(&self) -> Option<u64> {
        self.held.front().map(|first| first.number)
    }

    /// Waits for boards.
    async fn rung(&self) {
        match &self.login {
            Some(login) => login.seat.mailbox.rung().await,
            None => std::future::pending().await,
        }
    }

    /// When [`Self::wake`] is to be called, at the latest.
    fn deadline(&self) -> Instant {
        match (self.paused, self.silence()) {
            // Who is not read can't be heard: what it may be silent counts from then on.
            (Some(until), _) => until,
            (None, Some(silence)) => self.heard + silence,
            (None, None) => Instant::now() + A_DAY,
        }
    }

    /// How long the client may be silent, or may take to say who it is; `None` is for ever.
    fn silence(&self) -> Option<Duration> {
        self.login.as_ref().map_or(Some(self.patience.handshake), |login| login.silence)
    }

    /// Time has passed.
    fn wake(&mut self, now: Instant) {
        if self.paused.is_some_and(|until| until <= now) {
            self.paused = None;
            self.heard = now;
        }
        if self.paused.is_none() && self.silence().is_some_and(|silence| self.heard + silence <= now) {
            let (metric, reason) = match self.login {
                None => ("no-connect", "no valid CONNECT"),
                Some(_) => ("silent", "silent for too long"),
            };
            metrics::turned_away(metric);
            self.over = Some(Some(Close { code: close_code::POLICY, reason }));
        }
    }
}

/// Takes a message and writes its acknowledgement.
fn publish(
    broker: &Broker,
    login: &Login,
    message: &Incoming<'_>,
    qos: Qos,
    id: Option<PacketId>,
    acks: &mut BytesMut,
) -> Result<(), End> {
    // [MQTT-4.3.3-2]: a QoS 2 message that comes again before it is released is no new one.
    let again = qos == Qos::ExactlyOnce && id.is_some_and(|id| login.seat.has_received(id.get()));
    if !again {
        broker
            .gate
            .publish(message)
            .map_err(|Full| Some(Close { code: close_code::AGAIN, reason: "nothing can be taken now" }))?;
    }
    match (qos, id) {
        (Qos::AtLeastOnce, Some(id)) => write_answer(Ack::Publish, id, acks),
        (Qos::ExactlyOnce, Some(id)) => {
            login.seat.set_received(id.get(), true);
            write_answer(Ack::Received, id, acks);
        }
        _ => {}
    }
    Ok(())
}

/// Grants what may be read. What is retained for it waits in the mailbox, as all that is published.
fn subscribe(login: &Login, id: PacketId, filters: Filters<'_>, out: &mut BytesMut) {
    let grant = |(filter, qos)| (Gate::may_read(filter) && login.seat.subscribe(filter)).then_some(qos);
    let granted: Vec<_> = filters.map(grant).collect();
    // As many as fit into a packet that was read.
    _ = write_suback(id, &granted, out);
}

/// Waits until the journal is on the disk up to a number; for ever without one.
pub(super) async fn up_to(durable: &mut watch::Receiver<u64>, number: Option<u64>) {
    if number.is_none() || durable.wait_for(|durable| Some(*durable) >= number).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// In bytes: all packet identifiers that there are, acknowledged once.
const MAX_HELD: usize = 4 * 65_536;
/// What goes to a client leaves at this size at the latest, in bytes.
const COALESCE: usize = 16 * 1024;
/// In bytes.
const MAX_CLIENT_ID: usize = 128;
/// For clients that may be silent for ever; the timer needs some time.
const A_DAY: Duration = Duration::from_secs(86_400);
