//! A broker outside, Mosquitto for one: the hub is an ordinary client of it. Riders publish there, the hub
//! hears them there and publishes the boards there. Who may publish where is that broker's affair.

mod address;
mod intake;
mod probe;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alleycat_mqtt::client::Client;
use alleycat_mqtt::{Acknowledge, Options, Qos, RequestError};
use alleycat_shared::ClassId;
use alleycat_shared::topic::{CLASS_ROOT, PUBLISH_ROOT};
use tokio::sync::mpsc;

use super::Gate;
use crate::boards::Outgoing;
use crate::metrics;
use crate::route::Republish;
pub(crate) use address::EMBEDDED;
pub use address::{BrokerAddress, BrokerChoice};
use intake::Intake;
pub(crate) use probe::probe;

/// What of a broker's messages is this hub's.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) classes: BTreeSet<ClassId>,
    /// The group of hubs that share the messages, if there is more than one.
    pub(crate) share: Option<String>,
    /// Whether riders' messages are heard here at all: what a stream brings needs not be heard too.
    pub(crate) listens: bool,
}

/// The way to an external broker.
pub(crate) struct External {
    pub(super) classes: BTreeSet<ClassId>,
    boards: mpsc::Sender<Vec<Outgoing>>,
    republish: mpsc::Sender<Republish>,
    connected: Arc<AtomicBool>,
}

impl External {
    /// A way to the broker, and what is to run to keep it open.
    ///
    /// # Errors
    /// [`RequestError`] for a login that can't be sent.
    pub(crate) fn start(
        address: &BrokerAddress,
        part: Part,
        gate: Gate,
    ) -> Result<(Self, impl Future<Output = ()> + Send + use<>), RequestError> {
        metrics::broker_connected(false);
        let options = Options {
            clean_session: false,
            keep_alive_seconds: KEEP_ALIVE_SECONDS,
            acknowledge: Acknowledge::WhenAccepted,
            inbox_count: INBOX,
            queue_count: QUEUE,
            queue_bytes: QUEUE_BYTES,
            unproven_bytes: UNPROVEN_BYTES,
            window: WINDOW,
            ..Options::new(part.client_id())
        };
        let mut client = Client::new(address.endpoint(), options, rand::random())?;
        if part.listens {
            client.subscribe(&part.intake(), Qos::AtLeastOnce)?;
        }
        if part.listens && part.share.is_some() {
            for class in &part.classes {
                client.subscribe(&format!("{CLASS_ROOT}/{class}/#"), Qos::AtLeastOnce)?;
            }
        }
        let (boards, outgoing) = mpsc::channel(BATCHES);
        let (republish, again) = mpsc::channel(BATCHES);
        let connected = Arc::new(AtomicBool::new(false));
        let classes = part.classes.clone();
        let intake = Intake::new(gate, part, address.to_string(), Arc::clone(&connected));
        Ok((Self { classes, boards, republish, connected }, intake.run(client, outgoing, again)))
    }

    /// Whether the broker is there, as it changes.
    pub(crate) fn link(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.connected)
    }

    /// Where rules publish.
    pub(crate) fn republish(&self) -> mpsc::Sender<Republish> {
        self.republish.clone()
    }

    pub(super) fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    pub(super) fn publish(&self, messages: Vec<Outgoing>) {
        let count = messages.len();
        if !self.is_connected() || self.boards.try_send(messages).is_err() {
            metrics::boards_dropped(count);
        }
    }
}

impl Part {
    /// Its own for each part, so that the broker keeps a session for each, and so that two hubs with the
    /// same part, whose boards would both be wrong, throw each other out and are noticed.
    fn client_id(&self) -> String {
        let mut id = "alleycat-hub".to_owned();
        if self.classes.len() < ClassId::all().count() {
            id.extend(self.classes.iter().map(|class| format!("-{class}")));
        }
        if let Some(share) = &self.share {
            id.push('-');
            id.push_str(share);
        }
        id
    }

    /// What the riders' messages are subscribed to by.
    fn intake(&self) -> String {
        match &self.share {
            Some(share) => format!("$share/{share}/{}", everything()),
            None => everything(),
        }
    }
}

/// All that riders publish; also, as MQTT has it, on the root itself.
fn everything() -> String {
    format!("{PUBLISH_ROOT}/#")
}

/// Nobody waits for an answer on this connection but the broker.
const KEEP_ALIVE_SECONDS: u16 = 20;
/// Messages that wait for the disk or another hub: more than a broker has under way at once.
const INBOX: usize = 70_000;
/// Messages that wait for the broker.
const QUEUE: usize = 40_000;
/// In bytes.
const QUEUE_BYTES: usize = 64 * 1024 * 1024;
/// The boards of thousands of riders, in bytes.
const UNPROVEN_BYTES: usize = 4 * 1024 * 1024;
/// Messages for other hubs that are under way at once.
const WINDOW: u16 = 1_000;
/// Of boards, one for each class and second.
const BATCHES: usize = 16;
