//! A message as it is kept: a byte for its phase and class, then the PUBLISH itself.

use bytes::{BufMut, Bytes, BytesMut};

use super::{Entry, Outbox, Phase};
use crate::adapter::{Decoder, Message, Packet, write_publish};
use crate::ids::PacketId;
use crate::publish::{Publish, Ticket};

pub(super) fn write(entry: &Entry) -> Bytes {
    let (phase, id) = match entry.phase {
        Phase::Queued => (QUEUED, PacketId::MIN),
        Phase::Sent(id) => (SENT, id),
        Phase::Received(id) => (RECEIVED, id),
    };
    let Publish { topic, payload, qos, retain, latest_only } = &entry.publish;
    let mut out = BytesMut::with_capacity(topic.len() + payload.len() + HEADER);
    out.put_u8(phase | if *latest_only { LATEST_ONLY } else { 0 });
    let message = Message { topic, payload, qos: *qos, id: Some(id), retain: *retain, dup: false };
    let written = write_publish(&message, &mut out);
    debug_assert!(written.is_ok(), "checked when it was pushed: {written:?}");
    out.freeze()
}

fn read(ticket: Ticket, record: &[u8]) -> Option<Entry> {
    let (first, frame) = record.split_first()?;
    let mut decoder = Decoder::new(usize::MAX);
    decoder.push(frame);
    let Ok(Some(Packet::Publish { topic, payload, qos, retain, id: Some(id), .. })) = decoder.next() else {
        return None;
    };
    let phase = match first & !LATEST_ONLY {
        QUEUED => Phase::Queued,
        SENT => Phase::Sent(id),
        RECEIVED => Phase::Received(id),
        _ => return None,
    };
    let latest_only = first & LATEST_ONLY != 0;
    Some(Entry { ticket, publish: Publish { topic, payload, qos, retain, latest_only }, phase })
}

impl Outbox {
    /// Takes up what an earlier run kept, in any order and beyond all bounds: it was promised. Returns how
    /// many records make no sense and are dropped.
    pub(crate) fn restore(&mut self, records: impl IntoIterator<Item = (u64, Bytes)>) -> usize {
        let mut nonsense = 0;
        for (key, record) in records {
            match read(Ticket(key), &record) {
                Some(entry) => {
                    self.bytes += entry.publish.size();
                    // Stores give them in order, and a page pays for a sort it carries.
                    let place = self.log.partition_point(|known| known.ticket < entry.ticket);
                    self.log.insert(place, entry);
                }
                None => nonsense += 1,
            }
        }
        self.next_ticket = self.log.back().map_or(self.next_ticket, |entry| entry.ticket.0 + 1);
        nonsense
    }
}

const QUEUED: u8 = 0;
const SENT: u8 = 1;
const RECEIVED: u8 = 2;
const LATEST_ONLY: u8 = 0x10;
/// Room for the byte above and all of PUBLISH that is neither topic nor payload.
const HEADER: usize = 10;
