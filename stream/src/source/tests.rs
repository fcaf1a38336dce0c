use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::key::{HashKey, HashRange};

/// A stream that remembers everything: what the service would answer.
#[derive(Debug, Default)]
struct Stream {
    shards: Vec<Simulated>,
    sequence: u64,
}

#[derive(Debug)]
struct Simulated {
    id: String,
    parents: Vec<String>,
    range: HashRange,
    records: Vec<Fetched>,
    open: bool,
}

impl Stream {
    fn new(shards: u32) -> Self {
        let mut stream = Self::default();
        HashRange::even(shards).into_iter().for_each(|range| stream.add(range, Vec::new()));
        stream
    }

    fn add(&mut self, range: HashRange, parents: Vec<String>) {
        let id = format!("shardId-{:012}", self.shards.len());
        self.shards.push(Simulated { id, parents, range, records: Vec::new(), open: true });
    }

    fn put(&mut self, key: u64, now: u64) {
        self.sequence += 1;
        let key = format!("k{key}");
        let place = HashKey::of(&key);
        let shard = self.shards.iter_mut().find(|shard| shard.open && shard.range.contains(place)).unwrap();
        let data = Bytes::from(self.sequence.to_string());
        shard.records.push(Fetched { sequence: format!("{:09}", self.sequence), key, data, arrived_ms: now });
    }

    fn open(&self) -> Vec<usize> {
        (0..self.shards.len()).filter(|at| self.shards[*at].open).collect()
    }

    fn split(&mut self, which: usize) {
        let open = self.open();
        let at = open[which % open.len()];
        let HashRange { start, end } = self.shards[at].range;
        let middle = start.0 + (end.0 - start.0) / 2;
        self.shards[at].open = false;
        let parent = vec![self.shards[at].id.clone()];
        self.add(HashRange { start, end: HashKey(middle) }, parent.clone());
        self.add(HashRange { start: HashKey(middle + 1), end }, parent);
    }

    fn merge(&mut self, which: usize) {
        let mut open = self.open();
        open.sort_by_key(|at| self.shards[*at].range.start);
        if open.len() < 2 {
            return;
        }
        let at = which % (open.len() - 1);
        let (left, right) = (open[at], open[at + 1]);
        let range = HashRange { start: self.shards[left].range.start, end: self.shards[right].range.end };
        let parents = vec![self.shards[left].id.clone(), self.shards[right].id.clone()];
        (self.shards[left].open, self.shards[right].open) = (false, false);
        self.add(range, parents);
    }

    fn list(&self) -> Vec<ShardInfo> {
        self.shards
            .iter()
            .map(|shard| ShardInfo { id: shard.id.clone(), parents: shard.parents.clone() })
            .collect()
    }

    fn shard(&self, id: &str) -> &Simulated {
        self.shards.iter().find(|shard| shard.id == id).unwrap()
    }

    /// An iterator is the index of the next record.
    fn iterator(&self, id: &str, position: &Position) -> String {
        let records = &self.shard(id).records;
        let index = match position {
            Position::Oldest => 0,
            Position::Newest => records.len(),
            Position::At(at) => records.partition_point(|record| record.arrived_ms < *at),
            Position::After(sequence) => records.partition_point(|record| record.sequence <= *sequence),
        };
        index.to_string()
    }

    fn records(&self, id: &str, iterator: &str, limit: u32, now: u64) -> Given {
        let shard = self.shard(id);
        let from: usize = iterator.parse().unwrap();
        let to = (from + limit as usize).min(shard.records.len());
        let rest = shard.records.get(to);
        Given {
            records: shard.records[from..to].to_vec(),
            next: (shard.open || rest.is_some()).then(|| to.to_string()),
            behind_ms: rest.map_or(0, |next| now - next.arrived_ms),
        }
    }
}

/// A reader of a simulated stream, and what it has given so far.
struct Reader {
    source: Source,
    checkpoints: Checkpoints,
    given: Vec<Fetched>,
    watermark: u64,
}

impl Reader {
    fn new(settings: Settings) -> Self {
        let source = Source::new(settings, Checkpoints::new(), 1);
        Self { source, checkpoints: Checkpoints::new(), given: Vec::new(), watermark: 0 }
    }

    /// Asks all that is due. `fault` may spoil an answer.
    fn read(&mut self, stream: &Stream, now: u64, fault: &mut dyn FnMut() -> Option<ReadFault>) {
        while let Some(ask) = self.source.poll(now) {
            match ask {
                Ask::List => self.source.listed(now, fault().map_or_else(|| Ok(stream.list()), Err)),
                Ask::Iterator { shard, position } => {
                    let answer = fault().map_or_else(|| Ok(stream.iterator(&shard, &position)), Err);
                    self.source.iterator(now, &shard, answer);
                }
                Ask::Records { shard, iterator, limit } => {
                    let answer =
                        fault().map_or_else(|| Ok(stream.records(&shard, &iterator, limit, now)), Err);
                    let Some(batch) = self.source.records(now, now, &shard, iterator, answer) else {
                        continue;
                    };
                    self.given.extend(batch.records.iter().cloned());
                    if let Some(checkpoint) = batch.checkpoint() {
                        self.checkpoints.insert(batch.shard, checkpoint);
                    }
                    let watermark = batch.watermark.unwrap_or(0);
                    self.watermark = self.watermark.max(watermark);
                }
            }
        }
    }
}

fn well() -> Option<ReadFault> {
    None
}

fn settings() -> Settings {
    Settings { records_per_read: 4, ..Settings::default() }
}

#[test]
fn shards_are_read_no_more_often_than_they_answer() {
    let mut stream = Stream::new(1);
    let mut reader = Reader::new(settings());
    let mut reads = Vec::new();
    for now in 0..2_000 {
        if now % 100 == 0 {
            stream.put(1, now);
        }
        reader.read(&stream, now, &mut well);
        reads.push(reader.source.counts().reads);
    }
    assert!((9..=10).contains(&reads[1_999]), "five times a second, not {}", reads[1_999]);
    assert_eq!(reader.given.len(), 20);
}

#[test]
fn a_full_answer_does_not_say_that_all_was_read() {
    let mut stream = Stream::new(1);
    (0..5).for_each(|at| stream.put(1, 100 + at));
    let mut reader = Reader::new(settings());
    reader.read(&stream, 5_000, &mut well);
    assert_eq!((reader.given.len(), reader.watermark), (4, 103));
    reader.read(&stream, 5_220, &mut well);
    assert_eq!((reader.given.len(), reader.watermark), (5, 4_220));
}

#[test]
fn children_wait_for_their_parents_and_a_restart_does_not_begin_anew() {
    let mut stream = Stream::new(1);
    (0..6).for_each(|at| stream.put(at, at));
    stream.split(0);
    (6..12).for_each(|at| stream.put(at, at));
    let mut reader = Reader::new(settings());
    reader.read(&stream, 100, &mut well);
    assert_eq!(reader.given.len(), 4, "of the parent, and nothing else");
    let mut again = Reader::new(settings());
    again.source = Source::new(settings(), reader.checkpoints.clone(), 2);
    (1..20).for_each(|turn| again.read(&stream, 100 + turn * 220, &mut well));
    assert_eq!(again.given.len(), 8);
    assert!(again.given[..2].iter().all(|record| record.arrived_ms < 6), "the parent's rest comes first");
    assert_eq!(again.checkpoints["shardId-000000000000"], Checkpoint::End);
    let text = serde_json::to_string(&again.checkpoints).unwrap();
    assert_eq!(serde_json::from_str::<Checkpoints>(&text).unwrap(), again.checkpoints);
}

#[test]
fn a_stream_may_be_begun_at_its_newest_record_and_its_children_at_their_oldest() {
    let mut stream = Stream::new(1);
    stream.put(1, 0);
    let mut reader = Reader::new(Settings { start: Start::Newest, ..settings() });
    reader.read(&stream, 10, &mut well);
    stream.put(2, 20);
    stream.split(0);
    stream.put(3, 30);
    (1..20).for_each(|turn| reader.read(&stream, 30 + turn * 220, &mut well));
    let data: Vec<_> = reader.given.iter().map(|record| record.data.clone()).collect();
    assert_eq!(data, ["2", "3"]);
}

#[test]
fn a_service_that_does_not_answer_is_asked_again_and_the_watermark_stays() {
    let mut stream = Stream::new(2);
    let mut reader = Reader::new(settings());
    let mut away = || Some(ReadFault::Failed("cut".into()));
    reader.read(&stream, 0, &mut away);
    assert_eq!(reader.source.trouble(), Some("cut"));
    let mut now = reader.source.deadline().unwrap();
    assert!(now >= 10);
    reader.read(&stream, now, &mut well);
    let before = reader.watermark;
    for _ in 0..20 {
        stream.put(now, now);
        now = reader.source.deadline().unwrap().max(now);
        reader.read(&stream, now, &mut away);
    }
    assert_eq!((reader.watermark, reader.given.len()), (before, 0));
    for _ in 0..20 {
        now = reader.source.deadline().unwrap().max(now);
        reader.read(&stream, now, &mut well);
    }
    assert_eq!((reader.given.len(), reader.source.trouble()), (20, None));
    assert!(reader.watermark > before);
}

#[derive(Clone, Debug)]
enum Step {
    Put(u64),
    Wait(u64),
    Split(usize),
    Merge(usize),
    Restart,
    Fault(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (0..12_u64).prop_map(Step::Put),
        6 => (0..400_u64).prop_map(Step::Wait),
        1 => any::<usize>().prop_map(Step::Split),
        1 => any::<usize>().prop_map(Step::Merge),
        1 => Just(Step::Restart),
        2 => any::<u8>().prop_map(Step::Fault),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_every_record_is_given_and_each_key_in_order(
        steps in proptest::collection::vec(step(), 1..150), shards in 1..4_u32,
    ) {
        let limits = Settings { list_every_ms: 2_000, clock_margin_ms: 0, ..settings() };
        let (mut stream, mut reader) = (Stream::new(shards), Reader::new(limits));
        let (mut now, mut faults, mut restarts) = (1_000_u64, 0_u8, 0);
        let rest = std::iter::repeat_n(Step::Wait(220), 400);
        for step in steps.into_iter().chain(rest) {
            match step {
                Step::Put(key) => stream.put(key, now),
                Step::Wait(ms) => now += ms,
                Step::Split(which) => stream.split(which),
                Step::Merge(which) => stream.merge(which),
                Step::Restart => {
                    restarts += 1;
                    reader.source = Source::new(limits, reader.checkpoints.clone(), restarts);
                }
                Step::Fault(kind) => faults = kind,
            }
            let mut fault = || {
                let fault = match faults & 3 {
                    1 => Some(ReadFault::Throttled),
                    2 => Some(ReadFault::Expired),
                    3 => Some(ReadFault::Failed("cut".into())),
                    _ => None,
                };
                faults >>= 2;
                fault
            };
            reader.read(&stream, now, &mut fault);
            prop_assert!(reader.source.deadline().is_none_or(|at| at > now), "a deadline in the past is a busy loop");
            // What the watermark promises was given.
            let promised = stream.shards.iter().flat_map(|shard| &shard.records);
            let promised = promised.filter(|record| record.arrived_ms < reader.watermark);
            for record in promised {
                let given = reader.given.iter().any(|given| given.sequence == record.sequence);
                prop_assert!(given, "{} came before {}", record.sequence, reader.watermark);
            }
            // What comes now comes later than all that was promised.
            now += 1;
        }
        let mut seen: HashMap<&str, u64> = HashMap::new();
        for record in &reader.given {
            let number: u64 = record.data.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0'));
            let last = seen.entry(&record.key).or_default();
            prop_assert!(number > *last, "{} came after {}", number, last);
            *last = number;
        }
        // Nothing came twice, for every batch's checkpoint was kept before the restart.
        prop_assert_eq!(reader.given.len() as u64, stream.sequence);
        prop_assert_eq!(seen.len(), stream.shards.iter().flat_map(|s| &s.records).map(|r| &r.key).collect::<std::collections::HashSet<_>>().len());
    }
}
