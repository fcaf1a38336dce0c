//! What goes in at the start and what comes out: options, actions, events, reasons.

use bytes::Bytes;
use thiserror::Error;

use crate::Millis;
use crate::adapter::{ConnectRefusal, Qos, Violation, Will};
use crate::backoff::Backoff;
use crate::limits::Limits;
use crate::publish::Ticket;
use crate::session::Receipt;

/// How a session behaves. Start from [`Options::new`] and change what must differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Unique among all clients of the broker: a second one with the same id throws the first out.
    pub client_id: String,
    /// Who connects, unless the driver is given another login for an attempt.
    pub login: Login,
    /// Whether the broker forgets the session when the connection ends.
    pub clean_session: bool,
    /// The longest silence in seconds; the broker cuts at one and a half times of it. 120 by default, for
    /// browsers wake hidden pages only once a minute.
    pub keep_alive_seconds: u16,
    /// How long an answer to a ping may take, in ms.
    pub ping_timeout: Millis,
    /// How long a message that must be acknowledged may meet complete silence before a ping asks, in ms.
    pub answer_timeout: Millis,
    /// How long address and credentials, the socket and CONNACK may take together, in ms.
    pub connect_timeout: Millis,
    /// How many QoS 1 and 2 messages may be unacknowledged at once; at most what the limits say.
    pub window: u16,
    /// How many bytes may be sent and not proven to have arrived.
    pub unproven_bytes: usize,
    /// The largest packet taken from the broker, in bytes with its header.
    pub max_packet: usize,
    /// How many messages may be queued.
    pub queue_count: usize,
    /// How many bytes of topics and payloads may be queued.
    pub queue_bytes: usize,
    /// How many received messages may wait for the application; see [`Session::wants_bytes`].
    ///
    /// [`Session::wants_bytes`]: crate::Session::wants_bytes
    pub inbox_count: usize,
    /// When a received message is acknowledged.
    pub acknowledge: Acknowledge,
    /// Whether to say by [`Session::poll_change`] what is to be kept for the next start.
    ///
    /// [`Session::poll_change`]: crate::Session::poll_change
    pub keep: bool,
    /// What the broker does not stand for.
    pub limits: Limits,
    /// How long to wait between attempts.
    pub backoff: Backoff,
    /// What the broker publishes when this client is lost; sent on every CONNECT.
    pub will: Option<Will>,
}

impl Options {
    /// The defaults, for a client of this id.
    pub fn new(client_id: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), ..Self::default() }
    }

    /// For AWS IoT Core: refuses what it would punish, and paces publishes to what it takes.
    pub fn aws_iot_core(client_id: impl Into<String>) -> Self {
        Self { limits: Limits::AWS_IOT_CORE, ..Self::new(client_id) }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            login: Login::default(),
            clean_session: true,
            keep_alive_seconds: 120,
            ping_timeout: 5_000,
            answer_timeout: 10_000,
            connect_timeout: 10_000,
            window: 20,
            unproven_bytes: 64 * 1024,
            max_packet: 256 * 1024,
            queue_count: 4_000,
            queue_bytes: 1024 * 1024,
            inbox_count: 1_000,
            acknowledge: Acknowledge::WhenTaken,
            keep: false,
            limits: Limits::MQTT,
            backoff: Backoff::default(),
            will: None,
        }
    }
}

/// When a received QoS 1 or 2 message is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledge {
    /// When the application takes it from [`Session::poll_event`](crate::Session::poll_event).
    WhenTaken,
    /// When the application says [`Session::accept`](crate::Session::accept). Until then the broker keeps
    /// it, and sends no more than its own window.
    WhenAccepted,
}

/// User name and password for CONNECT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// User name; none for an anonymous client.
    pub username: Option<String>,
    /// Password; not without a user name.
    pub password: Option<String>,
}

/// Which attempt to connect this is, for whoever chooses address and credentials.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    /// How many attempts in a row have not led to a stable connection before this one.
    pub failures: u32,
    /// Why the last connection or attempt ended. A refusal, or a socket that closed before the broker
    /// accepted, may mean that a credential has expired: fetch a new one.
    pub after: Option<Reason>,
}

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open a socket and report on it under this generation.
    Open {
        /// Names the attempt.
        generation: u64,
        /// What went before.
        attempt: Attempt,
    },
    /// Send these bytes as one message.
    Send {
        /// Which socket.
        generation: u64,
        /// One or more whole packets.
        bytes: Bytes,
    },
    /// Drop the socket without waiting for anything.
    Close {
        /// Which socket.
        generation: u64,
    },
}

/// What the application is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The broker accepted.
    Connected {
        /// Whether it still knew the session.
        session_present: bool,
    },
    /// The connection, or an attempt at one, has ended.
    Disconnected {
        /// Why.
        reason: Reason,
        /// When the next attempt begins.
        retry_at: Option<Millis>,
    },
    /// A message on one of the subscribed topics.
    Message {
        /// Its topic.
        topic: String,
        /// Its payload.
        payload: Bytes,
        /// How surely it came.
        qos: Qos,
        /// Whether it is an old one that the broker kept.
        retain: bool,
        /// Whether the broker has perhaps sent it before; a QoS 2 message never comes twice all the same.
        dup: bool,
        /// What to accept, if it is to be acknowledged.
        receipt: Option<Receipt>,
    },
    /// The broker has taken a QoS 1 or 2 message. It will not be sent again.
    Acknowledged {
        /// Which one.
        ticket: Ticket,
    },
    /// A newer message of its topic has replaced an unsent one of the latest-only class.
    Superseded {
        /// The replaced one.
        ticket: Ticket,
    },
    /// The broker granted a subscription.
    Subscribed {
        /// Which one.
        filter: String,
        /// At most with this QoS, which may be lower than what was asked for.
        qos: Qos,
    },
    /// The broker refused a subscription.
    SubscribeFailed {
        /// Which one.
        filter: String,
    },
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Reason {
    /// The application wanted it.
    #[error("stopped")]
    Stopped,
    /// The socket closed or could not be opened.
    #[error("the connection closed")]
    Closed,
    /// The broker threw us out shortly after each of the last connections, as it does when another client
    /// comes with the same id.
    #[error("another device uses this id")]
    TakenOver,
    /// There was no address, or no credential, to connect with.
    #[error("no address or credential to connect with")]
    NoEndpoint,
    /// Address, socket and CONNACK took too long.
    #[error("no answer while connecting")]
    ConnectTimeout,
    /// No sign of life.
    #[error("the broker went silent")]
    KeepAlive,
    /// CONNACK said no.
    #[error(transparent)]
    Refused(ConnectRefusal),
    /// The broker broke the protocol.
    #[error("the broker broke the protocol: {0}")]
    Protocol(Violation),
}
