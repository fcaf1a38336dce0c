//! What the broker sent and is not fully acknowledged.
//!
//! Acknowledgements leave in the order in which the messages came [MQTT-4.6.0-2], [MQTT-4.6.0-3], each
//! once the application has accepted its message. A slow application so closes the broker's own window.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::adapter::{Ack, Qos};
use crate::ids::PacketId;
use crate::keep::Change;

/// Names a message that is to be acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Receipt(u64);

#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// Acknowledgements that are owed, in order.
    owed: VecDeque<Owed>,
    next_receipt: u64,
    /// QoS 2 messages that were delivered, until they are released; in the order of identifiers.
    held: Vec<(PacketId, Held)>,
    /// Whether `held` is to survive a restart.
    keep: bool,
    changes: VecDeque<Change>,
}

#[derive(Debug)]
struct Owed {
    receipt: Receipt,
    ack: Ack,
    id: PacketId,
    accepted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Held {
    receipt: Receipt,
    accepted: bool,
}

/// What to do with a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Deliver it.
    New(Option<Receipt>),
    /// It was delivered before; only the acknowledgement is owed again.
    Known,
}

impl Inbox {
    pub(crate) fn new(keep: bool) -> Self {
        Self { keep, ..Self::default() }
    }

    pub(crate) fn arrived(&mut self, qos: Qos, id: Option<PacketId>) -> Arrival {
        let Some(id) = id else { return Arrival::New(None) };
        self.next_receipt += 1;
        let receipt = Receipt(self.next_receipt);
        if qos != Qos::ExactlyOnce {
            self.owed.push_back(Owed { receipt, ack: Ack::Publish, id, accepted: false });
            return Arrival::New(Some(receipt));
        }
        // "Method B" of the standard's figure 4.3: the identifier is kept and the message is delivered at once.
        let (held, arrival) = match self.place(id) {
            Ok(place) => (self.held[place].1, Arrival::Known),
            Err(place) => {
                let held = Held { receipt, accepted: false };
                self.held.insert(place, (id, held));
                (held, Arrival::New(Some(receipt)))
            }
        };
        if !self.owed.iter().any(|owed| owed.ack == Ack::Received && owed.id == id) {
            let Held { receipt, accepted } = held;
            self.owed.push_back(Owed { receipt, ack: Ack::Received, id, accepted });
        }
        arrival
    }

    /// The application has taken the message over. The receipt of a QoS 2 message stays good on the next
    /// connection; a QoS 1 message comes again there, with another.
    pub(crate) fn accept(&mut self, receipt: Receipt) {
        if let Some(owed) = self.owed.iter_mut().find(|owed| owed.receipt == receipt) {
            owed.accepted = true;
        }
        let held = self.held.iter_mut().find(|(_, held)| held.receipt == receipt && !held.accepted);
        if let Some((id, held)) = held {
            held.accepted = true;
            let key = key(*id);
            self.note(Change::Put { key, value: Bytes::new() });
        }
    }

    /// PUBREL: the broker will not send it again.
    pub(crate) fn released(&mut self, id: PacketId) {
        if let Ok(place) = self.place(id) {
            self.held.remove(place);
            self.note(Change::Delete { key: key(id) });
        }
    }

    /// The next acknowledgement that may leave.
    pub(crate) fn due(&mut self) -> Option<(Ack, PacketId)> {
        self.owed.pop_front_if(|owed| owed.accepted).map(|owed| (owed.ack, owed.id))
    }

    /// How many messages wait for the application.
    pub(crate) fn waiting(&self) -> usize {
        self.owed.len()
    }

    /// A new connection: what is owed will come again, and unless the broker still knows the session all
    /// identifiers are void.
    pub(crate) fn reconnected(&mut self, session_present: bool) {
        self.owed.clear();
        if !session_present {
            for (id, _) in std::mem::take(&mut self.held) {
                self.note(Change::Delete { key: key(id) });
            }
        }
    }

    /// Takes up a record of an earlier run. Returns whether it is one of ours.
    pub(crate) fn restore(&mut self, record: u64) -> bool {
        let id = u16::try_from(record ^ INBOX).ok().and_then(PacketId::new);
        let held = Held { receipt: Receipt(0), accepted: true };
        let Some(id) = id else { return false };
        if let Err(place) = self.place(id) {
            self.held.insert(place, (id, held));
        }
        true
    }

    /// Where an identifier is held, or where it would be.
    fn place(&self, id: PacketId) -> Result<usize, usize> {
        self.held.binary_search_by_key(&id, |(held, _)| *held)
    }

    pub(crate) fn poll_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    fn note(&mut self, change: Change) {
        if self.keep {
            self.changes.push_back(change);
        }
    }
}

fn key(id: PacketId) -> u64 {
    INBOX | u64::from(id.get())
}

/// Marks the keys of received identifiers, apart from the tickets of what is sent; below 2^53, which a
/// browser's database can hold as a number.
const INBOX: u64 = 1 << 52;
