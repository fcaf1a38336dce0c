//! The declared set of subscriptions and how far each has come.

use std::collections::{BTreeMap, HashMap};

use crate::adapter::{Qos, Violation};
use crate::ids::PacketId;

#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    declared: BTreeMap<String, (Qos, Progress)>,
    /// Withdrawn, and perhaps still known to the broker.
    leaving: BTreeMap<String, Progress>,
    subscribing: HashMap<PacketId, Vec<String>>,
    unsubscribing: HashMap<PacketId, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Pending,
    Sent,
    /// Answered, with yes or no. A refused filter is asked for again on the next connection.
    Granted,
    Refused,
}

impl Subscriptions {
    /// Adds a filter, which is valid. Declaring it again does nothing.
    pub(crate) fn declare(&mut self, filter: &str, qos: Qos) {
        match self.declared.get(filter) {
            Some((same, _)) if *same == qos => {}
            _ => _ = self.declared.insert(filter.to_owned(), (qos, Progress::Pending)),
        }
        if self.leaving.get(filter) == Some(&Progress::Pending) {
            self.leaving.remove(filter);
        }
    }

    /// Takes a filter out.
    pub(crate) fn withdraw(&mut self, filter: &str) {
        if self.declared.remove(filter).is_some_and(|(_, progress)| progress != Progress::Pending) {
            self.leaving.insert(filter.to_owned(), Progress::Pending);
        }
    }

    /// How many filters there would be with this one.
    pub(crate) fn count_with(&self, filter: &str) -> usize {
        self.declared.len() + usize::from(!self.declared.contains_key(filter))
    }

    /// The next filter to unsubscribe from.
    pub(crate) fn to_leave(&self) -> Option<String> {
        let pending = |progress: &Progress| *progress == Progress::Pending;
        self.leaving.iter().find(|(_, progress)| pending(progress)).map(|(filter, _)| filter.clone())
    }

    pub(crate) fn left(&mut self, id: PacketId, filter: String) {
        self.leaving.insert(filter.clone(), Progress::Sent);
        self.unsubscribing.insert(id, filter);
    }

    /// The next filters to subscribe to, at most `most`.
    pub(crate) fn to_enter(&self, most: usize) -> Option<Vec<(String, Qos)>> {
        let pending = self.declared.iter().filter(|(_, (_, progress))| *progress == Progress::Pending);
        let batch: Vec<_> = pending.take(most).map(|(filter, (qos, _))| (filter.clone(), *qos)).collect();
        (!batch.is_empty()).then_some(batch)
    }

    pub(crate) fn entered(&mut self, id: PacketId, filters: Vec<(String, Qos)>) {
        let filters: Vec<_> = filters.into_iter().map(|(filter, _)| filter).collect();
        filters.iter().for_each(|filter| self.mark(filter, Progress::Sent));
        self.subscribing.insert(id, filters);
    }

    /// Takes a SUBACK: what the broker said to each filter.
    ///
    /// # Errors
    /// [`Violation`] for an answer to nothing, or with the wrong number of answers.
    pub(crate) fn suback(
        &mut self,
        id: PacketId,
        granted: &[Option<Qos>],
    ) -> Result<Vec<(String, Option<Qos>)>, Violation> {
        let filters = self.subscribing.remove(&id).ok_or_else(|| Violation::UnknownId(id.get()))?;
        if filters.len() != granted.len() {
            return Err(Violation::AnswerCount { asked: filters.len(), got: granted.len() });
        }
        let answers: Vec<_> = filters.into_iter().zip(granted.iter().copied()).collect();
        for (filter, granted) in &answers {
            self.mark(filter, if granted.is_some() { Progress::Granted } else { Progress::Refused });
        }
        Ok(answers)
    }

    /// Takes an UNSUBACK.
    ///
    /// # Errors
    /// [`Violation::UnknownId`] for an answer to nothing.
    pub(crate) fn unsuback(&mut self, id: PacketId) -> Result<(), Violation> {
        let filter = self.unsubscribing.remove(&id).ok_or_else(|| Violation::UnknownId(id.get()))?;
        self.leaving.remove(&filter);
        Ok(())
    }

    /// A new connection: what was on its way is void. If the broker still knows the session, only what it
    /// has not answered is asked again, otherwise all. Returns the identifiers set free.
    pub(crate) fn reconnected(&mut self, session_present: bool) -> Vec<PacketId> {
        for (_, progress) in self.declared.values_mut() {
            if !session_present || *progress != Progress::Granted {
                *progress = Progress::Pending;
            }
        }
        if session_present {
            self.leaving.values_mut().for_each(|progress| *progress = Progress::Pending);
            self.leaving.retain(|filter, _| !self.declared.contains_key(filter));
        } else {
            self.leaving.clear();
        }
        let subscribing = self.subscribing.drain().map(|(id, _)| id);
        subscribing.chain(self.unsubscribing.drain().map(|(id, _)| id)).collect()
    }

    /// What the broker knows is uncertain: all is to be subscribed again, which does no harm.
    pub(crate) fn doubt(&mut self) {
        self.declared.values_mut().for_each(|(_, progress)| *progress = Progress::Pending);
    }

    fn mark(&mut self, filter: &str, to: Progress) {
        if let Some((_, progress)) = self.declared.get_mut(filter) {
            *progress = to;
        }
    }
}
