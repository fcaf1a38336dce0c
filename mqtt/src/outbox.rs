//! What is published and not yet done with: one ordered log, replayed after a reconnect by moving a
//! cursor back, never by a second queue [MQTT-4.6.0-1].

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use crate::adapter::{self, EncodeError, Qos};
use crate::ids::{PacketId, PacketIds};

/// Names one publish towards the application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Why a publish was not taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PublishError {
    /// The packet can't be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The queue holds as much as it may.
    #[error("the queue of unsent messages is full")]
    QueueFull,
}

/// Messages in the order in which they were published.
#[derive(Debug)]
pub(crate) struct Outbox {
    log: VecDeque<Entry>,
    /// How many of the log's first entries are sent on this connection.
    cursor: usize,
    bytes: usize,
    next_ticket: u64,
    window: usize,
    max_count: usize,
    max_bytes: usize,
}

#[derive(Debug)]
struct Entry {
    ticket: Ticket,
    topic: String,
    payload: Bytes,
    qos: Qos,
    retain: bool,
    /// The identifier under which the broker may know it.
    id: Option<PacketId>,
}

impl Outbox {
    pub(crate) fn new(window: usize, max_count: usize, max_bytes: usize) -> Self {
        Self { log: VecDeque::new(), cursor: 0, bytes: 0, next_ticket: 0, window, max_count, max_bytes }
    }

    /// Puts a message at the end of the log. A full queue refuses the newest: what was promised first
    /// is kept.
    pub(crate) fn push(
        &mut self,
        topic: &str,
        payload: Bytes,
        qos: Qos,
        retain: bool,
    ) -> Result<Ticket, PublishError> {
        adapter::check_publish(topic, &payload)?;
        let size = topic.len() + payload.len();
        if self.log.len() >= self.max_count || self.bytes + size > self.max_bytes {
            return Err(PublishError::QueueFull);
        }
        self.next_ticket += 1;
        let ticket = Ticket(self.next_ticket);
        self.bytes += size;
        self.log.push_back(Entry { ticket, topic: topic.to_owned(), payload, qos, retain, id: None });
        Ok(ticket)
    }

    /// Writes what the window allows, in order. QoS 0 messages are done with once written.
    pub(crate) fn write(&mut self, ids: &mut PacketIds, out: &mut BytesMut) {
        while self.cursor < self.window && self.cursor < self.log.len() {
            let entry = &mut self.log[self.cursor];
            let dup = entry.id.is_some();
            if entry.qos == Qos::AtLeastOnce && entry.id.is_none() {
                let Some(id) = ids.take() else { return };
                entry.id = Some(id);
            }
            let written =
                adapter::write_publish(&entry.topic, &entry.payload, entry.retain, entry.id, dup, out);
            debug_assert!(written.is_ok(), "checked when it was pushed: {written:?}");
            if entry.qos == Qos::AtMostOnce {
                self.remove(self.cursor);
            } else {
                self.cursor += 1;
            }
        }
    }

    /// Frees what the broker acknowledged. `None` if nothing of that identifier is in flight.
    pub(crate) fn acknowledge(&mut self, id: PacketId) -> Option<Ticket> {
        let index = self.log.iter().take(self.cursor).position(|entry| entry.id == Some(id))?;
        self.cursor -= 1;
        Some(self.remove(index))
    }

    /// Starts over on a new connection: everything unacknowledged is sent again, in the old order. If
    /// the broker lost the session, under new identifiers.
    pub(crate) fn rewind(&mut self, session_present: bool) {
        self.cursor = 0;
        if !session_present {
            self.log.iter_mut().for_each(|entry| entry.id = None);
        }
    }

    /// How many messages are not done with.
    pub(crate) fn len(&self) -> usize {
        self.log.len()
    }

    fn remove(&mut self, index: usize) -> Ticket {
        let entry = self.log.remove(index).expect("the index was just found");
        self.bytes -= entry.topic.len() + entry.payload.len();
        entry.ticket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(count: usize) -> (Outbox, PacketIds) {
        let mut outbox = Outbox::new(2, 10, 1_000);
        for n in 0..count {
            outbox
                .push("t", Bytes::from(vec![b'0' + u8::try_from(n).unwrap()]), Qos::AtLeastOnce, false)
                .unwrap();
        }
        (outbox, PacketIds::default())
    }

    /// The payload digits in the order written, with a mark for DUP.
    fn written(outbox: &mut Outbox, ids: &mut PacketIds) -> String {
        let mut out = BytesMut::new();
        outbox.write(ids, &mut out);
        // A frame here is 8 bytes: header 2, topic 3, id 2, payload 1.
        let frame = |f: &[u8]| format!("{}{}", if f[0] & 8 != 0 { "d" } else { "" }, char::from(f[7]));
        out.chunks(8).map(frame).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_window_opens_with_each_acknowledgement() {
        let (mut outbox, mut ids) = outbox(4);
        assert_eq!(written(&mut outbox, &mut ids), "0 1");
        assert_eq!(written(&mut outbox, &mut ids), "");
        assert_eq!(outbox.acknowledge(PacketId::new(2).unwrap()), Some(Ticket(2)));
        assert_eq!(outbox.acknowledge(PacketId::new(2).unwrap()), None);
        assert_eq!(written(&mut outbox, &mut ids), "2");
        assert_eq!(outbox.len(), 3);
    }

    #[test]
    fn a_replay_keeps_the_order_and_marks_repetitions() {
        let (mut resumed, mut ids) = outbox(3);
        written(&mut resumed, &mut ids);
        resumed.rewind(true);
        assert_eq!(written(&mut resumed, &mut ids), "d0 d1");
        resumed.rewind(false);
        assert_eq!(written(&mut resumed, &mut ids), "0 1");
    }

    #[test]
    fn a_full_queue_refuses_the_newest() {
        let (mut outbox, _) = outbox(10);
        let refused = outbox.push("t", Bytes::new(), Qos::AtMostOnce, false);
        assert_eq!(refused, Err(PublishError::QueueFull));
        let big = Outbox::new(2, 10, 1_000).push("t", Bytes::from(vec![0; 1_000]), Qos::AtMostOnce, false);
        assert_eq!(big, Err(PublishError::QueueFull));
    }
}
