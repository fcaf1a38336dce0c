//! Who stood where over a race: worked out for the whole field at once, and kept for a while. When a race ends,
//! everybody who rode asks for it.

use std::sync::{Arc, Mutex, PoisonError};

use alleycat_shared::api::{RacePlaces, RaceState, Verdict};
use alleycat_shared::race::Places;
use alleycat_shared::{ClassId, Millis, RaceId, RacerId, Score};

use super::{Races, count};
use crate::store::StoreError;

/// Places that were worked out, the newest last.
#[derive(Default)]
pub(super) struct PlacesKept(Mutex<Vec<Kept>>);

struct Kept {
    race: (RaceId, ClassId),
    state: RaceState,
    /// When it was worked out.
    at: Millis,
    places: Arc<Places>,
}

impl PlacesKept {
    /// Somebody was taken out of a field, or came back. Not to be called with the races' lock, which is taken within
    /// this one.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Races {
    /// A rider's place over a race, so far or officially, among those who are ranked. `None` for who has not
    /// ridden it, or is not ranked. Reads the store.
    pub(crate) fn places(
        &self,
        race_id: RaceId,
        class: ClassId,
        racer: RacerId,
        now: Millis,
    ) -> Result<Option<RacePlaces>, StoreError> {
        // Held while places are worked out: whoever asks for the same meanwhile waits and does not work as well.
        let mut kept = self.places.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = |kept: &Kept| {
            let is_fresh = now.abs_diff(kept.at) < LIVE_MS;
            kept.race == (race_id, class) && (kept.state == RaceState::Official || is_fresh)
        };
        let (state, places) = match kept.iter().find(|kept| is_good(kept)) {
            Some(kept) => (kept.state, Arc::clone(&kept.places)),
            None => {
                let Some((state, places)) = self.work_out(race_id, class, now)? else { return Ok(None) };
                let places = Arc::new(places);
                kept.retain(|kept| kept.race != (race_id, class));
                if kept.len() >= RACES_KEPT {
                    kept.remove(0);
                }
                kept.push(Kept { race: (race_id, class), state, at: now, places: Arc::clone(&places) });
                (state, places)
            }
        };
        drop(kept);
        Ok(places.rider(racer).map(|of| RacePlaces {
            race_id,
            class_id: class,
            racer_id: racer,
            state,
            riders: count(of.riders),
            every: of.every,
            places: of.places.to_vec(),
        }))
    }

    fn work_out(
        &self,
        race_id: RaceId,
        class: ClassId,
        now: Millis,
    ) -> Result<Option<(RaceState, Places)>, StoreError> {
        let state = self.lock();
        let verdicts = state.verdicts(race_id, class);
        // What is deleted may still be in the store, until the journal has got there.
        let gone = state.all_deleted(race_id);
        // Copied, so that no message waits while places are worked out.
        let open = state.open.get(&(race_id, class)).map(|race| {
            let traces = race.rides().map(|(racer, ride)| (racer, ride.trace().to_vec()));
            (self.state_of(race_id, now), traces.collect::<Vec<_>>())
        });
        drop(state);
        let (life, mut traces) = match (open, self.journal.unsaved(race_id, class)) {
            (Some(open), _) => open,
            (None, Some(official)) => {
                let rows = official.result.results.iter().zip(&official.rides);
                let traces = rows.map(|(row, ride)| (row.racer_id, ride.trace().to_vec()));
                (RaceState::Official, traces.collect())
            }
            (None, None) => {
                let rides = self.store.rides(race_id, class)?.into_iter();
                let traces: Vec<_> = rides.map(|(racer, ride)| (racer, ride.trace().to_vec())).collect();
                (RaceState::Official, traces)
            }
        };
        traces.retain(|(racer, _)| {
            verdicts.get(racer) != Some(&Verdict::Disqualified) && !gone.contains(racer)
        });
        if traces.is_empty() {
            return Ok(None);
        }
        let seconds = match life {
            // Of the running second only some riders have told.
            RaceState::Running => self.clock.at(now).second.get() - 1,
            RaceState::Grace | RaceState::Official => self.clock.seconds(),
        };
        let traces: Vec<(RacerId, &[Score])> =
            traces.iter().map(|(racer, trace)| (*racer, trace.as_slice())).collect();
        Ok(Some((life, Places::of(&traces, seconds))))
    }
}

/// How long places are good that may still change, in ms.
const LIVE_MS: Millis = 5_000;
/// For how many races places are kept: one of each class, and then some of long ago. 1,000 riders take 0.6 MB.
const RACES_KEPT: usize = 8;
