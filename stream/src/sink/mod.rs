//! Records on their way into a stream: batched, put again when the stream says so, in order where order is
//! wanted. No IO, and time and chance are arguments.
//!
//! [`Sink::push`] takes a record and the owner's ticket for it; [`Sink::poll`] gives the next `PutRecords` to
//! send; [`Sink::answered`] and [`Sink::failed`] take what became of it; [`Sink::finished`] tells the owner
//! which tickets are done. Nothing is forgotten: every ticket is finished once.

mod settings;

pub use settings::{Order, Settings};

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::backoff::Backoff;
use crate::record::Record;

/// The core of a sink.
#[derive(Debug)]
pub struct Sink {
    settings: Settings,
    backoff: Backoff,
    /// May go now; with [`Order::Key`] at most one record of each key, and none of a key under way.
    ready: VecDeque<Held>,
    /// With [`Order::Key`]: for each key of which a record is ready, delayed or under way, those behind it.
    lanes: HashMap<String, VecDeque<Held>>,
    /// To be put again, by when.
    delayed: BTreeMap<(u64, u64), Held>,
    /// How many were ever delayed.
    delays: u64,
    under_way: HashMap<u64, Vec<Held>>,
    finished: VecDeque<Done>,
    /// No put before this moment: the last one did not get through at all.
    pause_until: u64,
    /// Puts in a row that did not get through.
    failures: u32,
    records: usize,
    bytes: usize,
    ready_bytes: usize,
    next_id: u64,
    counts: Counts,
}

/// A record that is somewhere in the sink.
#[derive(Debug)]
struct Held {
    record: Record,
    ticket: u64,
    /// When it came, ms.
    since: u64,
    tries: u32,
    refusals: u32,
    /// How many records may travel in its put: fewer once a put with it was found unfit.
    with: usize,
}

/// One `PutRecords`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// To be given back with the answer.
    pub id: u64,
    /// At most [`Settings::records_per_put`].
    pub records: Vec<Record>,
}

/// Where a record went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The shard.
    pub shard: String,
    /// Its place in the shard.
    pub sequence: String,
}

/// Why a record was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordFault {
    /// The shard takes no more at the moment: it is put again.
    Throttled,
    /// The service failed: it is put again.
    Internal,
    /// It will never be taken.
    Refused(String),
}

/// Why a whole put came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutFault {
    /// The stream could not be reached, or was too busy: it is tried for ever.
    Away(String),
    /// The stream takes no more at the moment, and has said so of the whole put: it is tried for ever.
    Throttled,
    /// No such stream, or no permission: tried [`Settings::refusals`] times, for both may be mended.
    Refused(String),
    /// Something in it will never be taken, and the service does not say what: it is put again in halves until
    /// the record is found.
    Unfit(String),
}

impl PutFault {
    /// What went wrong, in words.
    pub fn why(&self) -> &str {
        match self {
            Self::Away(why) | Self::Refused(why) | Self::Unfit(why) => why,
            Self::Throttled => "the stream takes no more at the moment",
        }
    }
}

/// A record that the sink is done with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The owner's ticket.
    pub ticket: u64,
    /// How long it was here, ms.
    pub took_ms: u64,
    /// Where it went, or why it will never.
    pub outcome: Result<Placed, String>,
}

/// What has happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Puts sent.
    pub puts: u64,
    /// Records that were taken.
    pub placed: u64,
    /// Bytes that were taken: data and partition keys.
    pub bytes: u64,
    /// Answers that a shard takes no more, by record.
    pub throttled: u64,
    /// Answers that the service failed, by record.
    pub internal: u64,
    /// Puts that did not get through.
    pub away: u64,
    /// Records that will never be taken.
    pub failed: u64,
}

/// There is no room: try again when something has finished.
#[derive(Debug)]
pub struct Full(pub Record);

impl Sink {
    /// An empty sink. The same seed gives the same waits.
    pub fn new(settings: Settings, seed: u64) -> Self {
        Self {
            backoff: Backoff::new(settings.first_wait_ms, settings.longest_wait_ms, seed),
            settings,
            ready: VecDeque::new(),
            lanes: HashMap::new(),
            delayed: BTreeMap::new(),
            delays: 0,
            under_way: HashMap::new(),
            finished: VecDeque::new(),
            pause_until: 0,
            failures: 0,
            records: 0,
            bytes: 0,
            ready_bytes: 0,
            next_id: 0,
            counts: Counts::default(),
        }
    }

    /// Takes a record.
    ///
    /// # Errors
    /// [`Full`] with the record when there is no room. An empty sink has room for any record.
    pub fn push(&mut self, record: Record, ticket: u64, now: u64) -> Result<(), Full> {
        let Settings { buffer_records, buffer_bytes, order, .. } = self.settings;
        let too_many = self.records >= buffer_records || self.bytes + record.bytes() > buffer_bytes;
        if self.records > 0 && too_many {
            return Err(Full(record));
        }
        self.records += 1;
        self.bytes += record.bytes();
        let held = Held { record, ticket, since: now, tries: 0, refusals: 0, with: usize::MAX };
        if order == Order::Key {
            if let Some(lane) = self.lanes.get_mut(held.record.key()) {
                lane.push_back(held);
                return Ok(());
            }
            self.lanes.insert(held.record.key().to_owned(), VecDeque::new());
        }
        self.make_ready(held);
        Ok(())
    }

    /// The next put, if one is due.
    pub fn poll(&mut self, now: u64) -> Option<Put> {
        while let Some(entry) = self.delayed.first_entry()
            && entry.key().0 <= now
        {
            let held = entry.remove();
            self.ready_bytes += held.record.bytes();
            // Older than all that waits.
            self.ready.push_front(held);
        }
        if self.put_at().is_none_or(|at| at > now) {
            return None;
        }
        let Settings { records_per_put, bytes_per_put, .. } = self.settings;
        let (mut batch, mut bytes, mut most) = (Vec::new(), 0, records_per_put);
        while let Some(held) = self.ready.front() {
            let size = held.record.bytes();
            most = most.min(held.with);
            if !batch.is_empty() && (batch.len() >= most || bytes + size > bytes_per_put) {
                break;
            }
            bytes += size;
            batch.extend(self.ready.pop_front());
        }
        self.ready_bytes -= bytes;
        let id = self.next_id;
        self.next_id += 1;
        self.counts.puts += 1;
        let records = batch.iter().map(|held| held.record.clone()).collect();
        self.under_way.insert(id, batch);
        Some(Put { id, records })
    }

    /// When [`Sink::poll`] may have a put, if nothing else happens. Never before `now` while there is none.
    pub fn deadline(&self) -> Option<u64> {
        let delayed = (self.under_way.len() < self.settings.puts_at_once)
            .then(|| self.delayed.first_key_value().map(|((at, _), _)| (*at).max(self.pause_until)));
        self.put_at().into_iter().chain(delayed.flatten()).min()
    }

    /// The answer to a put: one result for each record, in their order. Fewer results than records are taken
    /// for faults of the service.
    pub fn answered(
        &mut self,
        now: u64,
        id: u64,
        results: impl IntoIterator<Item = Result<Placed, RecordFault>>,
    ) {
        let Some(batch) = self.under_way.remove(&id) else { return };
        self.failures = 0;
        let mut results = results.into_iter();
        let mut again = Vec::new();
        for mut held in batch {
            match results.next().unwrap_or(Err(RecordFault::Internal)) {
                Ok(placed) => {
                    self.counts.placed += 1;
                    self.counts.bytes += held.record.bytes() as u64;
                    self.finish(now, &held, Ok(placed));
                }
                Err(RecordFault::Refused(why)) => self.finish(now, &held, Err(why)),
                Err(fault) => {
                    let count = match fault {
                        RecordFault::Throttled => &mut self.counts.throttled,
                        _ => &mut self.counts.internal,
                    };
                    *count += 1;
                    held.tries += 1;
                    again.push(held);
                }
            }
        }
        // One wait for all, so that they travel together again.
        let tries = again.iter().map(|held| held.tries).max().unwrap_or(0);
        self.delay(now, tries, again);
    }

    /// A put came to nothing.
    pub fn failed(&mut self, now: u64, id: u64, fault: &PutFault) {
        let Some(mut batch) = self.under_way.remove(&id) else { return };
        match fault {
            PutFault::Unfit(why) => return self.halve(now, batch, why),
            PutFault::Throttled => self.counts.throttled += batch.len() as u64,
            PutFault::Away(_) => self.counts.away += 1,
            PutFault::Refused(why) => {
                self.counts.away += 1;
                batch.iter_mut().for_each(|held| held.refusals += 1);
                let given_up = batch.extract_if(.., |held| held.refusals >= self.settings.refusals);
                for held in given_up.collect::<Vec<_>>() {
                    self.finish(now, &held, Err(why.clone()));
                }
            }
        }
        self.failures = self.failures.saturating_add(1);
        let at = self.delay(now, self.failures, batch);
        self.pause_until = self.pause_until.max(at);
    }

    /// Puts a batch again in two, at once: the service is there, and one of the records is not to its liking.
    fn halve(&mut self, now: u64, mut batch: Vec<Held>, why: &str) {
        if let [alone] = batch.as_slice() {
            return self.finish(now, alone, Err(why.to_owned()));
        }
        let half = batch.len().div_ceil(2);
        while let Some(mut held) = batch.pop() {
            held.with = half;
            self.ready_bytes += held.record.bytes();
            self.ready.push_front(held);
        }
    }

    /// A ticket that is done, in the order in which they were.
    pub fn finished(&mut self) -> Option<Done> {
        self.finished.pop_front()
    }

    /// How many records are here, however far they are.
    pub fn len(&self) -> usize {
        self.records
    }

    /// Whether there is no record here.
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// How many bytes are here: data and partition keys.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// When what is ready is to go: at once if it fills a put, else when the oldest has waited long enough.
    fn put_at(&self) -> Option<u64> {
        let oldest = self.ready.front()?;
        if self.under_way.len() >= self.settings.puts_at_once {
            return None;
        }
        let Settings { records_per_put, bytes_per_put, linger_ms, .. } = self.settings;
        let is_full = self.ready.len() >= records_per_put || self.ready_bytes >= bytes_per_put;
        let at = if is_full { 0 } else { oldest.since.saturating_add(linger_ms) };
        Some(at.max(self.pause_until))
    }

    fn make_ready(&mut self, held: Held) {
        self.ready_bytes += held.record.bytes();
        self.ready.push_back(held);
    }

    /// Puts records again after a wait; returns until when.
    fn delay(&mut self, now: u64, tries: u32, again: Vec<Held>) -> u64 {
        let at = now + self.backoff.wait(tries);
        for held in again {
            self.delays += 1;
            // What came last goes to the front first, so that what came first is before it in the end.
            self.delayed.insert((at, u64::MAX - self.delays), held);
        }
        at
    }

    fn finish(&mut self, now: u64, held: &Held, outcome: Result<Placed, String>) {
        if outcome.is_err() {
            self.counts.failed += 1;
        }
        self.records -= 1;
        self.bytes -= held.record.bytes();
        let took_ms = now.saturating_sub(held.since);
        self.finished.push_back(Done { ticket: held.ticket, took_ms, outcome });
        if self.settings.order == Order::Key {
            match self.lanes.get_mut(held.record.key()).and_then(VecDeque::pop_front) {
                Some(next) => self.make_ready(next),
                None => _ = self.lanes.remove(held.record.key()),
            }
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
