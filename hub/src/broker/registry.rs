//! Who is connected, who reads what, and what is retained: one table under one lock, held for moments.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use alleycat_mqtt::matches;
use alleycat_mqtt::server::write_publish;
use alleycat_shared::topic::Topic;
use bytes::{Bytes, BytesMut};

use super::mailbox::{Mailbox, Put};
use crate::boards::Outgoing;
use crate::metrics;

/// The sessions and their subscriptions.
pub(super) struct Registry {
    state: Mutex<State>,
    max_sessions: usize,
}

#[derive(Default)]
struct State {
    clients: HashMap<Arc<str>, Client>,
    /// Who reads one topic of ours.
    exact: HashMap<Topic, Readers>,
    /// Who reads by any other filter.
    wild: HashMap<Arc<str>, Readers>,
    /// The last retained message of each topic, as a packet for new subscribers.
    retained: HashMap<Topic, Bytes>,
    mailboxes: u64,
    messages: u64,
    /// Sessions without a connection.
    away: usize,
}

/// Mailboxes in order of their numbers.
type Readers = Vec<Arc<Mailbox>>;

struct Client {
    username: Option<Arc<str>>,
    clean: bool,
    filters: Vec<Arc<str>>,
    /// QoS 2 messages that were taken and not released.
    received: HashSet<u16>,
    place: Place,
}

enum Place {
    Here(Arc<Mailbox>),
    AwaySince(Instant),
}

/// Why there is no session for a client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Anothers;

/// A client's place in the registry while it is connected; it leaves when this is dropped.
pub(super) struct Seat {
    registry: Arc<Registry>,
    client: Arc<str>,
    pub(super) mailbox: Arc<Mailbox>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.registry.lock().leave(&self.client, &self.mailbox);
    }
}

impl Registry {
    pub(super) fn new(max_sessions: usize) -> Self {
        Self { state: Mutex::default(), max_sessions }
    }

    /// Gives a client its session; the connection that had it ends [MQTT-3.1.4-2]. Also returns whether the
    /// session was there before [MQTT-3.2.2-2].
    ///
    /// # Errors
    /// [`Anothers`] if the session is that of another user.
    pub(super) fn join(
        self: &Arc<Self>,
        client: &str,
        username: Option<&str>,
        clean: bool,
    ) -> Result<(Seat, bool), Anothers> {
        let mut state = self.lock();
        state.mailboxes += 1;
        let mailbox = Arc::new(Mailbox::new(state.mailboxes));
        let name: Arc<str> =
            if client.is_empty() { format!("\0{}", mailbox.number).into() } else { client.into() };
        let before = match state.clients.get(&name) {
            Some(before) if before.username.as_deref() != username => return Err(Anothers),
            _ => state.forget(&name),
        };
        if state.clients.len() >= self.max_sessions {
            state.forget_the_longest_away();
        }
        let kept = before.filter(|before| !before.clean && !clean);
        let present = kept.is_some();
        let (filters, received) = kept.map_or_else(Default::default, |kept| (kept.filters, kept.received));
        let filters = filters.into_iter().filter(|filter| state.route(filter, &mailbox)).collect();
        let place = Place::Here(Arc::clone(&mailbox));
        let username = username.map(Into::into);
        state.clients.insert(Arc::clone(&name), Client { username, clean, filters, received, place });
        drop(state);
        Ok((Seat { registry: Arc::clone(self), client: name, mailbox }, present))
    }

    pub(super) fn is_watched(&self, topic: Topic) -> bool {
        let (state, name) = (self.lock(), topic.to_string());
        state.exact.contains_key(&topic) || state.wild.keys().any(|filter| matches(&name, filter))
    }

    pub(super) fn publish(&self, messages: &[Outgoing]) {
        let (mut packet, mut waiting) = (BytesMut::new(), Vec::new());
        let mut guard = self.lock();
        let state = &mut *guard;
        state.forget_who_is_gone(Instant::now());
        for Outgoing { topic, payload, retain } in messages {
            let name = topic.to_string();
            if *retain && write_publish(&name, payload, true, &mut packet).is_ok() {
                state.retained.insert(*topic, packet.split().freeze());
            }
            state.deliver(Some(*topic), &name, payload, &mut packet, &mut waiting);
        }
        drop(guard);
        // Not before: what comes in one go for a client shall leave in one message.
        waiting.iter().for_each(|mailbox| mailbox.ring());
    }

    /// Publishes one message under any name.
    pub(super) fn pass_on(&self, name: &str, payload: &[u8]) {
        let (mut packet, mut waiting) = (BytesMut::new(), Vec::new());
        let mut state = self.lock();
        state.deliver(name.parse().ok(), name, payload, &mut packet, &mut waiting);
        drop(state);
        waiting.iter().for_each(|mailbox| mailbox.ring());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl Seat {
    /// Subscribes, and puts what is retained for it into the mailbox [MQTT-3.3.1-6], where it makes way for newer boards
    /// however often it is asked for. Returns whether it was granted: not if there are too many, or the filter is too
    /// long.
    pub(super) fn subscribe(&self, filter: &str) -> bool {
        let mut guard = self.registry.lock();
        let state = &mut *guard;
        let Some(client) = state.mine(&self.client, &self.mailbox) else { return false };
        if !client.filters.iter().any(|known| **known == *filter) {
            if client.filters.len() >= MAX_FILTERS || filter.len() > MAX_FILTER_BYTES {
                return false;
            }
            let filter: Arc<str> = filter.into();
            if !state.route(&filter, &self.mailbox) {
                return false;
            }
            state.mine(&self.client, &self.mailbox).into_iter().for_each(|client| {
                client.filters.push(Arc::clone(&filter));
            });
        }
        for (_, packet) in state.retained.iter().filter(|(topic, _)| matches(&topic.to_string(), filter)) {
            state.messages += 1;
            self.mailbox.put(packet, state.messages);
        }
        true
    }

    /// Takes a subscription back, if there is one.
    pub(super) fn unsubscribe(&self, filter: &str) {
        let mut state = self.registry.lock();
        let Some(client) = state.mine(&self.client, &self.mailbox) else { return };
        if let Some(at) = client.filters.iter().position(|known| **known == *filter) {
            client.filters.swap_remove(at);
            state.unroute(filter, &self.mailbox);
        }
    }

    /// Whether a QoS 2 message of this identifier was taken and is not released.
    pub(super) fn has_received(&self, id: u16) -> bool {
        let mut state = self.registry.lock();
        state.mine(&self.client, &self.mailbox).is_some_and(|client| client.received.contains(&id))
    }

    /// Remembers that a QoS 2 message was taken, or that it was released.
    pub(super) fn set_received(&self, id: u16, received: bool) {
        let mut state = self.registry.lock();
        let Some(client) = state.mine(&self.client, &self.mailbox) else { return };
        if received {
            client.received.insert(id);
        } else {
            client.received.remove(&id);
        }
    }
}

impl State {
    /// Puts a message into the mailboxes of who has subscribed to it; `waiting` gets those to be rung.
    fn deliver(
        &mut self,
        topic: Option<Topic>,
        name: &str,
        payload: &[u8],
        packet: &mut BytesMut,
        waiting: &mut Vec<Arc<Mailbox>>,
    ) {
        let wild = self.wild.iter().filter(|(filter, _)| matches(name, filter));
        let wild = wild.flat_map(|(_, readers)| readers);
        let exact = topic.and_then(|topic| self.exact.get(&topic));
        let mut readers = exact.into_iter().flatten().chain(wild).peekable();
        if readers.peek().is_none() || write_publish(name, payload, false, packet).is_err() {
            return;
        }
        let bytes = packet.split().freeze();
        self.messages += 1;
        for mailbox in readers {
            match mailbox.put(&bytes, self.messages) {
                Put::First => waiting.push(Arc::clone(mailbox)),
                Put::Displaced => metrics::turned_away("slow-reader"),
                Put::More | Put::Twice => {}
            }
        }
    }

    /// A client, if it is still on this connection.
    fn mine(&mut self, client: &str, mailbox: &Arc<Mailbox>) -> Option<&mut Client> {
        let client = self.clients.get_mut(client)?;
        matches!(&client.place, Place::Here(here) if Arc::ptr_eq(here, mailbox)).then_some(client)
    }

    fn leave(&mut self, name: &Arc<str>, mailbox: &Arc<Mailbox>) {
        let Some(client) = self.mine(name, mailbox) else { return };
        if client.clean {
            self.forget(name);
            return;
        }
        let filters = client.filters.clone();
        client.place = Place::AwaySince(Instant::now());
        self.away += 1;
        filters.iter().for_each(|filter| self.unroute(filter, mailbox));
    }

    /// Ends a session, and the connection that it is on.
    fn forget(&mut self, name: &str) -> Option<Client> {
        let client = self.clients.remove(name)?;
        match &client.place {
            Place::Here(mailbox) => {
                client.filters.iter().for_each(|filter| self.unroute(filter, mailbox));
                mailbox.end();
            }
            Place::AwaySince(_) => self.away -= 1,
        }
        Some(client)
    }

    fn forget_who_is_gone(&mut self, now: Instant) {
        if self.away > 0 {
            self.clients.retain(|_, client| match client.place {
                Place::AwaySince(since) => now.saturating_duration_since(since) < KEPT,
                Place::Here(_) => true,
            });
            let away = self.clients.values().filter(|client| matches!(client.place, Place::AwaySince(_)));
            self.away = away.count();
        }
    }

    fn forget_the_longest_away(&mut self) {
        let away = self.clients.iter().filter_map(|(name, client)| match client.place {
            Place::AwaySince(since) => Some((since, Arc::clone(name))),
            Place::Here(_) => None,
        });
        if let Some((_, name)) = away.min_by_key(|(since, _)| *since) {
            self.forget(&name);
        }
    }

    /// Sends what a filter means to a mailbox from now on. Returns whether it does: not if it is one more than every
    /// message can be compared with.
    fn route(&mut self, filter: &Arc<str>, mailbox: &Arc<Mailbox>) -> bool {
        let readers = match filter.parse() {
            Ok(topic) => self.exact.entry(topic).or_default(),
            Err(_) if self.wild.len() >= MAX_WILD && !self.wild.contains_key(filter) => return false,
            Err(_) => self.wild.entry(Arc::clone(filter)).or_default(),
        };
        if let Err(at) = place(readers, mailbox) {
            readers.insert(at, Arc::clone(mailbox));
        }
        true
    }

    fn unroute(&mut self, filter: &str, mailbox: &Arc<Mailbox>) {
        match filter.parse() {
            Ok(topic) => remove(&mut self.exact, &topic, mailbox),
            Err(_) => remove(&mut self.wild, filter, mailbox),
        }
    }
}

fn remove<K, Q>(readers: &mut HashMap<K, Readers>, key: &Q, mailbox: &Mailbox)
where
    K: Borrow<Q> + Eq + Hash,
    Q: Eq + Hash + ?Sized,
{
    let Some(all) = readers.get_mut(key) else { return };
    if let Ok(at) = place(all, mailbox) {
        all.remove(at);
    }
    if all.is_empty() {
        readers.remove(key);
    }
}

fn place(readers: &[Arc<Mailbox>], mailbox: &Mailbox) -> Result<usize, usize> {
    readers.binary_search_by_key(&mailbox.number, |reader| reader.number)
}

/// How long a session is kept without a connection.
const KEPT: Duration = Duration::from_secs(600);
/// How many subscriptions a client may have.
const MAX_FILTERS: usize = 16;
/// How many different filters with wildcards there may be, of all clients: each message is compared with each of them.
const MAX_WILD: usize = 256;
/// Our own topics have 40.
const MAX_FILTER_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use alleycat_shared::ClassId;

    use super::*;

    fn registry() -> Arc<Registry> {
        Arc::new(Registry::new(4))
    }

    fn join(registry: &Arc<Registry>, client: &str, clean: bool) -> (Seat, bool) {
        registry.join(client, None, clean).ok().unwrap()
    }

    fn board(class: u64) -> Topic {
        Topic::Board(ClassId::try_from(class).unwrap())
    }

    fn publish(registry: &Registry, topic: Topic, retain: bool) {
        registry.publish(&[Outgoing { topic, payload: Bytes::from_static(b"{}"), retain }]);
    }

    /// How many packets wait for a client.
    fn waiting(seat: &Seat) -> usize {
        let mut out = BytesMut::new();
        seat.mailbox.take(usize::MAX, &mut out);
        out.windows(2).filter(|window| window == b"{}").count()
    }

    /// How many retained packets come with it.
    fn subscribe(seat: &Seat, filter: &str) -> usize {
        assert!(seat.subscribe(filter), "{filter}");
        waiting(seat)
    }

    #[test]
    fn who_subscribes_gets_what_matches_once() {
        let registry = registry();
        let (one, _) = join(&registry, "one", true);
        for filter in ["alleycat-subscribe/1/board", "alleycat-subscribe/+/board", "alleycat-subscribe/#"] {
            assert_eq!(subscribe(&one, filter), 0);
        }
        publish(&registry, board(1), false);
        publish(&registry, board(2), false);
        assert_eq!(waiting(&one), 2);
        one.unsubscribe("alleycat-subscribe/+/board");
        one.unsubscribe("alleycat-subscribe/#");
        publish(&registry, board(2), false);
        assert_eq!((waiting(&one), registry.is_watched(board(1))), (0, true));
        drop(one);
        assert!(!registry.is_watched(board(1)));
    }

    #[test]
    fn the_last_retained_message_comes_with_each_subscription() {
        let registry = registry();
        publish(&registry, board(1), true);
        publish(&registry, board(1), true);
        let (one, _) = join(&registry, "one", true);
        assert!(one.subscribe("alleycat-subscribe/1/board"));
        let mut out = BytesMut::new();
        one.mailbox.take(usize::MAX, &mut out);
        assert_eq!(out[0], 0x31, "marked as retained");
        assert_eq!(subscribe(&one, "alleycat-subscribe/1/board"), 1, "again for the same [MQTT-3.8.4-3]");
        for _ in 0..1_000 {
            assert!(one.subscribe("alleycat-subscribe/1/board"));
        }
        assert_eq!(waiting(&one), 256, "who asks without end gets no more than who reads slowly");
    }

    #[test]
    fn a_session_is_kept_for_who_wants_it_kept() {
        let registry = registry();
        for clean in [false, true] {
            let (seat, present) = join(&registry, "one", clean);
            assert!(!present);
            subscribe(&seat, "alleycat-subscribe/1/board");
            seat.set_received(7, true);
            drop(seat);
            publish(&registry, board(1), false);
            let (seat, present) = join(&registry, "one", false);
            publish(&registry, board(1), false);
            let kept = !clean;
            assert_eq!((present, waiting(&seat), seat.has_received(7)), (kept, usize::from(kept), kept));
            // And the next one starts afresh.
            drop(seat);
            drop(join(&registry, "one", true));
        }
    }

    #[test]
    fn the_newer_connection_has_the_session_and_the_older_can_do_nothing() {
        let registry = registry();
        let (old, _) = join(&registry, "one", false);
        subscribe(&old, "alleycat-subscribe/1/board");
        let (new, present) = join(&registry, "one", false);
        assert!(present && old.mailbox.take(1, &mut BytesMut::new()), "told that it is over");
        assert!(!old.subscribe("alleycat-subscribe/2/board"));
        drop(old);
        publish(&registry, board(1), false);
        assert_eq!(waiting(&new), 1);
        assert_eq!(registry.join("one", Some("7"), true).err(), Some(Anothers));
    }

    #[test]
    fn sessions_and_subscriptions_are_bounded() {
        let registry = registry();
        for client in 0..20 {
            drop(join(&registry, &format!("client-{client}"), false));
        }
        assert_eq!(registry.lock().clients.len(), 4);
        registry.lock().forget_who_is_gone(Instant::now() + KEPT);
        assert_eq!(registry.lock().clients.len(), 0);
        let (seat, _) = join(&registry, "", true);
        for level in 0..MAX_FILTERS {
            subscribe(&seat, &format!("alleycat-subscribe/{level}"));
        }
        assert!(!seat.subscribe("alleycat-subscribe/x"));
        assert_eq!(subscribe(&seat, "alleycat-subscribe/0"), 0, "what it has it may ask for again");
        drop(seat);
        for client in 0..2 * MAX_WILD {
            let (seat, _) = join(&registry, &format!("kept-{}", client % 4), false);
            for level in 0..MAX_FILTERS {
                seat.subscribe(&format!("alleycat-subscribe/{client}/{level}/+"));
            }
        }
        let seats: Vec<_> =
            (0..4).map(|client| join(&registry, &format!("kept-{client}"), false).0).collect();
        assert!(registry.lock().wild.len() <= MAX_WILD);
        drop(seats);
        assert_eq!(registry.lock().wild.len(), 0);
    }
}
