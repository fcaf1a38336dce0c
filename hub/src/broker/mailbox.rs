//! What waits for one client: packets of boards, shared with everybody else who gets the same.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

/// The packets that wait for a client. Bounded: of more than [`MOST`] the oldest are dropped, for a newer
/// board says it all.
pub(super) struct Mailbox {
    /// Its place among all mailboxes; later ones have higher numbers.
    pub(super) number: u64,
    inner: Mutex<Inner>,
    bell: Notify,
}

#[derive(Default)]
struct Inner {
    packets: VecDeque<Bytes>,
    /// The last message that came, so that two subscriptions to one topic give one copy.
    last: u64,
    ended: bool,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// Nothing waited before: ring when all is put.
    First,
    /// It waits with others.
    More,
    /// It took the place of the oldest.
    Displaced,
    /// It was there.
    Twice,
}

impl Mailbox {
    pub(super) fn new(number: u64) -> Self {
        Self { number, inner: Mutex::default(), bell: Notify::new() }
    }

    /// Puts message number `message` in.
    pub(super) fn put(&self, packet: &Bytes, message: u64) -> Put {
        let mut inner = self.lock();
        if std::mem::replace(&mut inner.last, message) == message {
            return Put::Twice;
        }
        let put = match inner.packets.len() {
            0 => Put::First,
            MOST => {
                inner.packets.pop_front();
                Put::Displaced
            }
            _ => Put::More,
        };
        inner.packets.push_back(packet.clone());
        put
    }

    /// Wakes the client's task.
    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    /// Waits until somebody rings.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// Tells the client's task that another connection has its session.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.ring();
    }

    /// Takes packets out, until `out` has enough for one message. Returns whether its session has ended.
    pub(super) fn take(&self, enough: usize, out: &mut BytesMut) -> bool {
        let mut inner = self.lock();
        let waiting = inner.packets.iter().map(Bytes::len).sum::<usize>();
        out.reserve(waiting.min(enough));
        while out.len() < enough
            && let Some(packet) = inner.packets.pop_front()
        {
            out.extend_from_slice(&packet);
        }
        if !inner.packets.is_empty() {
            self.ring();
        }
        inner.ended
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no holder of this lock panics")
    }
}

/// How many packets wait for one client.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_and_nothing_comes_twice() {
        let (mailbox, mut out) = (Mailbox::new(1), BytesMut::new());
        let put = |number: u64| mailbox.put(&Bytes::from(vec![u8::try_from(number % 251).unwrap()]), number);
        assert_eq!([put(1), put(1), put(2)], [Put::First, Put::Twice, Put::More]);
        (3..=256).for_each(|number| assert_eq!(put(number), Put::More));
        assert_eq!(put(257), Put::Displaced);
        assert!(!mailbox.take(2, &mut out));
        assert_eq!(out.split().to_vec(), [2, 3], "the oldest gave way");
        mailbox.end();
        assert!(mailbox.take(1_000, &mut out));
        assert_eq!(out.len(), 254);
    }
}
