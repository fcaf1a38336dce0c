//! What riders may say of their rides: that they are to be gone, and whether all-time boards may name them.

use std::collections::HashSet;
use std::sync::Arc;

use alleycat_shared::api::{RecordEntry, Records};
use alleycat_shared::{ClassId, Millis, RaceId, RacerId, RacerName, names};

use super::{Best, Races, Records as Bests, State, count};
use crate::store::DeletionRow;

impl Races {
    /// Takes all rides of a racer away, that of a race which the racer is in at the moment too; nothing that comes
    /// of these races later counts. Returns the journal's number to wait for: then they are gone for good.
    pub(crate) fn delete_rides(&self, racer: RacerId, now: Millis) -> u64 {
        let mut state = self.lock();
        let running = self.clock.at(now).race_id;
        let ridden = state.open.iter().filter(|(_, race)| race.ride(racer).is_some());
        let last = ridden.map(|((race, _), _)| *race).max();
        let over = RaceId::try_from(running.get().saturating_sub(1)).ok();
        let race = last.max(over).unwrap_or(running);
        state.delete(racer, race);
        // In the order of the lock, so that the store ends with the same rides.
        let number = self.journal.deletion(DeletionRow { racer, race });
        drop(state);
        self.places.forget();
        number
    }

    /// A racer id was taken by somebody of this name. Who said that all-time boards may name the racer said it for the
    /// name of the records: another name is somebody else's, who was not asked.
    pub(crate) fn taken_by(&self, racer: RacerId, name: &RacerName) {
        let state = self.lock();
        let is_named = state.named.contains(&racer);
        let rode = |records: &Arc<Bests>| records.get(&racer).is_some_and(|best| best.ridden_as == *name);
        let is_known = state.records.values().any(rode);
        drop(state);
        if is_named && !is_known {
            self.set_named(racer, false);
        }
    }

    /// Keeps whether a racer wants to be named on the all-time boards; returns the journal's number to wait for.
    pub(crate) fn set_named(&self, racer: RacerId, named: bool) -> u64 {
        let mut state = self.lock();
        if named {
            state.named.insert(racer)
        } else {
            state.named.remove(&racer)
        };
        let is_named = state.is_named(racer);
        for records in state.records.values_mut() {
            let Some(best) = records.get(&racer) else { continue };
            let name = if is_named { best.ridden_as.clone() } else { names::unnamed(racer) };
            let best = Best { name, ridden_as: best.ridden_as.clone(), trace: best.trace.clone(), ..**best };
            Arc::make_mut(records).insert(racer, Arc::new(best));
        }
        self.journal.named(racer, named)
    }

    /// What of a racer is on the all-time boards.
    pub(crate) fn records_of(&self, racer: RacerId) -> Records {
        let state = self.lock();
        let entry = |class_id: ClassId| {
            let records = state.records.get(&class_id)?;
            let best = records.get(&racer)?;
            let key = |racer: RacerId, best: &Best| (std::cmp::Reverse(best.score), best.race_id, racer);
            let own = key(racer, best);
            let better = records.iter().filter(|(other, best)| key(**other, best) < own).count();
            let (rank, riders) = (count(better + 1), count(records.len()));
            Some(RecordEntry { class_id, race_id: best.race_id, score: best.score, rank, riders })
        };
        Records { named: state.is_named(racer), records: ClassId::all().filter_map(entry).collect() }
    }
}

impl State {
    /// Whether a racer has had the ride in a race deleted.
    pub(super) fn is_deleted(&self, racer: RacerId, race: RaceId) -> bool {
        self.deleted.get(&racer).is_some_and(|last| race <= *last)
    }

    /// Who has had the ride in a race deleted.
    pub(super) fn all_deleted(&self, race: RaceId) -> HashSet<RacerId> {
        self.deleted.iter().filter(|(_, last)| race <= **last).map(|(racer, _)| *racer).collect()
    }

    pub(super) fn is_named(&self, racer: RacerId) -> bool {
        self.all_named || self.named.contains(&racer)
    }

    fn delete(&mut self, racer: RacerId, last: RaceId) {
        let known = self.deleted.entry(racer).or_insert(last);
        *known = last.max(*known);
        self.open.retain(|_, race| !race.remove(racer) || race.riders() > 0);
        for records in self.records.values_mut().filter(|records| records.contains_key(&racer)) {
            Arc::make_mut(records).remove(&racer);
        }
        for ((race, _), verdicts) in &mut self.verdicts {
            if *race <= last {
                verdicts.remove(&racer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alleycat_shared::message::{Event, RaceMessage};
    use alleycat_shared::{RacerName, Score};

    use super::*;
    use crate::store::{Store, verify};

    const START: Millis = 1_000 * 60_000;

    fn class() -> ClassId {
        1.try_into().unwrap()
    }

    fn racer(id: u64) -> RacerId {
        id.try_into().unwrap()
    }

    fn ride(races: &Races, race: u64, id: u64, cadence: f64) {
        for second in 1..=5_u64 {
            let message = RaceMessage {
                uuid: uuid::Uuid::nil(),
                event: Event::Update,
                device_timestamp: 0,
                second: second.try_into().unwrap(),
                race_id: race.try_into().unwrap(),
                name: RacerName::new("Ann").unwrap(),
                racer_id: racer(id),
                class_id: class(),
                cadence: cadence.try_into().unwrap(),
                resistance: 35.0.try_into().unwrap(),
            };
            races.take(&message, START + (race - 1_000) * 60_000 + 50_000).unwrap();
        }
    }

    /// A hub's races in a folder, for a while; `named` as on an open hub.
    fn with<T>(folder: &std::path::Path, all_named: bool, work: impl FnOnce(&Races) -> T) -> T {
        let store = Arc::new(Store::open(Some(folder), 60).unwrap());
        let (journal, thread) = crate::journal::Journal::start(Arc::clone(&store)).unwrap();
        let clock = alleycat_shared::race::RaceClock::new(60).unwrap();
        let races = Races::load(clock, 30, all_named, store, Arc::clone(&journal)).unwrap();
        let done = work(&races);
        journal.stop();
        thread.join().unwrap();
        done
    }

    fn places(races: &Races, race: u64) -> Vec<(u32, u32)> {
        let result = races.result(race.try_into().unwrap(), class(), START + 100_000).unwrap();
        let rows = result.map(|result| result.results).unwrap_or_default();
        rows.iter().map(|row| (row.rank, row.racer_id.get())).collect()
    }

    #[test]
    fn deleted_rides_stay_deleted_and_those_behind_move_up() {
        let folder = tempfile::tempdir().unwrap();
        let check = |races: &Races| {
            assert_eq!(places(races, 1_000), [(1, 8), (2, 9)], "official");
            assert_eq!(places(races, 1_001), [(1, 8)], "in grace, or official");
            let entries = races.leaderboard(class(), 0, 10).entries;
            assert_eq!(entries.iter().map(|entry| entry.racer_id.get()).collect::<Vec<_>>(), [8, 9]);
            assert_eq!(races.store.history(racer(7), None, 10).unwrap(), []);
            assert_eq!(races.records_of(racer(7)).records, []);
            let rank = |id| {
                races.store.history(racer(id), None, 10).unwrap().last().map(|ride| (ride.rank, ride.riders))
            };
            assert_eq!((rank(8), rank(9)), (Some((1, 2)), Some((2, 2))));
        };
        with(folder.path(), false, |races| {
            for (id, cadence) in [(7, 90.0), (8, 80.0), (9, 70.0)] {
                ride(races, 1_000, id, cadence);
            }
            races.close(START + 95_000);
            ride(races, 1_001, 7, 90.0);
            ride(races, 1_001, 8, 80.0);
            ride(races, 1_002, 6, 80.0);
            // In the third race, before riding in it.
            let number = races.delete_rides(racer(7), START + 121_000);
            while *races.journal.durable().borrow() < number {
                std::thread::yield_now();
            }
            check(races);
        });
        // The journal has all of it, and nothing of it comes back.
        with(folder.path(), false, |races| {
            check(races);
            let mut late = RaceMessage::parse(br#"{"uuid":"6c4e2a37-32f0-4b14-a2c1-3e2e6f7c1b5d","event":"update",
                "deviceTimestamp":1,"second":7,"raceId":1001,"name":"Ann","racerId":7,"classId":1,"cadence":80,
                "resistance":50}"#)
            .unwrap();
            assert_eq!(races.take(&late, START + 122_000).unwrap_err().reason(), "deleted");
            late.race_id = 1_002.try_into().unwrap();
            assert!(races.take(&late, START + 170_000).is_ok(), "the next race counts");
            races.close(START + 160_000);
        });
        with(folder.path(), false, check);
        let verified = verify(folder.path()).unwrap();
        assert_eq!(
            (verified.results, verified.recounted),
            (2, 2),
            "results are those of the messages that count"
        );
        // And once more, when that is all there is.
        with(folder.path(), false, |races| {
            races.delete_rides(racer(8), START + 200_000);
            races.delete_rides(racer(9), START + 200_000);
            races.delete_rides(racer(6), START + 200_000);
            races.delete_rides(racer(7), START + 200_000);
        });
        assert_eq!(verify(folder.path()).unwrap().results, 0);
        with(folder.path(), false, |races| {
            assert_eq!(races.list(class(), None, 10, START + 400_000).unwrap(), []);
        });
    }

    #[test]
    fn who_has_not_asked_for_it_is_not_named_on_all_time_boards() {
        let folder = tempfile::tempdir().unwrap();
        let name = |races: &Races| races.leaderboard(class(), 0, 10).entries[0].name.to_string();
        with(folder.path(), false, |races| {
            ride(races, 1_000, 7, 90.0);
            races.close(START + 95_000);
            assert_eq!((name(races), races.records_of(racer(7)).named), ("Rider 7".to_owned(), false));
            assert_eq!(places(races, 1_000), [(1, 7)]);
            races.set_named(racer(7), true);
            assert_eq!(name(races), "Ann");
        });
        with(folder.path(), false, |races| {
            assert_eq!((name(races), races.records_of(racer(7)).named), ("Ann".to_owned(), true), "kept");
            races.set_named(racer(7), false);
            assert_eq!(
                races.lock().records(class())[&racer(7)].name.as_str(),
                "Rider 7",
                "on live boards too"
            );
        });
        with(folder.path(), false, |races| assert_eq!(name(races), "Rider 7"));
        with(folder.path(), true, |races| {
            assert_eq!(name(races), "Ann", "nobody could say so at an open hub")
        });
    }

    #[test]
    fn who_takes_a_racer_id_later_is_not_named_because_somebody_else_was() {
        let folder = tempfile::tempdir().unwrap();
        with(folder.path(), false, |races| {
            ride(races, 1_000, 7, 90.0);
            races.close(START + 95_000);
            races.set_named(racer(7), true);
            let named = |name: &str| {
                races.taken_by(racer(7), &RacerName::new(name).unwrap());
                races.records_of(racer(7)).named
            };
            assert!(named("Ann"), "back again");
            assert!(!named("Ben"));
            assert!(!named("Ann"), "to be asked again");
        });
    }

    #[test]
    fn who_asks_for_places_and_who_judges_rides_never_wait_for_each_other() {
        let races = Arc::new(crate::rig::races(60));
        ride(&races, 1_000, 7, 90.0);
        let race = 1_000.try_into().unwrap();
        let (done, ended) = std::sync::mpsc::channel();
        let work = |work: fn(&Races, RaceId, u64)| {
            let (races, done) = (Arc::clone(&races), done.clone());
            std::thread::spawn(move || {
                (0..2_000).for_each(|turn| work(&races, race, turn));
                done.send(()).unwrap();
            });
        };
        // Each time at another moment, so that places are worked out anew.
        work(|races, race, turn| {
            _ = races.places(race, class(), racer(7), START + turn * 10_000).unwrap();
        });
        work(|races, race, _| {
            _ = races.judge(crate::store::VerdictRow {
                race,
                class: class(),
                racer: racer(7),
                verdict: None,
            });
        });
        for _ in 0..2 {
            ended.recv_timeout(std::time::Duration::from_secs(60)).expect("neither waits for ever");
        }
    }

    #[test]
    fn places_over_a_race_are_those_of_its_riders_and_leave_out_who_is_not_ranked() {
        let races = crate::rig::races(60);
        ride(&races, 1_000, 7, 90.0);
        ride(&races, 1_000, 8, 80.0);
        let race = 1_000.try_into().unwrap();
        let places = |id, now| races.places(race, class(), racer(id), now).unwrap();
        let running = places(8, START + 5_500).unwrap();
        assert_eq!((running.riders, running.every, running.places), (2, 1, vec![2; 5]));
        races.close(START + 95_000);
        let official = places(8, START + 95_000).unwrap();
        assert_eq!((official.places.len(), official.places[59]), (60, 2));
        let verdict = Some(alleycat_shared::api::Verdict::Disqualified);
        races.judge(crate::store::VerdictRow { race, class: class(), racer: racer(7), verdict });
        assert_eq!(places(8, START + 95_000).unwrap().places[59], 1);
        assert_eq!(places(7, START + 95_000), None);
        assert_eq!(places(9, START + 95_000), None);
        let score = races.records_of(racer(8)).records[0].score;
        assert_eq!(score, Score::from_ten_thousandths(5 * 1_150_000));
    }
}
