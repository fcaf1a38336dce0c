//! Makes what the hub has taken durable: many messages, one commit.
//!
//! Whoever takes something appends it here, which costs no IO, and learns by number when it is on the disk:
//! everything up to [`Journal::appended`] is, once [`Journal::durable`] has reached that number. One thread
//! commits; what comes meanwhile is the next commit.
//!
//! A disk that is full or read-only does not stop the races. Nothing becomes durable then, so nothing is
//! acknowledged; what was taken waits here, up to [`MAX_BACKLOG`] bytes, and is tried again every second.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use alleycat_shared::message::RaceMessage;
use alleycat_shared::{ClassId, Millis, RaceId, RacerId};
use tokio::sync::watch;

use crate::metrics;
use crate::store::{Batch, DeletionRow, Keep, Official, Record, SeatRow, Store, StreamMark, VerdictRow};

/// The journal; its thread ends with [`Journal::stop`].
pub(crate) struct Journal {
    store: Arc<Store>,
    queue: Mutex<Queue>,
    arrived: Condvar,
    durable: watch::Sender<u64>,
    failing: watch::Sender<Option<String>>,
    /// Bytes in the outbox, what waits for its commit included.
    outbox: AtomicU64,
    /// The most that the outbox may hold.
    outbox_limit: AtomicU64,
}

/// What is full when nothing more may be appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// What waits for the disk.
    Backlog,
    /// What waits for the targets of rules.
    Outbox,
}

impl Full {
    /// Counts that somebody was turned away for it.
    pub(crate) fn count(self) {
        match self {
            Self::Backlog => metrics::turned_away("journal-full"),
            Self::Outbox => metrics::turned_away("outbox-full"),
        }
    }
}

#[derive(Default)]
struct Queue {
    /// What the next commit holds.
    next: Batch,
    /// How many things were ever appended.
    appended: u64,
    /// Closed races that are not in the store yet: those of `next`, and those of the commit that runs.
    unsaved: Vec<Arc<Official>>,
    /// What may be forgotten, when there is time for it.
    keep: Option<Keep>,
    stop: bool,
}

impl Journal {
    /// Starts the thread that commits.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(crate) fn start(store: Arc<Store>) -> io::Result<(Arc<Self>, JoinHandle<()>)> {
        let journal = Arc::new(Self::new(store));
        let committing = Arc::clone(&journal);
        let thread =
            std::thread::Builder::new().name("journal".to_owned()).spawn(move || committing.run())?;
        Ok((journal, thread))
    }

    /// Nobody commits it yet.
    fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            queue: Mutex::default(),
            arrived: Condvar::new(),
            durable: watch::Sender::new(0),
            failing: watch::Sender::new(None),
            outbox: AtomicU64::new(0),
            outbox_limit: AtomicU64::new(u64::MAX),
        }
    }

    /// Appends a message that was taken, or one that came too late to be.
    pub(crate) fn message(&self, message: &RaceMessage, now: Millis, late: bool) {
        if !self.store.is_kept() {
            return;
        }
        let mut queue = self.lock();
        Record::write(message, now, late, &mut queue.next.records);
        queue.next.race = queue.next.race.max(Some(message.race_id));
        self.added(queue);
    }

    /// Appends an official result.
    pub(crate) fn official(&self, official: Arc<Official>) {
        let mut queue = self.lock();
        queue.unsaved.push(Arc::clone(&official));
        queue.next.officials.push(official);
        self.added(queue);
    }

    /// Appends a seat, in place of one of the same racer that waits; returns the number to wait for.
    pub(crate) fn seat(&self, seat: SeatRow) -> u64 {
        let mut queue = self.lock();
        queue.next.seats.insert(seat.racer, seat);
        self.added(queue)
    }

    /// Appends what the host says of a ride; returns the number to wait for.
    pub(crate) fn verdict(&self, verdict: VerdictRow) -> u64 {
        let mut queue = self.lock();
        queue.next.verdicts.push(verdict);
        self.added(queue)
    }

    /// Appends that a racer's rides are to be gone; returns the number to wait for.
    pub(crate) fn deletion(&self, deletion: DeletionRow) -> u64 {
        let mut queue = self.lock();
        queue.next.deletions.push(deletion);
        self.added(queue)
    }

    /// Appends whether a racer wants to be named on the all-time boards; returns the number to wait for.
    pub(crate) fn named(&self, racer: RacerId, named: bool) -> u64 {
        let mut queue = self.lock();
        queue.next.named.insert(racer, named);
        self.added(queue)
    }

    /// Appends a message for the targets of rules, encoded.
    pub(crate) fn outgoing(&self, message: &[u8]) {
        self.outbox.fetch_add(message.len() as u64, Ordering::Relaxed);
        let mut queue = self.lock();
        queue.next.outgoing.extend_from_slice(message);
        self.added(queue);
    }

    /// Takes a row of so many bytes out of the outbox.
    pub(crate) fn delivered(&self, row: i64, bytes: usize) {
        let mut queue = self.lock();
        queue.next.delivered.push(row);
        self.added(queue);
        self.outbox.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    /// Keeps how far a stream was read; what was taken from it was appended before. Returns the number to
    /// wait for.
    #[cfg_attr(not(feature = "kinesis"), expect(dead_code, reason = "only a stream feeds races"))]
    pub(crate) fn mark(&self, mark: StreamMark) -> u64 {
        let mut queue = self.lock();
        queue.next.marks.push(mark);
        self.added(queue)
    }

    /// Bytes in the outbox.
    pub(crate) fn outbox_bytes(&self) -> u64 {
        self.outbox.load(Ordering::Relaxed)
    }

    /// What the outbox holds already, and the most that it may hold.
    pub(crate) fn limit_outbox(&self, bytes: u64, limit: u64) {
        self.outbox.fetch_add(bytes, Ordering::Relaxed);
        self.outbox_limit.store(limit, Ordering::Relaxed);
    }

    /// Whether the outbox is full: its targets take nothing for long.
    pub(crate) fn outbox_is_full(&self) -> bool {
        self.outbox_bytes() >= self.outbox_limit.load(Ordering::Relaxed)
    }

    /// Says what may be forgotten from now on.
    pub(crate) fn forget(&self, keep: Keep) {
        self.lock().keep = Some(keep);
        self.arrived.notify_one();
    }

    /// How many things were appended so far.
    pub(crate) fn appended(&self) -> u64 {
        self.lock().appended
    }

    /// How many of them are on the disk.
    pub(crate) fn durable(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }

    /// Why nothing more may be appended, if so: only a disk that has failed for long fills the backlog, or targets of
    /// rules that take nothing for long the outbox.
    pub(crate) fn full(&self) -> Option<Full> {
        if self.backlog_is_full() {
            return Some(Full::Backlog);
        }
        self.outbox_is_full().then_some(Full::Outbox)
    }

    /// Whether so much waits for the disk that nothing more may be appended.
    pub(crate) fn backlog_is_full(&self) -> bool {
        let next = &self.lock().next;
        next.records.len() + next.outgoing.len() >= MAX_BACKLOG
    }

    /// Why nothing becomes durable, if so.
    pub(crate) fn failing(&self) -> Option<String> {
        self.failing.borrow().clone()
    }

    /// A closed race that is not in the store yet.
    pub(crate) fn unsaved(&self, race: RaceId, class: ClassId) -> Option<Arc<Official>> {
        let of =
            |official: &&Arc<Official>| (official.result.race_id, official.result.class_id) == (race, class);
        self.lock().unsaved.iter().find(of).cloned()
    }

    /// All closed races that are not in the store yet.
    pub(crate) fn all_unsaved(&self) -> Vec<Arc<Official>> {
        self.lock().unsaved.clone()
    }

    /// Commits what there is and ends the thread. A disk that fails is not waited for.
    pub(crate) fn stop(&self) {
        self.lock().stop = true;
        self.arrived.notify_one();
    }

    fn added(&self, mut queue: MutexGuard<'_, Queue>) -> u64 {
        queue.appended += 1;
        let number = queue.appended;
        drop(queue);
        self.arrived.notify_one();
        number
    }

    fn run(&self) {
        let mut spare = Vec::new();
        let mut began: Option<Instant> = None;
        loop {
            let mut queue = self.lock();
            while queue.appended == *self.durable.borrow() && queue.keep.is_none() && !queue.stop {
                queue = self.arrived.wait(queue).expect("no holder of this lock panics");
            }
            drop(queue);
            if let Some(rest) = began.and_then(|began| PACE.checked_sub(began.elapsed())) {
                std::thread::sleep(rest);
            }
            began = Some(Instant::now());
            let mut queue = self.lock();
            let (number, stop) = (queue.appended, queue.stop);
            let mut batch = std::mem::take(&mut queue.next);
            queue.next.records = spare;
            let keep = queue.keep.take();
            drop(queue);
            if number > *self.durable.borrow() && !self.commit(&batch, number) {
                return;
            }
            if stop {
                return;
            }
            if let Some(keep) = keep {
                self.tidy(keep);
            }
            batch.records.clear();
            // One burst must not hold its memory for ever.
            batch.records.shrink_to(SPARE);
            spare = batch.records;
        }
    }

    /// Commits a batch, however often it takes. Returns whether it is on the disk: it may not be when the
    /// hub ends.
    fn commit(&self, batch: &Batch, number: u64) -> bool {
        let mut spoke: Option<Instant> = None;
        loop {
            let start = Instant::now();
            match self.store.commit(batch) {
                Ok(()) => {
                    metrics::journal_commit(start.elapsed(), batch.records.len());
                    self.lock().unsaved.drain(..batch.officials.len());
                    self.durable.send_replace(number);
                    if self.failing.send_replace(None).is_some() {
                        tracing::info!("the store can be written again: nothing was lost");
                        metrics::journal_failing(false);
                    }
                    return true;
                }
                Err(error) => {
                    if spoke.is_none_or(|spoke| spoke.elapsed() >= SPEAK_EVERY) {
                        spoke = Some(Instant::now());
                        tracing::error!(%error, "the store can't be written: races go on, nothing is acknowledged. Free some room or mend the disk");
                    }
                    self.failing.send_replace(Some(error.to_string()));
                    metrics::journal_failing(true);
                }
            }
            let queue = self.lock();
            if queue.stop {
                tracing::error!(
                    unwritten = queue.appended - *self.durable.borrow(),
                    "ending with a store that can't be written"
                );
                return false;
            }
            // Only the hub's end cuts this wait short in effect; what arrives waits for the disk anyway.
            _ = self.arrived.wait_timeout_while(queue, RETRY, |queue| !queue.stop);
        }
    }

    /// Forgets a little; the rest when there is time again.
    fn tidy(&self, keep: Keep) {
        match self.store.forget(&keep) {
            Ok(true) => {
                let mut queue = self.lock();
                queue.keep = queue.keep.or(Some(keep));
            }
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "old races could not be forgotten"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("no holder of this lock panics")
    }
}

/// The most that waits for a disk that fails, in bytes: a quarter of an hour of 1,000 riders.
pub(crate) const MAX_BACKLOG: usize = 64 * 1024 * 1024;
/// Commits begin at least this far apart: each one costs the same, however much it holds. A rider does not
/// notice it, and who comes after a pause does not wait at all.
pub(crate) const PACE: Duration = Duration::from_millis(20);
/// How much of a buffer is kept for the next commit, in bytes.
const SPARE: usize = 1024 * 1024;
const RETRY: Duration = Duration::from_secs(1);
const SPEAK_EVERY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use alleycat_shared::RacerName;

    use super::*;

    #[test]
    fn of_each_racer_one_seat_waits_for_the_disk_and_the_last_one_is_kept() {
        let store = Arc::new(Store::open(None, 60).unwrap());
        let journal = Journal::new(Arc::clone(&store));
        for nonce in 0..1_000 {
            let (racer, name) = (RacerId::try_from(7 + nonce % 2).unwrap(), RacerName::new("Ann").unwrap());
            journal.seat(SeatRow { racer, nonce, name, expires: 1 });
            journal.named(racer, nonce < 998);
        }
        let waiting = |queue: &Queue| (queue.next.seats.len(), queue.next.named.len(), queue.appended);
        assert_eq!(waiting(&journal.lock()), (2, 2, 2_000));
        journal.stop();
        journal.run();
        assert_eq!(*journal.durable().borrow(), 2_000);
        let mut kept: Vec<_> = store.seats(0).unwrap().iter().map(|row| row.nonce).collect();
        kept.sort_unstable();
        assert_eq!((kept, store.named().unwrap().len()), (vec![998, 999], 0));
    }
}
