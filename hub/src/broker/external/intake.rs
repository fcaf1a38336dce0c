//! Takes in what the broker delivers, and acknowledges it when it is safe: on this hub's disk, or with the
//! broker again for the hub that runs its class.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use alleycat_mqtt::client::Client;
use alleycat_mqtt::{Bytes, Event, Publish, Qos, Receipt, RequestError, Ticket};
use alleycat_shared::Millis;
use alleycat_shared::message::{RaceMessage, Refusal};
use alleycat_shared::topic::{ClassTopic, Topic};
use tokio::sync::{mpsc, oneshot};

use super::{Part, everything, publish_of};
use crate::boards::Outgoing;
use crate::broker::Gate;
use crate::broker::session::up_to;
use crate::route::Republish;
use crate::{journal, metrics, time};

pub(super) struct Intake {
    gate: Gate,
    part: Part,
    /// The broker's address, for the log.
    broker: String,
    connected: Arc<AtomicBool>,
    /// The log knows that the broker is away.
    said_away: bool,
    /// Whether the messages are shared, so that those of other hubs' classes are to be passed on.
    sharing: bool,
    /// What waits for the disk, oldest first.
    held: VecDeque<Held>,
    /// What waits for the broker to have it again.
    passed_on: HashMap<Ticket, Receipt>,
    /// What rules have published and the broker does not have yet.
    republished: HashMap<Ticket, oneshot::Sender<Result<(), RequestError>>>,
    /// What can't be taken now. Bounded by what a broker leaves unacknowledged.
    later: VecDeque<Arrived>,
}

/// Waits until the journal is on the disk up to a number.
struct Held {
    number: u64,
    receipt: Receipt,
    since: Instant,
}

struct Arrived {
    topic: String,
    payload: Bytes,
    retain: bool,
    /// None of a message that its sender does not care about.
    receipt: Option<Receipt>,
}

/// What is to become of a message.
enum Fate {
    /// It is in the journal's hands, or will not be taken ever: acknowledge it after the disk.
    Settled,
    /// To the hub that runs its class.
    PassOn(Publish),
    /// There is no room.
    Later(Full),
}

/// Where there is no room.
enum Full {
    /// On this hub.
    Journal(journal::Full),
    /// In the queue to the broker.
    Queue,
}

impl Full {
    fn count(&self) {
        match self {
            Self::Journal(full) => full.count(),
            Self::Queue => metrics::turned_away("broker-queue-full"),
        }
    }
}

impl Intake {
    pub(super) fn new(gate: Gate, part: Part, broker: String, connected: Arc<AtomicBool>) -> Self {
        Self {
            gate,
            sharing: part.share.is_some(),
            part,
            broker,
            connected,
            said_away: false,
            held: VecDeque::new(),
            passed_on: HashMap::new(),
            republished: HashMap::new(),
            later: VecDeque::new(),
        }
    }

    /// Runs for ever.
    pub(super) async fn run(
        mut self,
        mut client: Client,
        mut boards: mpsc::Receiver<Vec<Outgoing>>,
        mut republish: mpsc::Receiver<Republish>,
    ) {
        let mut durable = self.gate.journal.durable();
        let mut again = tokio::time::interval(AGAIN);
        loop {
            tokio::select! {
                event = client.event() => self.event(&mut client, event),
                () = up_to(&mut durable, self.held.front().map(|held| held.number)) => {}
                Some(batch) = boards.recv() => self.publish(&mut client, batch),
                Some(message) = republish.recv(), if client.queued() < super::QUEUE => {
                    self.republish(&mut client, message);
                }
                _ = again.tick(), if !self.later.is_empty() => self.again(&mut client),
            }
            let reached = *durable.borrow_and_update();
            while let Some(held) = self.held.pop_front_if(|held| held.number <= reached) {
                metrics::acknowledgement_waited(held.since.elapsed());
                client.accept(held.receipt);
            }
        }
    }

    fn event(&mut self, client: &mut Client, event: Event) {
        match event {
            Event::Connected { session_present } => {
                self.connect(true);
                self.said_away = false;
                tracing::info!(broker = self.broker, session_present, "the broker is there");
            }
            Event::Disconnected { reason, .. } => {
                self.connect(false);
                // All of it comes again, under other receipts.
                self.held.clear();
                self.passed_on.clear();
                self.later.clear();
                if !self.said_away {
                    self.said_away = true;
                    tracing::warn!(
                        broker = self.broker,
                        %reason,
                        "the broker is away: it is tried again and again, boards are dropped meanwhile"
                    );
                }
            }
            Event::Message { topic, payload, retain, receipt, .. } => {
                self.take(client, Arrived { topic, payload, retain, receipt });
            }
            Event::Acknowledged { ticket } => {
                if let Some(done) = self.republished.remove(&ticket) {
                    _ = done.send(Ok(()));
                }
                if let Some(receipt) = self.passed_on.remove(&ticket) {
                    metrics::passed_on();
                    client.accept(receipt);
                }
            }
            Event::SubscribeFailed { filter } => self.refused(client, &filter),
            Event::Subscribed { .. } | Event::Superseded { .. } => {}
        }
    }

    fn connect(&self, connected: bool) {
        self.connected.store(connected, Ordering::Relaxed);
        metrics::broker_connected(connected);
    }

    fn refused(&mut self, client: &mut Client, filter: &str) {
        metrics::turned_away("broker-subscription");
        if self.sharing && filter == self.part.intake() {
            tracing::warn!(
                broker = self.broker,
                "the broker has no shared subscriptions: every hub hears everything and keeps to its own classes"
            );
            self.sharing = false;
            client.unsubscribe(filter);
            // A filter of ours, and no limits are set.
            _ = client.subscribe(&everything(), Qos::AtLeastOnce);
        } else {
            tracing::error!(
                broker = self.broker,
                filter,
                "the broker refuses the hub's subscription: let its user read this in the broker's ACL"
            );
        }
    }

    /// Who waits for it waits until the broker has it, or for ever less than the hub lives.
    fn republish(&mut self, client: &mut Client, Republish { publish, done }: Republish) {
        match (publish.qos, client.publish(publish)) {
            (Qos::AtMostOnce, Ok(_)) => _ = done.send(Ok(())),
            (_, Ok(ticket)) => _ = self.republished.insert(ticket, done),
            (_, Err(error)) => _ = done.send(Err(error)),
        }
    }

    /// Takes a message, or keeps it until there is room. It is counted now, and not each time that it is tried.
    fn take(&mut self, client: &mut Client, arrived: Arrived) {
        if let Err((full, arrived)) = self.try_to_take(client, arrived) {
            full.count();
            if arrived.receipt.is_some() {
                self.later.push_back(arrived);
            }
        }
    }

    fn again(&mut self, client: &mut Client) {
        for arrived in std::mem::take(&mut self.later) {
            if let Err((_, arrived)) = self.try_to_take(client, arrived) {
                self.later.push_back(arrived);
            }
        }
    }

    fn try_to_take(&mut self, client: &mut Client, arrived: Arrived) -> Result<(), (Full, Arrived)> {
        match self.fate(&arrived, time::now()) {
            Fate::Settled => {
                if let Some(receipt) = arrived.receipt {
                    // Asked for now: what was taken was appended before.
                    let number = self.gate.journal.appended();
                    self.held.push_back(Held { number, receipt, since: Instant::now() });
                }
            }
            Fate::PassOn(publish) => match (client.publish(publish), arrived.receipt) {
                (Ok(ticket), Some(receipt)) => _ = self.passed_on.insert(ticket, receipt),
                (Ok(_), None) => metrics::passed_on(),
                (Err(_), _) => return Err((Full::Queue, arrived)),
            },
            Fate::Later(full) => return Err((full, arrived)),
        }
        Ok(())
    }

    fn fate(&self, arrived: &Arrived, now: Millis) -> Fate {
        let gate = &self.gate;
        if let Some(full) = gate.journal.full() {
            return Fate::Later(Full::Journal(full));
        }
        let outcome = match self.read(arrived, now) {
            Ok(message) if self.part.classes.contains(&message.class_id) => gate.race(&message, now),
            // Every hub that a stream feeds takes its own classes out of it.
            Ok(_) if gate.by_stream => Ok(None),
            Ok(message) if self.sharing => {
                let to = ClassTopic { class: message.class_id, racer: message.racer_id };
                return Fate::PassOn(Publish::new(to.to_string(), arrived.payload.clone(), Qos::AtLeastOnce));
            }
            Ok(_) => {
                metrics::left_alone();
                return Fate::Settled;
            }
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = gate.count(outcome) {
            gate.refusals.note(&arrived.topic, &refusal, now);
        }
        Fate::Settled
    }

    /// The topic's racer is trusted, for the broker lets only its owner publish there; the payload's is
    /// compared.
    fn read(&self, arrived: &Arrived, now: Millis) -> Result<RaceMessage, Refusal> {
        let (racer, class) = match (arrived.topic.parse(), arrived.topic.parse()) {
            (Ok(Topic::Publish(Some(racer))), _) => (Some(racer), None),
            (Ok(Topic::Publish(None)), _) if self.gate.open => (None, None),
            (_, Ok(ClassTopic { class, racer })) => (Some(racer), Some(class)),
            _ => return Err(Refusal::WrongTopic),
        };
        if arrived.retain {
            return Err(Refusal::WrongTopic);
        }
        // What another hub has passed on was seen by that hub's rules.
        let origin = class.is_none().then_some(("", arrived.topic.as_str()));
        let mut message = self.gate.read(racer, &arrived.payload, origin, now)?;
        // What was passed on is not passed on again.
        if class.is_some_and(|class| class != message.class_id || !self.part.classes.contains(&class)) {
            return Err(Refusal::WrongTopic);
        }
        if let Some(name) = self.gate.identity.seen(message.racer_id, now) {
            message.name = name;
        }
        Ok(message)
    }

    fn publish(&self, client: &mut Client, boards: Vec<Outgoing>) {
        if !self.connected.load(Ordering::Relaxed) {
            metrics::boards_dropped(boards.len());
            return;
        }
        for board in boards {
            // Half of the queue is for what is passed on.
            if client.queued() >= super::QUEUE / 2 || client.publish(publish_of(board)).is_err() {
                metrics::boards_dropped(1);
            }
        }
    }
}

/// How often what had no room is tried again.
const AGAIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
