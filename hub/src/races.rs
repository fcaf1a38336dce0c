//! All races of this hub: the running one of each class, those in grace, results and records.
//!
//! Kept in memory: a restart forgets them. The rules themselves are in `alleycat_shared::race`.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use alleycat_shared::api::{Leaderboard, LeaderboardEntry, RaceEntry, RaceResult, RaceState, ResultRow};
use alleycat_shared::message::{RaceMessage, Refusal};
use alleycat_shared::race::{AHEAD_TOLERANCE_MS, Race, RaceClock, Taken};
use alleycat_shared::{ClassId, Millis, RaceId, RacerId, RacerName, Score};

/// The races, shared by all connections. The lock is never held over an await.
pub(crate) struct Races {
    clock: RaceClock,
    grace_ms: Millis,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    /// Running and in grace, oldest first.
    pub(crate) open: BTreeMap<(RaceId, ClassId), Race>,
    /// Official results of each class, newest first.
    official: HashMap<ClassId, VecDeque<Arc<RaceResult>>>,
    records: HashMap<ClassId, HashMap<RacerId, Record>>,
    /// Races before this one were closed; they must not be opened again, whatever a caller's clock says.
    closed_before: Option<RaceId>,
}

/// A rider's best official ride in a class.
pub(crate) struct Record {
    name: RacerName,
    score: Score,
    race_id: RaceId,
    /// The score after each second of it.
    pub(crate) trace: Vec<Score>,
}

impl Races {
    pub(crate) fn new(clock: RaceClock, grace_seconds: u16) -> Self {
        Self { clock, grace_ms: Millis::from(grace_seconds) * 1_000, state: Mutex::default() }
    }

    pub(crate) fn clock(&self) -> RaceClock {
        self.clock
    }

    /// Takes in one message: when this returns `Ok`, its second counts or has counted.
    pub(crate) fn take(&self, message: &RaceMessage, now: Millis) -> Result<Taken, Refusal> {
        let (race_id, class_id) = (message.race_id, message.class_id);
        if self.clock.start(race_id) > now + AHEAD_TOLERANCE_MS {
            return Err(Refusal::AheadOfClock { race: race_id, second: message.second });
        }
        let mut state = self.lock();
        // `now` was read before the lock was had: the race may have been closed in between.
        if Some(race_id) < state.closed_before || race_id < self.first_open(now) {
            return Err(Refusal::TooLate(race_id));
        }
        // A racer rides each second of a race once, whatever the class.
        let counted_in = |class| {
            let ride = state.open.get(&(race_id, class)).and_then(|race| race.ride(message.racer_id));
            ride.is_some_and(|ride| ride.has(message.second))
        };
        if ClassId::all().any(|class| class != class_id && counted_in(class)) {
            return Ok(Taken::Duplicate);
        }
        let race =
            state.open.entry((race_id, class_id)).or_insert_with(|| Race::new(class_id, race_id, self.clock));
        race.take(message, now)
    }

    /// Makes the results official whose grace has ended. Returns them.
    pub(crate) fn close(&self, now: Millis) -> Vec<Arc<RaceResult>> {
        let first_open = self.first_open(now);
        let mut state = self.lock();
        state.closed_before = state.closed_before.max(Some(first_open));
        let keys: Vec<_> = state.open.keys().copied().filter(|(race_id, _)| *race_id < first_open).collect();
        let mut closed = Vec::new();
        for key in keys {
            let Some(race) = state.open.remove(&key) else { continue };
            if race.riders() > 0 {
                closed.push(state.make_official(&race, now));
            }
        }
        closed
    }

    /// Races of a class, newest first, older than `before`.
    pub(crate) fn list(
        &self,
        class: ClassId,
        before: Option<RaceId>,
        limit: usize,
        now: Millis,
    ) -> Vec<RaceEntry> {
        let state = self.lock();
        let open = state.open.iter().rev().filter(|((_, of), race)| *of == class && race.riders() > 0);
        let open = open.map(|((race_id, class_id), race)| RaceEntry {
            race_id: *race_id,
            class_id: *class_id,
            state: self.state_of(*race_id, now),
            riders: count(race.riders()),
        });
        let official = state.official.get(&class).into_iter().flatten().map(|result| RaceEntry {
            race_id: result.race_id,
            class_id: result.class_id,
            state: RaceState::Official,
            riders: count(result.results.len()),
        });
        open.chain(official)
            .filter(|race| before.is_none_or(|before| race.race_id < before))
            .take(limit)
            .collect()
    }

    /// The result of a race so far, or the official one.
    pub(crate) fn result(&self, race_id: RaceId, class: ClassId, now: Millis) -> Option<Arc<RaceResult>> {
        let state = self.lock();
        if let Some(race) = state.open.get(&(race_id, class)) {
            return Some(Arc::new(result(race, self.state_of(race_id, now), now)));
        }
        state.official.get(&class)?.iter().find(|result| result.race_id == race_id).cloned()
    }

    /// The best official scores of a class.
    pub(crate) fn leaderboard(&self, class: ClassId, limit: usize) -> Leaderboard {
        let state = self.lock();
        let mut records: Vec<_> = state.records.get(&class).into_iter().flatten().collect();
        records.sort_unstable_by_key(|(id, record)| (std::cmp::Reverse(record.score), record.race_id, **id));
        let entry = |((racer_id, record), rank): ((&RacerId, &Record), u32)| LeaderboardEntry {
            rank,
            racer_id: *racer_id,
            name: record.name.clone(),
            score: record.score,
            race_id: record.race_id,
        };
        Leaderboard { entries: records.into_iter().take(limit).zip(1..).map(entry).collect() }
    }

    /// How many riders the running race has in all classes.
    pub(crate) fn riders(&self, now: Millis) -> usize {
        let race_id = self.clock.at(now).race_id;
        self.lock().open.iter().filter(|((id, _), _)| *id == race_id).map(|(_, race)| race.riders()).sum()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }

    /// The oldest race whose grace has not ended at `now`.
    fn first_open(&self, now: Millis) -> RaceId {
        self.clock.at(now.saturating_sub(self.grace_ms)).race_id
    }

    fn state_of(&self, race_id: RaceId, now: Millis) -> RaceState {
        if now < self.clock.end(race_id) { RaceState::Running } else { RaceState::Grace }
    }
}

impl State {
    /// The trace of a rider's best ride in a class.
    pub(crate) fn record(&self, class: ClassId, racer: RacerId) -> Option<&[Score]> {
        Some(self.records.get(&class)?.get(&racer)?.trace.as_slice())
    }

    fn make_official(&mut self, race: &Race, now: Millis) -> Arc<RaceResult> {
        let records = self.records.entry(race.class_id()).or_default();
        for standing in race.standings(now) {
            let score = standing.ride.score();
            if score > Score::ZERO && records.get(&standing.racer_id).is_none_or(|best| score > best.score) {
                let (name, trace) = (standing.ride.name.clone(), standing.ride.trace().to_vec());
                records.insert(standing.racer_id, Record { name, score, race_id: race.race_id(), trace });
            }
        }
        let result = Arc::new(result(race, RaceState::Official, now));
        let official = self.official.entry(race.class_id()).or_default();
        official.push_front(Arc::clone(&result));
        official.truncate(KEPT_RESULTS);
        result
    }
}

fn result(race: &Race, state: RaceState, now: Millis) -> RaceResult {
    let row = |standing: alleycat_shared::race::Standing<'_>| ResultRow {
        rank: standing.rank,
        racer_id: standing.racer_id,
        name: standing.ride.name.clone(),
        score: standing.ride.score(),
        best: standing.ride.best(),
        seconds: standing.ride.seconds(),
    };
    let results = race.standings(now).into_iter().map(row).collect();
    RaceResult { race_id: race.race_id(), class_id: race.class_id(), state, results }
}

fn count(riders: usize) -> u32 {
    u32::try_from(riders).unwrap_or(u32::MAX)
}

/// How many official results of a class are kept: a day of five-minute races.
const KEPT_RESULTS: usize = 288;

#[cfg(test)]
mod tests {
    use alleycat_shared::message::Event;

    use super::*;

    const START: Millis = 1_000 * 60_000;

    fn races() -> Races {
        Races::new(RaceClock::new(60).unwrap(), 30)
    }

    fn message(race: u64, racer: u64, second: u64) -> RaceMessage {
        RaceMessage {
            uuid: uuid::Uuid::nil(),
            event: Event::Update,
            device_timestamp: 0,
            second: second.try_into().unwrap(),
            race_id: race.try_into().unwrap(),
            name: RacerName::new("Ann").unwrap(),
            racer_id: racer.try_into().unwrap(),
            class_id: class(),
            cadence: 65.0.try_into().unwrap(),
            resistance: 35.0.try_into().unwrap(),
        }
    }

    fn class() -> ClassId {
        ClassId::try_from(1).unwrap()
    }

    #[test]
    fn a_race_runs_then_waits_then_is_official() {
        let races = races();
        let race = RaceId::try_from(1_000).unwrap();
        races.take(&message(1_000, 7, 1), START).unwrap();
        let state = |now| races.result(race, class(), now).unwrap().state;
        assert_eq!(state(START + 59_999), RaceState::Running);
        assert_eq!(state(START + 60_000), RaceState::Grace);
        races.take(&message(1_000, 7, 60), START + 89_999).unwrap();
        assert_eq!(races.take(&message(1_000, 7, 59), START + 90_000).unwrap_err().reason(), "too-late");
        assert!(races.close(START + 89_999).is_empty());
        assert_eq!(races.close(START + 90_000)[0].results[0].score.to_string(), "200.0000");
        assert_eq!(state(START + 90_000), RaceState::Official);
        assert!(races.close(START + 90_000).is_empty(), "official once");
    }

    #[test]
    fn a_closed_race_is_not_opened_again_by_a_clock_read_too_early() {
        let races = races();
        races.take(&message(1_000, 7, 1), START).unwrap();
        races.close(START + 90_000);
        let late = races.take(&message(1_000, 8, 1), START + 89_999);
        assert_eq!(late.unwrap_err().reason(), "too-late");
        assert!(races.close(START + 90_001).is_empty(), "no second result of one race");
    }

    #[test]
    fn a_second_counts_in_one_class_only() {
        let races = races();
        let in_class = |class: u64, second| {
            let message = RaceMessage { class_id: class.try_into().unwrap(), ..message(1_000, 7, second) };
            races.take(&message, START + 50_000).unwrap()
        };
        assert_eq!(
            (in_class(1, 1), in_class(2, 1), in_class(2, 2)),
            (Taken::Counted, Taken::Duplicate, Taken::Counted)
        );
    }

    #[test]
    fn a_race_that_has_not_begun_is_refused() {
        assert_eq!(races().take(&message(1_001, 7, 1), START).unwrap_err().reason(), "ahead-of-clock");
        assert!(races().take(&message(1_001, 7, 1), START + 59_000).is_ok(), "within the clock's tolerance");
    }

    #[test]
    fn records_keep_the_better_ride_with_its_trace() {
        let races = races();
        for (race, seconds) in [(1_000, 3), (1_001, 2)] {
            (1..=seconds)
                .for_each(|second| _ = races.take(&message(race, 7, second), START + 80_000).unwrap());
        }
        races.close(START + 200_000);
        let entries = races.leaderboard(class(), 10).entries;
        assert_eq!((entries.len(), entries[0].race_id.get(), entries[0].score.get()), (1, 1_000, 300.0));
        assert_eq!(races.lock().record(class(), 7.try_into().unwrap()).unwrap().len(), 3);
    }

    #[test]
    fn the_list_is_newest_first_and_paged() {
        let races = races();
        for race in 1_000..1_005 {
            let start = START + (race - 1_000) * 60_000;
            races.take(&message(race, 7, 1), start).unwrap();
            races.close(start);
        }
        let ids = |before: Option<u64>, limit| {
            let before = before.map(|id| id.try_into().unwrap());
            let list = races.list(class(), before, limit, START + 4 * 60_000);
            list.iter().map(|race| race.race_id.get()).collect::<Vec<_>>()
        };
        assert_eq!(ids(None, 100), [1_004, 1_003, 1_002, 1_001, 1_000]);
        assert_eq!(ids(Some(1_003), 2), [1_002, 1_001]);
    }
}
