//! The declared set of subscriptions and how far each has come.

use crate::adapter::{Qos, Violation};
use crate::ids::PacketId;

/// Lists throughout: a client has a handful of filters, and a page pays for each kind of map it carries.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    declared: Vec<Declared>,
    /// Withdrawn, and perhaps still known to the broker.
    leaving: Vec<(String, Progress)>,
    subscribing: Vec<(PacketId, Vec<String>)>,
    unsubscribing: Vec<(PacketId, ())>,
}

#[derive(Debug)]
struct Declared {
    filter: String,
    qos: Qos,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Pending,
    /// Asked under this identifier: an answer to an earlier question says nothing.
    Sent(PacketId),
    /// Answered, with yes or no. A refused filter is asked for again on the next connection.
    Granted,
    Refused,
}

impl Subscriptions {
    /// Adds a filter, which is valid. Declaring it again does nothing.
    pub(crate) fn declare(&mut self, filter: &str, qos: Qos) {
        match self.declared.iter_mut().find(|known| known.filter == filter) {
            Some(known) if known.qos == qos => {}
            Some(known) => (known.qos, known.progress) = (qos, Progress::Pending),
            None => {
                let filter = filter.to_owned();
                self.declared.push(Declared { filter, qos, progress: Progress::Pending });
            }
        }
        self.leaving.retain(|(name, progress)| name != filter || *progress != Progress::Pending);
    }

    /// Takes a filter out.
    pub(crate) fn withdraw(&mut self, filter: &str) {
        let Some(place) = self.declared.iter().position(|known| known.filter == filter) else { return };
        let Declared { filter, progress, .. } = self.declared.remove(place);
        if progress != Progress::Pending {
            self.leaving.push((filter, Progress::Pending));
        }
    }

    /// How many filters there would be with this one.
    pub(crate) fn count_with(&self, filter: &str) -> usize {
        self.declared.iter().filter(|known| known.filter != filter).count() + 1
    }

    /// The next filter to unsubscribe from.
    pub(crate) fn to_leave(&self) -> Option<String> {
        let pending = self.leaving.iter().find(|(_, progress)| *progress == Progress::Pending);
        pending.map(|(filter, _)| filter.clone())
    }

    pub(crate) fn left(&mut self, id: PacketId, filter: &str) {
        for (_, progress) in self.leaving.iter_mut().filter(|(name, _)| name == filter) {
            *progress = Progress::Sent(id);
        }
        self.unsubscribing.push((id, ()));
    }

    /// The next filters to subscribe to, at most `most`.
    pub(crate) fn to_enter(&self, most: usize) -> Option<Vec<(String, Qos)>> {
        let pending = self.declared.iter().filter(|known| known.progress == Progress::Pending);
        let batch: Vec<_> = pending.take(most).map(|known| (known.filter.clone(), known.qos)).collect();
        (!batch.is_empty()).then_some(batch)
    }

    pub(crate) fn entered(&mut self, id: PacketId, filters: Vec<(String, Qos)>) {
        let filters: Vec<_> = filters.into_iter().map(|(filter, _)| filter).collect();
        for known in self.declared.iter_mut().filter(|known| filters.contains(&known.filter)) {
            known.progress = Progress::Sent(id);
        }
        self.subscribing.push((id, filters));
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
        let filters = take(&mut self.subscribing, id)?;
        if filters.len() != granted.len() {
            return Err(Violation::AnswerCount { asked: filters.len(), got: granted.len() });
        }
        let answers: Vec<_> = filters.into_iter().zip(granted.iter().copied()).collect();
        for (filter, granted) in &answers {
            let asked =
                |known: &&mut Declared| known.filter == *filter && known.progress == Progress::Sent(id);
            for known in self.declared.iter_mut().filter(asked) {
                known.progress = if granted.is_some() { Progress::Granted } else { Progress::Refused };
            }
        }
        Ok(answers)
    }

    /// Takes an UNSUBACK.
    ///
    /// # Errors
    /// [`Violation::UnknownId`] for an answer to nothing.
    pub(crate) fn unsuback(&mut self, id: PacketId) -> Result<(), Violation> {
        take(&mut self.unsubscribing, id)?;
        self.leaving.retain(|(_, progress)| *progress != Progress::Sent(id));
        Ok(())
    }

    /// A new connection: what was on its way is void. If the broker still knows the session, only what it
    /// has not answered is asked again, otherwise all. Returns the identifiers set free.
    pub(crate) fn reconnected(&mut self, session_present: bool) -> Vec<PacketId> {
        for known in &mut self.declared {
            if !session_present || known.progress != Progress::Granted {
                known.progress = Progress::Pending;
            }
        }
        let declared = |filter: &str| self.declared.iter().any(|known| known.filter == filter);
        self.leaving.retain(|(filter, _)| session_present && !declared(filter));
        self.leaving.iter_mut().for_each(|(_, progress)| *progress = Progress::Pending);
        let subscribing = self.subscribing.drain(..).map(|(id, _)| id);
        subscribing.chain(self.unsubscribing.drain(..).map(|(id, _)| id)).collect()
    }

    /// What the broker knows is uncertain: all is to be subscribed again, which does no harm.
    pub(crate) fn doubt(&mut self) {
        self.declared.iter_mut().for_each(|known| known.progress = Progress::Pending);
    }
}

/// Takes out what was sent under this identifier.
fn take<T>(sent: &mut Vec<(PacketId, T)>, id: PacketId) -> Result<T, Violation> {
    let place = sent.iter().position(|(of, _)| *of == id).ok_or_else(|| Violation::UnknownId(id.get()))?;
    Ok(sent.swap_remove(place).1)
}
