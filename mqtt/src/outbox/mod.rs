//! What is published and not yet done with: one ordered log, replayed after a reconnect by moving a
//! cursor back, never by a second queue [MQTT-4.6.0-1].

mod record;

use std::collections::VecDeque;

use bytes::BytesMut;

use crate::adapter::{self, Ack, Message, Qos, Violation};
use crate::ids::{PacketId, PacketIds};
use crate::keep::Change;
use crate::publish::{Publish, RequestError, Ticket};

/// Messages in the order in which they were published.
#[derive(Debug)]
pub(crate) struct Outbox {
    log: VecDeque<Entry>,
    /// How many of the log's first entries are sent on this connection.
    cursor: usize,
    bytes: usize,
    next_ticket: u64,
    bounds: Bounds,
    /// What of the log is to be kept where it survives.
    keep: Keep,
    changes: VecDeque<Change>,
}

/// How much the log may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// QoS 1 and 2 messages in flight.
    pub(crate) window: usize,
    /// Messages.
    pub(crate) count: usize,
    /// Bytes of topics and payloads.
    pub(crate) bytes: usize,
}

/// What is worth a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Nothing.
    Nothing,
    /// The messages: the broker forgets the session, so they will be new to it.
    Messages,
    /// The messages and how far the broker knows them.
    Progress,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    ticket: Ticket,
    publish: Publish,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The broker does not know it.
    Queued,
    /// Sent under this identifier, on this connection or an earlier one.
    Sent(PacketId),
    /// QoS 2 only: PUBREC has come and it must not be sent again [MQTT-4.3.3-1].
    Received(PacketId),
}

/// What [`Outbox::write_next`] wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// A message that is never answered.
    Once,
    /// A message that will be answered.
    Publish,
    /// The release of one.
    Release,
}

impl Outbox {
    pub(crate) fn new(bounds: Bounds, keep: Keep) -> Self {
        Self {
            log: VecDeque::new(),
            cursor: 0,
            bytes: 0,
            next_ticket: 1,
            bounds,
            keep,
            changes: VecDeque::new(),
        }
    }

    /// Puts a message at the end of the log; the second ticket is that of the one it replaces. A full
    /// queue refuses the newest: what was promised first is kept.
    pub(crate) fn push(&mut self, publish: Publish) -> Result<(Ticket, Option<Ticket>), RequestError> {
        adapter::check_publish(&publish.topic, &publish.payload)?;
        let replaced = publish.latest_only.then(|| self.unsent_of(&publish.topic)).flatten();
        let freed = replaced.map_or((0, 0), |index| (1, self.log[index].publish.size()));
        let (count, bytes) = (self.log.len() + 1 - freed.0, self.bytes + publish.size() - freed.1);
        if count > self.bounds.count || bytes > self.bounds.bytes {
            return Err(RequestError::QueueFull);
        }
        let replaced = replaced.map(|index| self.remove(index));
        let ticket = Ticket(self.next_ticket);
        self.next_ticket += 1;
        self.bytes += publish.size();
        self.log.push_back(Entry { ticket, publish, phase: Phase::Queued });
        self.note(self.log.len() - 1, Keep::Messages);
        Ok((ticket, replaced))
    }

    /// Writes the next packet that the window allows, in order. A QoS 0 message is done with once written.
    pub(crate) fn write_next(&mut self, ids: &mut PacketIds, out: &mut BytesMut) -> Option<Written> {
        if !self.has_next() {
            return None;
        }
        let index = self.cursor;
        let entry = &mut self.log[index];
        let (id, dup) = match (entry.publish.qos, entry.phase) {
            (Qos::AtMostOnce, _) => (None, false),
            (_, Phase::Queued) => (Some(ids.take()?), false),
            (_, Phase::Sent(id)) => (Some(id), true),
            (_, Phase::Received(id)) => {
                let written = adapter::write_ack(Ack::Release, id, out);
                debug_assert!(written.is_ok(), "an identifier can be written: {written:?}");
                self.cursor += 1;
                return Some(Written::Release);
            }
        };
        let Publish { topic, payload, qos, retain, .. } = &entry.publish;
        let message = Message { topic, payload, qos: *qos, id, retain: *retain, dup };
        let written = adapter::write_publish(&message, out);
        debug_assert!(written.is_ok(), "checked when it was pushed: {written:?}");
        let Some(id) = id else {
            self.remove(index);
            return Some(Written::Once);
        };
        entry.phase = Phase::Sent(id);
        self.cursor += 1;
        if !dup {
            self.note(index, Keep::Progress);
        }
        Some(Written::Publish)
    }

    /// Whether the window lets something leave now.
    pub(crate) fn has_next(&self) -> bool {
        self.cursor < self.bounds.window && self.cursor < self.log.len()
    }

    /// Takes PUBACK, PUBREC or PUBCOMP for what is in flight. Returns the ticket of what is done with.
    ///
    /// # Errors
    /// [`Violation::UnknownId`] for a PUBACK of nothing, and for any that does not fit the message's QoS.
    pub(crate) fn answered(&mut self, ack: Ack, id: PacketId) -> Result<Option<Ticket>, Violation> {
        let unknown = Violation::UnknownId(id.get());
        let known = |entry: &Entry| matches!(entry.phase, Phase::Sent(of) | Phase::Received(of) if of == id);
        let Some(index) = self.log.iter().take(self.cursor).position(known) else {
            // The broker may still remember a QoS 2 message of which this client forgot everything.
            return if ack == Ack::Publish { Err(unknown) } else { Ok(None) };
        };
        let entry = &mut self.log[index];
        match (ack, entry.publish.qos) {
            (Ack::Publish, Qos::AtLeastOnce) => {}
            (Ack::Received, Qos::ExactlyOnce) => {
                entry.phase = Phase::Received(id);
                self.note(index, Keep::Progress);
                return Ok(None);
            }
            (Ack::Complete, Qos::ExactlyOnce) if entry.phase == Phase::Received(id) => {}
            _ => return Err(unknown),
        }
        self.cursor -= 1;
        Ok(Some(self.remove(index)))
    }

    /// Starts over on a new connection: everything unacknowledged is sent again, in the old order. If
    /// the broker lost the session, all of it as if new: what it had received may arrive twice then, but
    /// nothing is lost.
    pub(crate) fn rewind(&mut self, session_present: bool) {
        self.cursor = 0;
        if !session_present {
            for index in 0..self.log.len() {
                if std::mem::replace(&mut self.log[index].phase, Phase::Queued) != Phase::Queued {
                    self.note(index, Keep::Progress);
                }
            }
        }
    }

    /// The identifiers under which the broker may know messages.
    pub(crate) fn ids(&self) -> impl Iterator<Item = PacketId> {
        self.log.iter().filter_map(|entry| match entry.phase {
            Phase::Queued => None,
            Phase::Sent(id) | Phase::Received(id) => Some(id),
        })
    }

    /// The youngest message that has been sent on this connection and is not done with.
    pub(crate) fn sent(&self) -> Option<Ticket> {
        self.log.get(self.cursor.checked_sub(1)?).map(|entry| entry.ticket)
    }

    /// How many messages are not done with.
    pub(crate) fn len(&self) -> usize {
        self.log.len()
    }

    /// What is to be kept or forgotten next.
    pub(crate) fn poll_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// The oldest message of this topic and of the latest-only class that was never sent.
    fn unsent_of(&self, topic: &str) -> Option<usize> {
        let same = |entry: &Entry| {
            entry.publish.latest_only && entry.phase == Phase::Queued && entry.publish.topic == topic
        };
        self.log.iter().skip(self.cursor).position(same).map(|index| index + self.cursor)
    }

    fn remove(&mut self, index: usize) -> Ticket {
        let entry = self.log.remove(index).expect("the index was just found");
        self.bytes -= entry.publish.size();
        if self.keep != Keep::Nothing && entry.publish.qos != Qos::AtMostOnce {
            self.changes.push_back(Change::Delete { key: entry.ticket.0 });
        }
        entry.ticket
    }

    /// Has an entry kept as it is now, if that much is kept at all.
    fn note(&mut self, index: usize, least: Keep) {
        let entry = &self.log[index];
        let kept = self.keep == Keep::Progress || self.keep == least;
        if kept && entry.publish.qos != Qos::AtMostOnce {
            self.changes.push_back(Change::Put { key: entry.ticket.0, value: record::write(entry) });
        }
    }
}

#[cfg(test)]
mod tests;
