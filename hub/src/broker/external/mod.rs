//! A broker outside, Mosquitto for one: the hub is an ordinary client of it. Riders publish there, the hub
//! hears them there and publishes the boards there. Who may publish where is that broker's affair.

mod address;
mod intake;
mod probe;
mod publishers;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alleycat_mqtt::client::Client;
use alleycat_mqtt::{Acknowledge, Endpoint, Limits, Options, Publish, Qos, RequestError};
use alleycat_shared::ClassId;
use alleycat_shared::topic::{CLASS_ROOT, PUBLISH_ROOT, Topic};
use tokio::sync::mpsc;

use super::Gate;
use crate::api::Signer;
use crate::boards::Outgoing;
use crate::route::Republish;
use crate::{metrics, time};
pub(crate) use address::EMBEDDED;
pub use address::{BrokerAddress, BrokerChoice, BrokerLimits};
use intake::Intake;
pub(crate) use probe::{Found, probe};
use publishers::Publishers;

/// What of a broker's messages is this hub's.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) classes: BTreeSet<ClassId>,
    /// The group of hubs that share the messages, if there is more than one.
    pub(crate) share: Option<String>,
    /// Whether riders' messages are heard here at all: what a stream brings needs not be heard too.
    pub(crate) listens: bool,
}

/// Where the broker is, as whom the hub goes there, and what it does not stand for.
#[derive(Clone)]
pub(crate) struct Way {
    address: BrokerAddress,
    /// For a broker of AWS.
    signer: Option<Signer>,
    limits: Limits,
    /// The most connections for boards.
    connections: usize,
    client_id: String,
}

impl Way {
    /// A way to a broker. `None` if it is AWS's and there is nothing to sign with.
    pub(crate) fn new(
        address: &BrokerAddress,
        limits: BrokerLimits,
        connections: u16,
        part: &Part,
    ) -> Option<Self> {
        let signer = match address.aws_host() {
            Some(host) => Some(Signer::from_env(host)?),
            None => None,
        };
        let limits = if signer.is_some() { BrokerLimits::AwsIotCore } else { limits };
        let limits = match limits {
            BrokerLimits::None => Limits::MQTT,
            BrokerLimits::AwsIotCore => Limits::AWS_IOT_CORE,
        };
        let (address, client_id) = (address.clone(), part.client_id());
        Some(Self { address, signer, limits, connections: connections.into(), client_id })
    }

    /// A client with these options and the broker's limits.
    fn client(&self, options: Options) -> Result<Client, RequestError> {
        let options = Options { limits: self.limits, ..options };
        match self.signer.clone() {
            Some(signer) => {
                let endpoint = move |_| std::future::ready(Ok(Endpoint::from(signer.sign(time::now()))));
                Client::with_endpoints(endpoint, options, rand::random())
            }
            None => Client::new(self.address.endpoint(), options, rand::random()),
        }
    }

    /// A client that only publishes boards.
    fn for_boards(&self, number: usize) -> Result<Client, RequestError> {
        self.client(Options {
            keep_alive_seconds: KEEP_ALIVE_SECONDS,
            queue_bytes: QUEUE_BYTES,
            unproven_bytes: UNPROVEN_BYTES,
            ..Options::new(format!("{}-boards-{number}", self.client_id))
        })
    }
}

/// A board as it is published: only the newest of a topic makes sense, but for a change, which makes none
/// without those before it.
fn publish_of(Outgoing { topic, payload, retain }: Outgoing) -> Publish {
    let is_change = matches!(topic, Topic::Field(_)) && !retain;
    Publish { retain, latest_only: !is_change, ..Publish::new(topic.to_string(), payload, Qos::AtMostOnce) }
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
        way: Way,
        part: Part,
        gate: Gate,
    ) -> Result<(Self, impl Future<Output = ()> + Send + use<>), RequestError> {
        metrics::broker_connected(false);
        let options = Options {
            // Nothing waits for a hub that hears nothing; and AWS wants a permission for sessions that are kept.
            clean_session: !part.listens,
            keep_alive_seconds: KEEP_ALIVE_SECONDS,
            acknowledge: Acknowledge::WhenAccepted,
            inbox_count: INBOX,
            queue_count: QUEUE,
            queue_bytes: QUEUE_BYTES,
            unproven_bytes: UNPROVEN_BYTES,
            window: WINDOW,
            ..Options::new(part.client_id())
        };
        let mut client = way.client(options)?;
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
        let intake = Intake::new(gate, part, way.address.to_string(), Arc::clone(&connected));
        // A broker that does not count takes the boards over the connection that is there anyway.
        let (own, publishers) = match way.limits.publishes_per_second {
            None => (outgoing, None),
            Some(_) => {
                (mpsc::channel(1).1, Some(Publishers::new(way.clone(), way.connections).run(outgoing)))
            }
        };
        let run = async move {
            let publishers = async {
                if let Some(publishers) = publishers {
                    publishers.await;
                }
            };
            tokio::join!(intake.run(client, own, again), publishers);
        };
        Ok((Self { classes, boards, republish, connected }, run))
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
