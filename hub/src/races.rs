//! All races of this hub: the running one of each class, those in grace, results and records.
//!
//! The rules are in `alleycat_shared::race`; what is taken goes to the journal, what is official to the
//! store, in the order of this module's lock. So a replay of the journal gives the same races.

mod places;
mod privacy;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use alleycat_shared::api::{
    Leaderboard, LeaderboardEntry, RaceEntry, RaceResult, RaceState, ResultRow, Verdict,
};
use alleycat_shared::message::{RaceMessage, Refusal};
use alleycat_shared::race::{AHEAD_TOLERANCE_MS, Race, RaceClock, Ride, Standing, Taken};
use alleycat_shared::{ClassId, Millis, RaceId, RacerId, RacerName, Score, names};

use crate::journal::Journal;
use crate::metrics;
use crate::store::{Official, Record, Store, StoreError, VerdictRow};
use places::PlacesKept;

/// The races, shared by all connections. The lock is never held over an await.
pub(crate) struct Races {
    clock: RaceClock,
    grace_ms: Millis,
    state: Mutex<State>,
    journal: Arc<Journal>,
    store: Arc<Store>,
    /// Everybody's places over the races that were asked for last.
    places: PlacesKept,
    /// How far the stream is, if one feeds the races.
    stream: OnceLock<Stream>,
}

/// How far a stream was read.
struct Stream {
    /// Everything that arrived in it before this moment was taken; 0 while nothing is known.
    reached: AtomicU64,
    /// What that stays behind to be on the safe side.
    margin_ms: Millis,
}

#[derive(Default)]
pub(crate) struct State {
    /// Running and in grace, oldest first.
    pub(crate) open: BTreeMap<(RaceId, ClassId), Race>,
    /// Shared with who compares against them while messages go on being taken.
    records: HashMap<ClassId, Arc<Records>>,
    /// What the host says of rides; there are few.
    verdicts: HashMap<(RaceId, ClassId), HashMap<RacerId, Verdict>>,
    /// Whose rides were deleted, up to and including a race.
    deleted: HashMap<RacerId, RaceId>,
    /// Who wants to be named on the all-time boards.
    named: HashSet<RacerId>,
    /// Everybody is named, for nobody can say so: an open hub.
    all_named: bool,
    /// Races before this one were closed; they must not be opened again, whatever a caller's clock says.
    closed_before: Option<RaceId>,
    late: Late,
}

/// How much of each racer came too late and was kept all the same, in this day. It is not looked at for what came
/// twice, so it is bounded.
#[derive(Default)]
struct Late {
    day: Millis,
    messages: HashMap<RacerId, u32>,
}

impl Late {
    /// Whether one more of a racer may be kept: nobody rides more seconds than a day has.
    fn has_room(&mut self, racer: RacerId, now: Millis) -> bool {
        let day = now / LATE_IS_KEPT_MS;
        if std::mem::replace(&mut self.day, day) != day {
            self.messages.clear();
        }
        let kept = self.messages.entry(racer).or_default();
        *kept = kept.saturating_add(1);
        Millis::from(*kept) <= LATE_IS_KEPT_MS / 1_000
    }
}

/// Everybody's best official ride in a class.
pub(crate) type Records = HashMap<RacerId, Arc<Best>>;

/// A rider's best official ride in a class.
pub(crate) struct Best {
    /// The name on all-time boards.
    pub(crate) name: RacerName,
    /// The name under which it was ridden.
    ridden_as: RacerName,
    score: Score,
    pub(crate) race_id: RaceId,
    /// The score after each second of it.
    pub(crate) trace: Vec<Score>,
}

impl Races {
    /// The races as the store knows them: records, and every race that was open when the hub ended.
    /// Those whose grace has ended meanwhile are official with the next [`Races::close`].
    ///
    /// # Errors
    /// [`StoreError`] when the store can't be read.
    pub(crate) fn load(
        clock: RaceClock,
        grace_seconds: u16,
        all_named: bool,
        store: Arc<Store>,
        journal: Arc<Journal>,
    ) -> Result<Self, StoreError> {
        let mut state = State {
            closed_before: store.closed_before()?,
            deleted: store.deletions()?.into_iter().map(|row| (row.racer, row.race)).collect(),
            named: store.named()?.into_iter().collect(),
            all_named,
            ..State::default()
        };
        for row in store.verdicts()? {
            state.keep_verdict(&row);
        }
        for best in store.records(None)? {
            state.keep_record(best.class, best.racer, best.race, &best.ride);
        }
        let mut replayed = 0_u64;
        store.replay(state.closed_before, None, |record| {
            if !record.late {
                replayed += u64::from(state.count(clock, &record.message, record.at) == Ok(Taken::Counted));
            }
        })?;
        if replayed > 0 {
            tracing::info!(messages = replayed, races = state.open.len(), "races go on from the journal");
        }
        let grace_ms = Millis::from(grace_seconds) * 1_000;
        let (state, places, stream) = (Mutex::new(state), PlacesKept::default(), OnceLock::new());
        Ok(Self { clock, grace_ms, state, journal, store, places, stream })
    }

    pub(crate) fn clock(&self) -> RaceClock {
        self.clock
    }

    /// Takes in one message: when this returns `Ok`, its second counts or has counted, and is in the
    /// journal's hands.
    pub(crate) fn take(&self, message: &RaceMessage, now: Millis) -> Result<Taken, Refusal> {
        let race_id = message.race_id;
        if self.clock.start(race_id) > now + AHEAD_TOLERANCE_MS {
            return Err(Refusal::AheadOfClock { race: race_id, second: message.second });
        }
        let mut state = self.lock();
        if state.is_deleted(message.racer_id, race_id) {
            return Err(Refusal::Deleted(race_id));
        }
        // `now` was read before the lock was had: the race may have been closed in between.
        if Some(race_id) < state.closed_before || race_id < self.first_open(now) {
            let is_recent = now.saturating_sub(self.clock.end(race_id)) < LATE_IS_KEPT_MS;
            let is_in_race = message.second <= self.clock.last_second();
            let is_kept = is_recent && is_in_race && state.late.has_room(message.racer_id, now);
            drop(state);
            if is_kept {
                self.journal.message(message, now, true);
            }
            return Err(Refusal::TooLate(race_id));
        }
        let flags = |state: &State| {
            let race = state.open.get(&(race_id, message.class_id));
            race.and_then(|race| race.ride(message.racer_id)).map(Ride::flags).unwrap_or_default()
        };
        let before = flags(&state);
        let taken = state.count(self.clock, message, now)?;
        if taken == Taken::Counted {
            let new = flags(&state).without(before);
            if !new.is_empty() {
                metrics::flagged(new);
            }
            self.journal.message(message, now, false);
        }
        Ok(taken)
    }

    /// From now on races end by the progress of a stream, and not by the clock alone.
    #[cfg_attr(not(feature = "kinesis"), expect(dead_code, reason = "only a stream feeds races"))]
    pub(crate) fn go_by_stream(&self, watermark: Millis, margin_ms: Millis) {
        self.stream.get_or_init(|| Stream { reached: AtomicU64::new(watermark), margin_ms });
    }

    /// Everything that arrived in the stream before this moment was taken.
    #[cfg_attr(not(feature = "kinesis"), expect(dead_code, reason = "only a stream feeds races"))]
    pub(crate) fn stream_reached(&self, watermark: Millis) {
        if let Some(stream) = self.stream.get() {
            stream.reached.fetch_max(watermark, Ordering::Release);
        }
    }

    /// Whether the stream's progress is worth being kept again.
    #[cfg_attr(not(feature = "kinesis"), expect(dead_code, reason = "only a stream feeds races"))]
    pub(crate) fn is_much_before(&self, watermark: Millis) -> bool {
        let reached = self.stream.get().map_or(0, Stream::reached);
        reached / MARK_EVERY_MS < watermark / MARK_EVERY_MS
    }

    /// The moment up to which nothing can come any more: now, or as far as the stream was read.
    pub(crate) fn settled(&self, now: Millis) -> Millis {
        self.stream.get().map_or(now, |stream| now.min(stream.reached()))
    }

    /// The moment that boards show: now, or where the stream is. So the boards of a hub that is behind are whole
    /// ones of a moment before, and not half a field under the present second. `None` if nothing is known.
    pub(crate) fn shown(&self, now: Millis) -> Option<Millis> {
        let Some(stream) = self.stream.get() else { return Some(now) };
        let reached = Some(stream.reached()).filter(|reached| *reached > 0)?;
        Some(now.min(reached + stream.margin_ms))
    }

    /// How far the races are behind the present, ms, if a stream feeds them and it was ever read.
    pub(crate) fn behind_stream(&self, now: Millis) -> Option<Millis> {
        self.stream.get()?;
        self.shown(now).map(|shown| now - shown)
    }

    /// When the oldest race began whose grace has not ended at `now`; its messages came no earlier.
    #[cfg_attr(not(feature = "kinesis"), expect(dead_code, reason = "only a stream feeds races"))]
    pub(crate) fn open_since(&self, now: Millis) -> Millis {
        self.clock.start(self.first_open(now)).saturating_sub(AHEAD_TOLERANCE_MS)
    }

    /// Makes the results official whose grace has ended. Returns them.
    pub(crate) fn close(&self, now: Millis) -> Vec<Arc<Official>> {
        let first_open = self.first_open(now);
        let mut state = self.lock();
        state.closed_before = state.closed_before.max(Some(first_open));
        let keys: Vec<_> = state.open.keys().copied().filter(|(race_id, _)| *race_id < first_open).collect();
        let mut closed = Vec::new();
        for key in keys {
            let Some(race) = state.open.remove(&key) else { continue };
            if race.riders() > 0 {
                let official = Arc::new(state.make_official(&race, now));
                self.journal.official(Arc::clone(&official));
                closed.push(official);
            }
        }
        closed
    }

    /// Races of a class, newest first, older than `before`. Reads the store.
    pub(crate) fn list(
        &self,
        class: ClassId,
        before: Option<RaceId>,
        limit: usize,
        now: Millis,
    ) -> Result<Vec<RaceEntry>, StoreError> {
        let mut races: BTreeMap<RaceId, RaceEntry> = BTreeMap::new();
        // From what changes last to what changes first: a race that moves on meanwhile is seen, not missed.
        for ((race_id, class_id), race) in &self.lock().open {
            if *class_id == class && race.riders() > 0 {
                let state = self.state_of(*race_id, now);
                let riders = count(race.riders());
                races.insert(*race_id, RaceEntry { race_id: *race_id, class_id: class, state, riders });
            }
        }
        for official in self.journal.all_unsaved() {
            let RaceResult { race_id, class_id, state, results, .. } = &official.result;
            if *class_id == class {
                let riders = count(results.len());
                races.insert(
                    *race_id,
                    RaceEntry { race_id: *race_id, class_id: class, state: *state, riders },
                );
            }
        }
        races.retain(|race_id, _| before.is_none_or(|before| *race_id < before));
        for race in self.store.races(class, before, limit)? {
            races.insert(race.race_id, race);
        }
        Ok(races.into_values().rev().take(limit).collect())
    }

    /// The result of a race so far, or the official one. Reads the store.
    pub(crate) fn result(
        &self,
        race_id: RaceId,
        class: ClassId,
        now: Millis,
    ) -> Result<Option<RaceResult>, StoreError> {
        let state = self.lock();
        let verdicts = state.verdicts(race_id, class);
        let open =
            state.open.get(&(race_id, class)).map(|race| result(race, self.state_of(race_id, now), now));
        drop(state);
        let found = match (open, self.journal.unsaved(race_id, class)) {
            (Some(open), _) => Some(open),
            (None, Some(official)) => Some(official.result.clone()),
            (None, None) => self.store.result(race_id, class)?,
        };
        Ok(found.map(|result| result.judged(|racer| verdicts.get(&racer).copied())))
    }

    /// Takes the host's verdict on a ride, and returns the journal's number to wait for before
    /// [`Races::record_again`].
    pub(crate) fn judge(&self, row: VerdictRow) -> u64 {
        let mut state = self.lock();
        state.keep_verdict(&row);
        // In the order of the lock, so that the store ends with the same verdict.
        let number = self.journal.verdict(row);
        drop(state);
        self.places.forget();
        number
    }

    /// Finds a racer's record again, when a verdict on a ride is in the store. Reads the store.
    pub(crate) fn record_again(&self, class: ClassId, racer: RacerId) -> Result<(), StoreError> {
        // Held all the while, so that no race closes in between: a host does this now and then.
        let mut state = self.lock();
        let unsaved = self.journal.all_unsaved();
        let kept = self.store.records(Some(racer))?;
        if let Some(records) = state.records.get_mut(&class) {
            Arc::make_mut(records).remove(&racer);
        }
        for best in kept.iter().filter(|best| best.class == class) {
            state.keep_record(class, racer, best.race, &best.ride);
        }
        for official in unsaved.iter().filter(|official| official.result.class_id == class) {
            let at = official.result.results.iter().position(|row| row.racer_id == racer);
            if let Some(at) = at {
                state.keep_record(class, racer, official.result.race_id, &official.rides[at]);
            }
        }
        Ok(())
    }

    /// A rider's ride in a race, and where the race is in its life. Reads the store.
    pub(crate) fn ride(
        &self,
        race_id: RaceId,
        class: ClassId,
        racer: RacerId,
        now: Millis,
    ) -> Result<Option<(RaceState, Ride)>, StoreError> {
        if let Some(race) = self.lock().open.get(&(race_id, class)) {
            return Ok(race.ride(racer).map(|ride| (self.state_of(race_id, now), ride.clone())));
        }
        let official = |ride| (RaceState::Official, ride);
        if let Some(unsaved) = self.journal.unsaved(race_id, class) {
            let at = unsaved.result.results.iter().position(|row| row.racer_id == racer);
            return Ok(at.map(|at| official(unsaved.rides[at].clone())));
        }
        Ok(self.store.ride(race_id, class, racer)?.map(official))
    }

    /// The best official scores of a class, without the first `after`.
    pub(crate) fn leaderboard(&self, class: ClassId, after: usize, limit: usize) -> Leaderboard {
        let state = self.lock();
        let mut records: Vec<_> =
            state.records.get(&class).into_iter().flat_map(|records| records.iter()).collect();
        records.sort_unstable_by_key(|(id, record)| (std::cmp::Reverse(record.score), record.race_id, **id));
        let entry = |((racer_id, record), rank): ((&RacerId, &Arc<Best>), u32)| LeaderboardEntry {
            rank,
            racer_id: *racer_id,
            name: record.name.clone(),
            score: record.score,
            race_id: record.race_id,
        };
        Leaderboard { entries: records.into_iter().zip(1..).skip(after).take(limit).map(entry).collect() }
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

impl Stream {
    fn reached(&self) -> Millis {
        self.reached.load(Ordering::Acquire)
    }
}

/// How often a stream's progress alone is kept.
const MARK_EVERY_MS: Millis = 2_000;

/// The results of one race, worked out from nothing but its messages, in the order of the journal.
pub(crate) fn recount(clock: RaceClock, race: RaceId, records: &[Record]) -> Vec<RaceResult> {
    let mut state = State::default();
    for record in records.iter().filter(|record| record.message.race_id == race && !record.late) {
        _ = state.count(clock, &record.message, record.at);
    }
    state.open.values().map(|race| result(race, RaceState::Official, 0)).collect()
}

impl State {
    /// Everybody's best official ride in a class.
    pub(crate) fn records(&self, class: ClassId) -> Arc<Records> {
        self.records.get(&class).cloned().unwrap_or_default()
    }

    /// What the host says of the rides of a race.
    pub(crate) fn verdicts(&self, race: RaceId, class: ClassId) -> HashMap<RacerId, Verdict> {
        self.verdicts.get(&(race, class)).cloned().unwrap_or_default()
    }

    fn keep_verdict(&mut self, row: &VerdictRow) {
        let verdicts = self.verdicts.entry((row.race, row.class)).or_default();
        match row.verdict {
            Some(verdict) => _ = verdicts.insert(row.racer, verdict),
            None => _ = verdicts.remove(&row.racer),
        }
    }

    /// Counts a message in its race, unless its second was counted before, in this class or in another one.
    fn count(&mut self, clock: RaceClock, message: &RaceMessage, now: Millis) -> Result<Taken, Refusal> {
        let (race_id, class_id) = (message.race_id, message.class_id);
        if Some(race_id) < self.closed_before {
            return Err(Refusal::TooLate(race_id));
        }
        if self.is_deleted(message.racer_id, race_id) {
            return Err(Refusal::Deleted(race_id));
        }
        // A racer rides each second of a race once, whatever the class.
        let counted_in = |class| {
            let ride = self.open.get(&(race_id, class)).and_then(|race| race.ride(message.racer_id));
            ride.is_some_and(|ride| ride.has(message.second))
        };
        if ClassId::all().any(|class| class != class_id && counted_in(class)) {
            return Ok(Taken::Duplicate);
        }
        let race =
            self.open.entry((race_id, class_id)).or_insert_with(|| Race::new(class_id, race_id, clock));
        race.take(message, now)
    }

    fn make_official(&mut self, race: &Race, now: Millis) -> Official {
        let standings = race.standings(now);
        for standing in &standings {
            self.keep_record(race.class_id(), standing.racer_id, race.race_id(), standing.ride);
        }
        let rides = standings.iter().map(|standing| standing.ride.clone()).collect();
        Official { result: result(race, RaceState::Official, now), rides }
    }

    /// Keeps a ride as its rider's record if it is better than the one that is kept, and not disqualified.
    fn keep_record(&mut self, class: ClassId, racer: RacerId, race_id: RaceId, ride: &Ride) {
        let verdict = self.verdicts.get(&(race_id, class)).and_then(|verdicts| verdicts.get(&racer));
        if verdict == Some(&Verdict::Disqualified) || self.is_deleted(racer, race_id) {
            return;
        }
        let (score, is_named) = (ride.score(), self.is_named(racer));
        let records = Arc::make_mut(self.records.entry(class).or_default());
        if score > Score::ZERO && records.get(&racer).is_none_or(|best| score > best.score) {
            let (ridden_as, trace) = (ride.name.clone(), ride.trace().to_vec());
            let name = if is_named { ridden_as.clone() } else { names::unnamed(racer) };
            records.insert(racer, Arc::new(Best { name, ridden_as, score, race_id, trace }));
        }
    }
}

/// The result of a race as it stands, without the host's verdicts.
pub(crate) fn result(race: &Race, state: RaceState, now: Millis) -> RaceResult {
    let row = |standing: Standing<'_>| ResultRow {
        rank: standing.rank,
        racer_id: standing.racer_id,
        name: standing.ride.name.clone(),
        score: standing.ride.score(),
        best: standing.ride.best(),
        seconds: standing.ride.seconds(),
        flags: standing.ride.flags(),
        cleared: false,
    };
    let results = race.standings(now).into_iter().map(row).collect();
    let (race_id, class_id) = (race.race_id(), race.class_id());
    RaceResult { race_id, class_id, state, results, disqualified: Vec::new() }
}

fn count(riders: usize) -> u32 {
    u32::try_from(riders).unwrap_or(u32::MAX)
}

/// What comes later than this after its race is not even kept, in ms.
const LATE_IS_KEPT_MS: Millis = 24 * 3_600_000;

#[cfg(test)]
mod tests;
