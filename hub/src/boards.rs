//! The boards: once a second on the hub's clock, what every topic shows of the running race.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use alleycat_shared::message::{BoardMessage, FieldMessage, FieldSnapshot};
use alleycat_shared::race::{AllTimeField, RaceClock, RaceMoment, RecordRide, board, field, judge, rider};
use alleycat_shared::topic::Topic;
use alleycat_shared::{ClassId, Millis, RaceId, RaceSecond, RacerId};
use bytes::Bytes;

use crate::broker::Carrier;
use crate::journal::Journal;
use crate::races::{Best, Races};
use crate::store::Keep;
use crate::time::DAY_MS;
use crate::{metrics, time};

/// A message for the broker.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) topic: Topic,
    pub(crate) payload: Bytes,
    pub(crate) retain: bool,
}

/// Makes the boards, and remembers what was last told of each class's field.
#[derive(Default)]
pub(crate) struct Boards {
    told: HashMap<ClassId, Told>,
    paces: HashMap<ClassId, Pace>,
}

/// Whether a class's boards can show the second that has just begun, or only the one before. Riders tell of a
/// second as it begins; a board that some have told of and others not would compare unlike with unlike, and one that
/// shows now this second and now the one before would stand still and leap.
#[derive(Default)]
struct Pace {
    /// For how many boards in a row the second that had just begun was told by all, up to [`STEADY`].
    told: u8,
}

impl Pace {
    /// The second to show while `running` runs, of which all have told or not; 0 before the first.
    fn second(&mut self, running: RaceSecond, told: bool) -> u16 {
        // Of a race's first second nobody can say who is to tell of it.
        if running.get() > 1 {
            self.told = if told { (self.told + 1).min(STEADY) } else { 0 };
        }
        if told && self.told == STEADY { running.get() } else { running.get() - 1 }
    }
}

/// What was last told of a class's field.
struct Told {
    race_id: RaceId,
    /// The snapshot that is retained: changes are changes to this.
    snapshot: Option<FieldSnapshot>,
}

impl Boards {
    /// Everything to publish at `now` of a class at the moment that is `shown`: its board, its riders' own
    /// views and its field. A class without riders has an empty board, in place of that of the race before.
    ///
    /// Changes of the field are made only if it is `watched`; the whole of it is always there, retained.
    pub(crate) fn at(
        &mut self,
        races: &Races,
        class: ClassId,
        watched: bool,
        shown: Millis,
        now: Millis,
    ) -> Vec<Outgoing> {
        let moment = races.clock().at(shown);
        let before = self.told.remove(&class).filter(|told| told.race_id == moment.race_id);
        let whole_is_due = before.is_none() || moment.second.get().is_multiple_of(SNAPSHOT_SECONDS);
        let snapshot = before.and_then(|told| told.snapshot);

        let (told, records) = {
            let state = races.lock();
            let race = state.open.get(&(moment.race_id, class));
            let records = race.map_or_else(Arc::default, |_| state.records(class));
            (race.is_some_and(|race| race.is_told(moment.second)), records)
        };
        let second = self.paces.entry(class).or_default().second(moment.second, told);
        let all_time = AllTimeField::after(second, records.iter().map(record_ride));
        // Only plain structs are made while messages wait for the lock; writing them out is the longer part.
        let state = races.lock();
        let Some(race) = state.open.get(&(moment.race_id, class)) else {
            drop(state);
            self.told.insert(class, Told { race_id: moment.race_id, snapshot: None });
            return nobody(class, moment, whole_is_due, now);
        };
        let mut standings = race.standings_after(second, shown);
        let verdicts = state.verdicts(moment.race_id, class);
        judge(&mut standings, |racer| verdicts.get(&racer).copied());
        let top = board(race, &standings, moment, now);
        let present = standings.iter().enumerate().filter(|(_, standing)| !standing.gone);
        let views: Vec<_> = present
            .map(|(index, standing)| {
                let best = records.get(&standing.racer_id);
                let record = best.map(|best| best.trace.as_slice());
                let mut view = rider(race, &standings, index, record, moment, now);
                // A page has to hear it once.
                if let (Some(record), Some(best), true) =
                    (&mut view.record, best, second.is_multiple_of(SNAPSHOT_SECONDS))
                {
                    record.race_id = Some(best.race_id);
                }
                view.all_time = all_time.seen_by(standing, record);
                (standing.racer_id, view)
            })
            .collect();
        let whole_is_due = whole_is_due || snapshot.is_none();
        let whole = (watched || whole_is_due).then(|| field(race, &standings, moment));
        drop(state);

        let mut out = vec![outgoing(Topic::Board(class), &top, true)];
        out.extend(views.iter().map(|(racer, view)| outgoing(Topic::Rider(class, *racer), view, false)));
        let topic = Topic::Field(class);
        let snapshot = match (whole, snapshot) {
            (Some(now), Some(snapshot)) if !whole_is_due => {
                let changes = FieldMessage::Changes(snapshot.changes(&now));
                out.push(outgoing(topic, &changes, false));
                Some(snapshot)
            }
            (Some(now), _) => {
                out.push(outgoing(topic, &now, true));
                Some(now)
            }
            (None, snapshot) => snapshot,
        };
        self.told.insert(class, Told { race_id: moment.race_id, snapshot });
        out
    }
}

/// How many days what is kept.
pub(crate) struct Retention {
    pub(crate) rides: u32,
    pub(crate) journal: u32,
    /// Messages are to be in the archive before they are forgotten.
    pub(crate) archiving: bool,
}

impl Retention {
    /// What may be forgotten at `now`, when nothing can come any more of before the moment that is `settled`.
    fn at(&self, clock: RaceClock, settled: Millis, now: Millis) -> Keep {
        let from = |at: Millis, days: u32| clock.at(at.saturating_sub(u64::from(days) * DAY_MS)).race_id;
        Keep {
            // Races whose stream is far behind need their messages yet, however old they are. No grace is a day long.
            journal_from: from(now, self.journal).min(from(settled, 1)),
            archiving: self.archiving,
            rides_from: from(now, self.rides),
            seats_from: now,
        }
    }
}

/// Has old things forgotten at the start and once a race, whether somebody rides or not: a hall may be closed for
/// months.
struct Tidying {
    retention: Retention,
    /// The race in which it was done last.
    last: Option<RaceId>,
}

impl Tidying {
    /// What may be forgotten, if it is time to.
    fn due(&mut self, clock: RaceClock, settled: Millis, now: Millis) -> Option<Keep> {
        let race = clock.at(now).race_id;
        let is_due = self.last.replace(race) != Some(race);
        is_due.then(|| self.retention.at(clock, settled, now))
    }
}

/// Publishes the boards and closes the races, for ever.
pub(crate) async fn run(races: Arc<Races>, carrier: Carrier, journal: Arc<Journal>, retention: Retention) {
    let mut boards = Boards::default();
    let mut tidying = Tidying { retention, last: None };
    loop {
        let before = time::now();
        let wait = 1_000 - (before + 1_000 - BOARD_PHASE_MS) % 1_000;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let now = time::now();
        let settled = races.settled(now);
        let closed = races.close(settled);
        if let Some(keep) = tidying.due(races.clock(), settled, now) {
            journal.forget(keep);
        }
        for result in closed {
            let (result, riders) = (&result.result, result.rides.len());
            tracing::info!(race_id = %result.race_id, class_id = %result.class_id, riders, "result is official");
        }
        metrics::upkeep();
        metrics::outbox(journal.outbox_bytes());
        // Nothing is known of a stream that has never answered.
        let Some(shown) = races.shown(now) else { continue };
        metrics::riders(races.riders(shown));
        for class in ClassId::all().filter(|class| carrier.runs(*class)) {
            let watched = carrier.is_watched(Topic::Field(class));
            carrier.publish(boards.at(&races, class, watched, shown, now));
        }
        let done = time::now();
        metrics::board_took(done.saturating_sub(now));
        metrics::boards_late(done.saturating_sub(before + wait));
    }
}

fn record_ride<'a>((racer, best): (&RacerId, &'a Arc<Best>)) -> RecordRide<'a> {
    RecordRide { racer_id: *racer, name: &best.name, trace: &best.trace }
}

/// The boards of a class that nobody rides in.
fn nobody(class: ClassId, moment: RaceMoment, whole_is_due: bool, now: Millis) -> Vec<Outgoing> {
    let (race_id, second) = (moment.race_id, moment.second.get());
    let empty =
        BoardMessage { class_id: class, race_id, second, server_time: now, riders: 0, top: Vec::new() };
    let mut out = vec![outgoing(Topic::Board(class), &empty, true)];
    if whole_is_due {
        let field = FieldSnapshot { race_id, second, rows: Vec::new() };
        out.push(outgoing(Topic::Field(class), &field, true));
    }
    out
}

fn outgoing(topic: Topic, message: &impl serde::Serialize, retain: bool) -> Outgoing {
    let mut payload = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut payload, message).expect("boards are plain data");
    Outgoing { topic, payload: payload.into(), retain }
}

/// When in each second the boards go out, in ms: late enough for what pages send at the second's start.
const BOARD_PHASE_MS: Millis = 100;
/// What nearly all boards and views fit into; a field grows beyond.
const USUAL_BYTES: usize = 1_536;
/// After how many boards in a row that could show the second that has just begun they do.
const STEADY: u8 = 5;
/// How often the whole field is told.
const SNAPSHOT_SECONDS: u16 = 10;

#[cfg(test)]
mod tests {
    use alleycat_shared::message::{Event, RaceMessage};
    use alleycat_shared::{RacerId, RacerName};
    use serde_json::Value;

    use super::*;

    const START: Millis = 1_000 * 60_000;

    fn class() -> ClassId {
        ClassId::try_from(1).unwrap()
    }

    fn ride(races: &Races, racer: u64, now: Millis) {
        let moment = races.clock().at(now);
        let message = RaceMessage {
            uuid: uuid::Uuid::nil(),
            event: Event::Update,
            device_timestamp: 0,
            second: moment.second,
            race_id: moment.race_id,
            name: RacerName::new("Ann").unwrap(),
            racer_id: RacerId::try_from(racer).unwrap(),
            class_id: class(),
            cadence: 65.0.try_into().unwrap(),
            resistance: 35.0.try_into().unwrap(),
        };
        races.take(&message, now).unwrap();
    }

    /// What a topic of the class says at `now`, and whether it is retained.
    fn told(out: &[Outgoing], topic: Topic) -> Option<(Value, bool)> {
        let message = out.iter().find(|message| message.topic == topic)?;
        Some((serde_json::from_slice(&message.payload).unwrap(), message.retain))
    }

    fn races() -> Races {
        crate::rig::races(60)
    }

    #[test]
    fn a_new_race_begins_with_an_empty_board_and_field() {
        let (races, mut boards) = (races(), Boards::default());
        ride(&races, 7, START);
        let out = boards.at(&races, class(), false, START + 100, START + 100);
        assert_eq!(told(&out, Topic::Board(class())).unwrap().0["riders"], 1);
        assert!(told(&out, Topic::Rider(class(), 7.try_into().unwrap())).is_some());
        let out = boards.at(&races, class(), false, START + 60_100, START + 60_100);
        for topic in [Topic::Board(class()), Topic::Field(class())] {
            let (message, retained) = told(&out, topic).unwrap();
            assert!(retained && message["raceId"] == 1_001, "{message}");
        }
        assert_eq!(told(&out, Topic::Board(class())).unwrap().0["riders"], 0);
        assert_eq!(told(&out, Topic::Field(class())).unwrap().0["rows"], Value::Array(Vec::new()));
        assert_eq!(out.len(), 2, "no views of the race before");
    }

    #[test]
    fn old_races_are_forgotten_at_the_start_and_once_a_race_though_nobody_rides() {
        let clock = races().clock();
        let mut tidying =
            Tidying { retention: Retention { rides: 400, journal: 30, archiving: true }, last: None };
        let (now, day) = (START + 500 * DAY_MS, DAY_MS / 60_000);
        let start = tidying.due(clock, now, now).unwrap();
        assert_eq!(start.journal_from.get(), 1_000 + 470 * day);
        assert_eq!(start.rides_from.get(), 1_000 + 100 * day);
        assert!(tidying.due(clock, now + 59_000, now + 59_000).is_none(), "the same race");
        let next = tidying.due(clock, now + 60_000, now + 60_000).unwrap();
        assert_eq!(next.journal_from.get(), start.journal_from.get() + 1);
        // A stream that was away for longer than messages are kept.
        let settled = now - 40 * DAY_MS;
        let behind = tidying.due(clock, settled, now + 120_000).unwrap();
        assert_eq!(behind.journal_from.get(), 1_000 + 459 * day, "its open races are whole");
        assert_eq!(tidying.due(clock, 0, now + 180_000).unwrap().journal_from, clock.at(0).race_id);
    }

    #[test]
    fn a_board_shows_the_second_that_has_begun_once_all_tell_in_time_and_the_one_before_otherwise() {
        let (races, mut boards) = (races(), Boards::default());
        let mut second = 0;
        let mut score = |in_time: &[u64], late: &[u64]| {
            let at = START + second * 1_000;
            in_time.iter().for_each(|racer| ride(&races, *racer, at));
            let out = boards.at(&races, class(), false, at + 100, at + 100);
            late.iter().for_each(|racer| ride(&races, *racer, at + 500));
            second += 1;
            let (board, _) = told(&out, Topic::Board(class())).unwrap();
            board["top"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["score"].as_f64().unwrap())
                .collect::<Vec<_>>()
        };
        let both = |score| vec![score; 2];
        let seen: Vec<_> = (0..8).map(|_| score(&[7, 8], &[])).collect();
        assert_eq!(seen[..5], [0.0, 100.0, 200.0, 300.0, 400.0].map(both), "the second before");
        assert_eq!(seen[5..], [600.0, 700.0, 800.0].map(both), "the one that has begun");
        assert_eq!(score(&[7], &[8]), both(800.0), "8 is late, and both are shown at the same second");
        assert_eq!(score(&[7, 8], &[]), both(900.0), "for some time");
        let seen: Vec<_> = (0..5).map(|_| score(&[7, 8], &[])).collect();
        assert_eq!(seen.last(), Some(&both(1_500.0)));
    }

    #[test]
    fn changes_of_the_field_are_made_for_watchers_only() {
        let (races, mut boards) = (races(), Boards::default());
        ride(&races, 7, START);
        ride(&races, 8, START);
        let mut field = |second: u64, watched| {
            let at = START + second * 1_000 + 100;
            told(&boards.at(&races, class(), watched, at, at), Topic::Field(class()))
        };
        let is_whole = |told: &Option<(Value, bool)>| {
            let (message, retained) = told.as_ref().unwrap();
            assert_eq!(message["rows"].is_array(), *retained);
            *retained
        };
        assert!(is_whole(&field(0, false)), "the first of a race");
        assert!(field(1, false).is_none(), "nobody looks");
        ride(&races, 8, START + 3_000);
        let (changes, _) = field(4, true).unwrap();
        assert_eq!((&changes["since"], changes["gains"].as_str().unwrap().len()), (&1.into(), 4));
        assert!(is_whole(&field(9, true)), "every tenth second");
    }

    #[test]
    fn a_rider_sees_the_own_record_and_everybody_elses_at_the_same_second() {
        let (races, mut boards) = (races(), Boards::default());
        for racer in [7, 8] {
            ride(&races, racer, START);
            ride(&races, racer, START + 1_000);
        }
        races.close(START + 90_000);
        let now = START + 120_000;
        ride(&races, 7, now);
        let out = boards.at(&races, class(), false, now + 1_100, now + 1_100);
        let (view, _) = told(&out, Topic::Rider(class(), 7.try_into().unwrap())).unwrap();
        assert_eq!((&view["record"]["score"], &view["record"]["ahead"]), (&200.0.into(), &0.0.into()));
        let all_time = &view["allTime"];
        assert_eq!((&all_time["rank"], &all_time["riders"]), (&2.into(), &2.into()), "{all_time}");
        let above = &all_time["above"][0];
        assert_eq!((&above["racerId"], &above["score"]), (&8.into(), &100.0.into()), "at the same second");
    }
}
