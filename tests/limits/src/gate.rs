//! What passes: all streams with their shards, the iterators that were given, and the chance of faults.
//!
//! No IO and no clock: [`crate::calls`] says what is asked and when.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Instant;

use alleycat_stream::key::{HashKey, HashRange};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::shard::Shard;
use crate::{Counts, Settings};

#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) settings: Settings,
    streams: BTreeMap<String, Stream>,
    iterators: Iterators,
    chance: ChaCha8Rng,
}

/// What becomes of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes on, for this shard; nobody knows which if the stream's shards are not known.
    Passes(Option<String>),
    /// It is told to have failed after it was taken.
    Doubtful(Option<String>),
    /// Its shard is over a limit, or said to be.
    Throttled(String),
    /// It fails.
    Fails,
}

/// What is known of a shard from a list of the stream's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) range: HashRange,
    pub(crate) closed: bool,
}

#[derive(Debug, Default)]
struct Stream {
    shards: BTreeMap<String, Shard>,
    /// Whether the shards may have changed since they were listed.
    stale: bool,
}

impl Gate {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            streams: BTreeMap::new(),
            iterators: Iterators::default(),
            chance: ChaCha8Rng::seed_from_u64(settings.seed),
        }
    }

    /// Whether the shards are known as they are now.
    pub(crate) fn knows(&self, stream: &str) -> bool {
        self.streams.get(stream).is_some_and(|stream| !stream.stale && !stream.shards.is_empty())
    }

    /// The shards may have changed.
    pub(crate) fn doubts(&mut self, stream: &str) {
        if let Some(stream) = self.streams.get_mut(stream) {
            stream.stale = true;
        }
    }

    /// The stream has these shards.
    pub(crate) fn listed(&mut self, stream: &str, listed: Vec<Listed>, now: Instant) {
        let stream = self.streams.entry(stream.to_owned()).or_default();
        stream.stale = false;
        for Listed { id, range, closed } in listed {
            let shard = stream.shards.entry(id).or_insert_with(|| Shard::new(range, &self.settings, now));
            if shard.range != range {
                // A stream of the same name was deleted and made again.
                *shard = Shard::new(range, &self.settings, now);
            }
            shard.counts.closed = closed;
        }
    }

    /// A record wants into a stream.
    pub(crate) fn weigh(&mut self, stream: &str, key: HashKey, bytes: usize, now: Instant) -> Fate {
        let shards = self.streams.get_mut(stream).map(|stream| &mut stream.shards);
        let found = shards.and_then(|shards| {
            shards.iter_mut().find(|(_, shard)| !shard.counts.closed && shard.range.contains(key))
        });
        let Some((id, shard)) = found else { return Fate::Passes(None) };
        if !shard.admits(bytes, now) {
            return Fate::Throttled(id.clone());
        }
        let Settings { fail, doubt, .. } = self.settings;
        let lot = self.chance.random::<f64>();
        if lot < fail {
            shard.counts.failed_records += 1;
            return if lot < fail / 2.0 { Fate::Fails } else { Fate::Throttled(id.clone()) };
        }
        if lot < fail + doubt { Fate::Doubtful(Some(id.clone())) } else { Fate::Passes(Some(id.clone())) }
    }

    /// The stream took a record into a shard: not always the one that was expected.
    pub(crate) fn took(
        &mut self,
        stream: &str,
        expected: Option<&str>,
        shard: &str,
        bytes: usize,
        doubt: bool,
    ) {
        let Some(known) = self.streams.get_mut(stream) else { return };
        known.stale |= expected.is_some_and(|expected| expected != shard);
        if let Some(shard) = known.shards.get_mut(shard) {
            shard.took(bytes);
            shard.counts.doubtful_records += u64::from(doubt);
        }
    }

    /// An iterator of a shard was given.
    pub(crate) fn gave_iterator(&mut self, iterator: &str, stream: &str, shard: &str) {
        self.iterators.add(iterator, Place { stream: stream.to_owned(), shard: shard.to_owned() });
    }

    /// The stream and the shard of an iterator that was given here.
    pub(crate) fn place(&self, iterator: &str) -> Option<Place> {
        self.iterators.places.get(iterator).cloned()
    }

    /// Somebody wants to read from a place.
    pub(crate) fn weigh_read(&mut self, place: &Place, now: Instant) -> Fate {
        let Some(shard) = self.shard(place) else { return Fate::Passes(None) };
        if !shard.lets_read(now) {
            return Fate::Throttled(place.shard.clone());
        }
        if self.chance.random::<f64>() < self.settings.fail { Fate::Fails } else { Fate::Passes(None) }
    }

    /// A place gave so much.
    pub(crate) fn gave(&mut self, place: &Place, bytes: usize) {
        if let Some(shard) = self.shard(place) {
            shard.gave(bytes);
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        let of =
            |stream: &Stream| stream.shards.iter().map(|(id, shard)| (id.clone(), shard.counts)).collect();
        Counts(self.streams.iter().map(|(name, stream)| (name.clone(), of(stream))).collect())
    }

    fn shard(&mut self, place: &Place) -> Option<&mut Shard> {
        self.streams.get_mut(&place.stream)?.shards.get_mut(&place.shard)
    }
}

/// Where an iterator reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) stream: String,
    pub(crate) shard: String,
}

/// The iterators that were given last: enough for all readers that a test has, and never more.
#[derive(Debug, Default)]
struct Iterators {
    places: HashMap<String, Place>,
    order: VecDeque<String>,
}

impl Iterators {
    fn add(&mut self, iterator: &str, place: Place) {
        if self.places.insert(iterator.to_owned(), place).is_some() {
            return;
        }
        self.order.push_back(iterator.to_owned());
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.places.remove(&oldest);
        }
    }
}

const REMEMBERED: usize = 10_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn halves() -> Vec<Listed> {
        let ranges = HashRange::even(2).into_iter().enumerate();
        ranges.map(|(n, range)| Listed { id: format!("shard-{n}"), range, closed: false }).collect()
    }

    fn gate(settings: Settings, now: Instant) -> Gate {
        let mut gate = Gate::new(settings);
        gate.listed("s", halves(), now);
        gate
    }

    /// How many of so many records pass.
    fn passed(gate: &mut Gate, key: HashKey, bytes: usize, records: u32, now: Instant) -> u32 {
        let fates = (0..records).map(|_| gate.weigh("s", key, bytes, now));
        fates.map(|fate| u32::from(matches!(fate, Fate::Passes(_)))).sum()
    }

    const LOW: HashKey = HashKey(0);
    const HIGH: HashKey = HashKey(u128::MAX);

    #[test]
    fn each_shard_has_its_own_records_and_bytes() {
        let now = Instant::now();
        let mut gate = gate(Settings::default(), now);
        assert_eq!(passed(&mut gate, LOW, 10, 1_500, now), 1_000);
        assert_eq!(passed(&mut gate, HIGH, 1_024, 1_500, now), 1_000);
        let later = now + Duration::from_secs(1);
        assert_eq!(passed(&mut gate, HIGH, 300 * 1_024, 10, later), 3, "by bytes");
        assert_eq!(passed(&mut gate, LOW, 1_024 * 1_024, 2, later), 1, "the largest record passes");
        let low = gate.counts().0["s"]["shard-0"];
        assert_eq!((low.throttled_records, low.throttled_bytes), (501, 500 * 10 + 1_024 * 1_024));
    }

    #[test]
    fn after_a_split_the_children_are_weighed_and_the_parent_no_more() {
        let now = Instant::now();
        let mut gate = gate(Settings::default(), now);
        gate.took("s", Some("shard-0"), "shard-2", 10, false);
        assert!(!gate.knows("s"), "an answer from another shard says that the shards have changed");
        let mut listed = halves();
        listed[0].closed = true;
        for (n, range) in HashRange::even(4).into_iter().take(2).enumerate() {
            listed.push(Listed { id: format!("shard-{}", n + 2), range, closed: false });
        }
        gate.listed("s", listed, now);
        assert!(gate.knows("s"));
        assert_eq!(gate.weigh("s", LOW, 1, now), Fate::Passes(Some("shard-2".into())));
        assert!(gate.counts().0["s"]["shard-0"].closed);
    }

    #[test]
    fn faults_are_as_frequent_as_asked_and_the_same_for_the_same_seed() {
        let now = Instant::now();
        let settings =
            Settings { fail: 0.1, doubt: 0.05, records_per_second: 100_000, ..Settings::default() };
        let fates = || {
            let mut gate = gate(settings, now);
            (0..20_000).map(|_| gate.weigh("s", LOW, 1, now)).collect::<Vec<_>>()
        };
        let (one, other) = (fates(), fates());
        assert_eq!(one, other);
        let count = |good: fn(&Fate) -> bool| one.iter().filter(|fate| good(fate)).count();
        assert!((900..1_100).contains(&count(|fate| *fate == Fate::Fails)));
        assert!((900..1_100).contains(&count(|fate| matches!(fate, Fate::Throttled(_)))));
        assert!((900..1_100).contains(&count(|fate| matches!(fate, Fate::Doubtful(_)))));
    }

    #[test]
    fn a_shard_is_read_five_times_a_second_and_pays_for_a_large_answer() {
        let now = Instant::now();
        let mut gate = gate(Settings::default(), now);
        gate.gave_iterator("i", "s", "shard-0");
        let place = gate.place("i").unwrap();
        let mut reads = |now| (0..9).filter(|_| gate.weigh_read(&place, now) == Fate::Passes(None)).count();
        assert_eq!([reads(now), reads(now), reads(now + Duration::from_secs(1))], [5, 0, 5]);
        gate.gave(&place, 10 * 1_024 * 1_024);
        assert_eq!(gate.weigh_read(&place, now + Duration::from_secs(4)), Fate::Throttled("shard-0".into()));
        assert_eq!(gate.weigh_read(&place, now + Duration::from_secs(6)), Fate::Passes(None));
        assert_eq!(gate.place("another"), None);
    }

    #[test]
    fn iterators_are_forgotten_one_day() {
        let mut iterators = Iterators::default();
        for n in 0..=REMEMBERED {
            iterators.add(&n.to_string(), Place { stream: String::new(), shard: String::new() });
        }
        assert_eq!((iterators.places.len(), iterators.order.len()), (REMEMBERED, REMEMBERED));
        assert!(!iterators.places.contains_key("0"));
    }
}
