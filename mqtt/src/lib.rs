//! An MQTT 3.1.1 client session without IO: for the browser and for native programs.
//!
//! [`Session`] holds all that the protocol knows: what is subscribed, what is published and not yet
//! acknowledged, when to ping, when to try again. It has no socket, no clock and no randomness of its
//! own. A driver tells it what happened, with the time, and does what [`Session::poll_action`] says.
//!
//! ```
//! use alleycat_mqtt::{Action, Event, Options, Qos, Session};
//!
//! let mut session = Session::new(Options::new("rider-7"), 42).unwrap();
//! session.subscribe(0, "board/#", Qos::AtMostOnce).unwrap();
//! session.start(0);
//! let Some(Action::Open { generation, .. }) = session.poll_action() else { panic!() };
//! session.opened(5, generation);
//! let Some(Action::Send { bytes, .. }) = session.poll_action() else { panic!() };
//! assert_eq!(bytes[0], 0x10); // CONNECT
//! session.received(9, generation, &[0x20, 2, 0, 0]); // CONNACK
//! assert_eq!(session.poll_event(), Some(Event::Connected { session_present: false }));
//! ```
//!
//! QoS 0, 1 and 2 both ways. The codec is `mqttbytes`, called in one module only, between our own checks.
//! [`server`] reads and writes the packets of the other side.
#![forbid(unsafe_code)]

pub mod adapter;
mod backoff;
#[cfg(feature = "tokio")]
pub mod client;
mod endpoint;
mod filter;
mod flow;
mod ids;
mod keep;
mod limits;
mod outbox;
mod packet;
mod publish;
pub mod server;
mod session;
#[cfg(feature = "sigv4")]
pub mod sigv4;
#[cfg(feature = "web")]
pub mod web;

pub use adapter::{ConnectRefusal, EncodeError, Qos, Violation, Will};
pub use backoff::Backoff;
pub use bytes::Bytes;
pub use endpoint::{Endpoint, EndpointError};
pub use filter::{matches, valid_filter, valid_topic};
pub use ids::PacketId;
pub use keep::Change;
pub use limits::{LimitError, Limits};
pub use publish::{Publish, RequestError, Ticket};
pub use session::{Acknowledge, Action, Attempt, Event, Login, Options, Reason, Receipt, Session};

/// Milliseconds of a wall clock that every call agrees on; the epoch does not matter.
pub type Millis = u64;
