//! The declared set of subscriptions and how far each has come.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::adapter::{EncodeError, Qos};
use crate::filter::valid_filter;
use crate::ids::PacketId;

/// The most filters in one SUBSCRIBE; AWS IoT Core closes the connection above it.
const BATCH: usize = 8;

#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    declared: BTreeMap<String, (Qos, Progress)>,
    subscribing: HashMap<PacketId, Vec<String>>,
    unsubscribing: HashSet<PacketId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Pending,
    Sent,
    /// Answered, with yes or no. A refused filter is asked for again on the next connection.
    Granted,
    Refused,
}

/// What a SUBACK meant.
pub(crate) enum Answer {
    /// Not an answer to anything we sent.
    Unknown,
    /// The filters that were refused, if any.
    Refused(Vec<String>),
}

impl Subscriptions {
    pub(crate) fn declare(&mut self, filter: &str, qos: Qos) -> Result<(), EncodeError> {
        if !valid_filter(filter) {
            return Err(EncodeError::Filter);
        }
        match self.declared.get(filter) {
            Some((same, _)) if *same == qos => {}
            _ => _ = self.declared.insert(filter.to_owned(), (qos, Progress::Pending)),
        }
        Ok(())
    }

    /// Returns whether the broker may know of it.
    pub(crate) fn withdraw(&mut self, filter: &str) -> bool {
        self.declared.remove(filter).is_some_and(|(_, progress)| progress != Progress::Pending)
    }

    /// The next filters to subscribe to, as many as fit one packet.
    pub(crate) fn pending(&self) -> Option<Vec<(String, Qos)>> {
        let pending = self.declared.iter().filter(|(_, (_, progress))| *progress == Progress::Pending);
        let batch: Vec<_> = pending.take(BATCH).map(|(filter, (qos, _))| (filter.clone(), *qos)).collect();
        (!batch.is_empty()).then_some(batch)
    }

    pub(crate) fn sent(&mut self, id: PacketId, filters: Vec<(String, Qos)>) {
        let filters: Vec<_> = filters.into_iter().map(|(filter, _)| filter).collect();
        self.mark(&filters, Progress::Sent);
        self.subscribing.insert(id, filters);
    }

    pub(crate) fn suback(&mut self, id: PacketId, granted: &[bool]) -> Answer {
        let Some(filters) = self.subscribing.remove(&id) else { return Answer::Unknown };
        // A filter without an answer is not granted.
        let granted = granted.iter().copied().chain(std::iter::repeat(false));
        let (yes, no): (Vec<_>, Vec<_>) = filters.into_iter().zip(granted).partition(|(_, granted)| *granted);
        let names =
            |list: Vec<(String, bool)>| list.into_iter().map(|(filter, _)| filter).collect::<Vec<_>>();
        let (yes, no) = (names(yes), names(no));
        self.mark(&yes, Progress::Granted);
        self.mark(&no, Progress::Refused);
        Answer::Refused(no)
    }

    pub(crate) fn expect_unsuback(&mut self, id: PacketId) {
        self.unsubscribing.insert(id);
    }

    pub(crate) fn unsuback(&mut self, id: PacketId) -> bool {
        self.unsubscribing.remove(&id)
    }

    /// A new connection: what was on its way is void, and unless the broker still knows the session all
    /// is to be subscribed again. Returns the identifiers set free.
    pub(crate) fn reconnected(&mut self, session_present: bool) -> Vec<PacketId> {
        for (_, progress) in self.declared.values_mut() {
            if !session_present || *progress != Progress::Granted {
                *progress = Progress::Pending;
            }
        }
        self.subscribing.drain().map(|(id, _)| id).chain(self.unsubscribing.drain()).collect()
    }

    fn mark(&mut self, filters: &[String], to: Progress) {
        for filter in filters {
            if let Some((_, progress)) = self.declared.get_mut(filter) {
                *progress = to;
            }
        }
    }
}
