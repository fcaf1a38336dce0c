//! What goes in at the start and what comes out: options, actions, events, reasons.

use bytes::Bytes;
use thiserror::Error;

use crate::Millis;
use crate::adapter::{ConnectRefusal, Violation, Will};
use crate::backoff::Backoff;
use crate::outbox::Ticket;

/// How a session behaves. Start from [`Options::new`] and change what must differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Unique among all clients of the broker: a second one with the same id throws the first out.
    pub client_id: String,
    /// User name; a password without one is not allowed.
    pub username: Option<String>,
    /// Password.
    pub password: Option<String>,
    /// Whether the broker forgets the session when the connection ends.
    pub clean_session: bool,
    /// The longest silence in seconds; the broker cuts at one and a half times of it. 120 by default, for
    /// browsers wake hidden pages only once a minute.
    pub keep_alive_seconds: u16,
    /// How long an answer to a ping may take, in ms.
    pub ping_timeout: Millis,
    /// How long opening the socket and CONNACK may take together, in ms.
    pub connect_timeout: Millis,
    /// How many QoS 1 messages may be unacknowledged at once.
    pub window: u16,
    /// The largest packet taken from the broker, in bytes with its header.
    pub max_packet: usize,
    /// How many messages may be queued.
    pub queue_count: usize,
    /// How many bytes of topics and payloads may be queued.
    pub queue_bytes: usize,
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
}

impl Default for Options {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            username: None,
            password: None,
            clean_session: true,
            keep_alive_seconds: 120,
            ping_timeout: 8_000,
            connect_timeout: 10_000,
            window: 20,
            max_packet: 256 * 1024,
            queue_count: 4_000,
            queue_bytes: 1024 * 1024,
            backoff: Backoff::default(),
            will: None,
        }
    }
}

/// What the driver is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Open a socket and report on it under this generation.
    Open {
        /// Names the attempt.
        generation: u64,
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
        /// Whether it is an old one that the broker kept.
        retain: bool,
    },
    /// The broker has taken a QoS 1 message.
    Acknowledged {
        /// Which one.
        ticket: Ticket,
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
    /// Opening the socket and CONNACK took too long.
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
