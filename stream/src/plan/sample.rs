//! What is sent, record by record, over some seconds of some races.

use std::collections::HashMap;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::load::{Load, Ticks};
use super::place::use_of;
use crate::key::HashKey;

/// A record on its way, before it has a key.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Which producer sent it, from 0.
    pub producer: u32,
    /// When it reaches the stream's front, epoch.
    pub at_ms: u64,
}

/// Records of some seconds of some races, with their keys hashed.
#[derive(Clone, Debug)]
pub struct Sample {
    /// By race, and there in order of arrival.
    pub(crate) pieces: Vec<Vec<Sent>>,
    /// The length of a piece.
    pub(crate) piece_seconds: u32,
    /// The length of a race, and with it of a piece that would go on.
    pub(crate) window_seconds: u16,
    /// Bytes of a record, key included, on average.
    pub(crate) record_bytes: f64,
    /// Keys by the records that they have in a second on average, in a race; the most frequent first.
    pub(crate) keys: Vec<Key>,
    /// What of a shard a key has in a second at most, 1 for all.
    pub(crate) key_peak: f64,
}

/// A record with its key hashed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    /// In its piece.
    pub(crate) second: u32,
    pub(crate) hash: HashKey,
    pub(crate) bytes: u32,
}

/// A key of the first race.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) hash: HashKey,
    pub(crate) records_per_second: f64,
}

/// Seconds that are played through unless they are many records: as many as a race of the sample application has.
const SECONDS: u32 = 300;
/// Races that they are taken from: keys that are made from a race fall elsewhere in each.
const PIECES: u32 = 10;
/// Records from which on fewer seconds do.
const RECORDS: u32 = 300_000;
/// The fewest seconds of a piece. A sample of many riders is large anyhow.
const PIECE_SECONDS: u32 = 2;
/// Keys that are named.
const NAMED: usize = 2_000;

impl Sample {
    /// Plays a load through, with `key` giving the key of each record.
    pub fn draw(load: &Load, mut key: impl FnMut(&Arrival) -> String) -> Self {
        let piece_seconds = piece_seconds(load);
        let buffer_ms = u64::from(load.buffer_seconds) * 1_000;
        let mut chance = ChaCha8Rng::seed_from_u64(load.seed);
        let phases: Vec<u64> = (0..load.producers)
            .map(|_| if load.ticks == Ticks::Spread { chance.random_range(0..buffer_ms) } else { 0 })
            .collect();
        let window_ms = u64::from(load.window_seconds) * 1_000;
        let first = load.from_ms - load.from_ms % window_ms;
        let mut counted = Counted::default();
        let mut pieces = Vec::new();
        for piece in 0..u64::from(PIECES) {
            let start = first + piece * window_ms;
            let mut sent = Vec::new();
            for (producer, phase) in (0..).zip(&phases) {
                // What is so late that it falls behind the piece's end stands for what was late before its start.
                let mut due = *phase;
                while due < u64::from(piece_seconds) * 1_000 {
                    let late = chance.random_range(0..=u64::from(load.jitter_ms));
                    let offset = (due + late) % (u64::from(piece_seconds) * 1_000);
                    let arrival = Arrival { producer, at_ms: start + offset };
                    let name = key(&arrival);
                    let bytes = payload(load, &mut chance) * u32::from(load.buffer_seconds) + length(&name);
                    let record = Sent { second: second(offset), hash: HashKey::of(&name), bytes };
                    counted.count(record, (piece == 0).then_some(name));
                    sent.push((offset, record));
                    due += buffer_ms;
                }
            }
            sent.sort_by_key(|(offset, _)| *offset);
            pieces.push(sent.into_iter().map(|(_, sent)| sent).collect::<Vec<_>>());
            counted.end_of_piece();
        }
        let records = pieces.iter().map(Vec::len).sum::<usize>().max(1);
        let bytes: u64 = pieces.iter().flatten().map(|sent| u64::from(sent.bytes)).sum();
        Self {
            piece_seconds,
            window_seconds: load.window_seconds,
            #[expect(clippy::cast_precision_loss, reason = "below 2^52")]
            record_bytes: bytes as f64 / records as f64,
            keys: counted.keys(piece_seconds),
            key_peak: counted.peak,
            pieces,
        }
    }

    /// How many seconds were played through.
    pub fn seconds(&self) -> u32 {
        self.piece_seconds * PIECES
    }

    /// Keys of the first race: each with its place on the ring and its records in a second, the most frequent first.
    pub fn keys(&self) -> impl Iterator<Item = (&str, HashKey, f64)> {
        self.keys.iter().map(|key| (key.name.as_str(), key.hash, key.records_per_second))
    }
}

/// Whole buffers, so that a piece is as busy as any other time.
fn piece_seconds(load: &Load) -> u32 {
    let per_second = (load.producers / u32::from(load.buffer_seconds)).max(1);
    let seconds = (SECONDS.min(RECORDS / per_second) / PIECES).max(PIECE_SECONDS);
    seconds.next_multiple_of(load.buffer_seconds.into())
}

fn payload(load: &Load, chance: &mut ChaCha8Rng) -> u32 {
    let Some((last, others)) = load.payloads.split_last() else { return 0 };
    if others.is_empty() {
        return last.bytes;
    }
    let mut part = chance.random_range(0.0..1.0);
    for payload in others {
        if part < payload.share {
            return payload.bytes;
        }
        part -= payload.share;
    }
    last.bytes
}

fn second(offset_ms: u64) -> u32 {
    u32::try_from(offset_ms / 1_000).unwrap_or(u32::MAX)
}

fn length(key: &str) -> u32 {
    u32::try_from(key.len()).unwrap_or(u32::MAX)
}

/// How often keys come.
#[derive(Default)]
struct Counted {
    named: HashMap<String, (HashKey, u32)>,
    /// Records and bytes of a key in a second.
    seconds: HashMap<(HashKey, u32), (u32, u32)>,
    peak: f64,
}

impl Counted {
    fn count(&mut self, record: Sent, name: Option<String>) {
        let (records, bytes) = self.seconds.entry((record.hash, record.second)).or_default();
        *records += 1;
        *bytes = bytes.saturating_add(record.bytes);
        self.peak = self.peak.max(use_of(f64::from(*records), f64::from(*bytes)));
        if let Some(name) = name {
            self.named.entry(name).or_insert((record.hash, 0)).1 += 1;
        }
    }

    fn end_of_piece(&mut self) {
        self.seconds.clear();
    }

    fn keys(&mut self, seconds: u32) -> Vec<Key> {
        let per_second = |records| f64::from(records) / f64::from(seconds);
        let key = |(name, (hash, records))| Key { name, hash, records_per_second: per_second(records) };
        let mut keys: Vec<_> = self.named.drain().map(key).collect();
        keys.sort_by(|a, b| b.records_per_second.total_cmp(&a.records_per_second).then(a.name.cmp(&b.name)));
        keys.truncate(NAMED);
        keys
    }
}
