//! The boards: once a second on the hub's clock, what every topic shows of the running race.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use alleycat_shared::message::{BoardMessage, BoardRow};
use alleycat_shared::race::{board, field, rider};
use alleycat_shared::topic::Topic;
use alleycat_shared::{ClassId, Millis, RaceId};
use bytes::Bytes;

use crate::broker::Broker;
use crate::races::Races;
use crate::{metrics, time};

/// A message for the broker.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) topic: Topic,
    pub(crate) payload: Bytes,
    pub(crate) retain: bool,
}

/// What was last told of each class's full field, so that only changes need telling.
#[derive(Default)]
pub(crate) struct Boards {
    told: HashMap<ClassId, (RaceId, Vec<BoardRow>)>,
}

impl Boards {
    /// Everything to publish at `now`: every class's board, and for a class with riders its riders' own
    /// views and the field. An empty board replaces that of the race before.
    pub(crate) fn at(&mut self, races: &Races, now: Millis) -> Vec<Outgoing> {
        let moment = races.clock().at(now);
        let state = races.lock();
        let mut out = Vec::new();
        for class in ClassId::all() {
            let Some(race) = state.open.get(&(moment.race_id, class)) else {
                let empty = BoardMessage {
                    class_id: class,
                    race_id: moment.race_id,
                    second: moment.second.get(),
                    server_time: now,
                    riders: 0,
                    top: Vec::new(),
                };
                out.push(outgoing(Topic::Board(class), &empty, true));
                continue;
            };
            let standings = race.standings(now);
            out.push(outgoing(Topic::Board(class), &board(race, &standings, moment, now), true));
            for (index, standing) in standings.iter().enumerate().filter(|(_, standing)| !standing.gone) {
                let record = state.record(class, standing.racer_id);
                let view = rider(race, &standings, index, record, moment, now);
                out.push(outgoing(Topic::Rider(class, standing.racer_id), &view, false));
            }
            // A new race, and every tenth second, starts from the whole field again.
            let before =
                self.told.remove(&class).filter(|(told, _)| *told == moment.race_id).map(|(_, rows)| rows);
            let whole = field(race, &standings, None, moment);
            if before.is_none() || moment.second.get().is_multiple_of(SNAPSHOT_SECONDS) {
                out.push(outgoing(Topic::Field(class), &whole, true));
            } else {
                let changes = field(race, &standings, before.as_deref(), moment);
                out.push(outgoing(Topic::Field(class), &changes, false));
            }
            self.told.insert(class, (moment.race_id, whole.rows));
        }
        out
    }
}

/// Publishes the boards and closes the races, for ever.
pub(crate) async fn run(races: Arc<Races>, broker: Arc<Broker>) {
    let mut boards = Boards::default();
    loop {
        let wait = 1_000 - (time::now() + 1_000 - BOARD_PHASE_MS) % 1_000;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let now = time::now();
        for result in races.close(now) {
            let riders = result.results.len();
            tracing::info!(race_id = %result.race_id, class_id = %result.class_id, riders, "result is official");
        }
        let outgoing = boards.at(&races, now);
        metrics::riders(races.riders(now));
        for message in outgoing {
            broker.publish(message).await;
        }
        metrics::board_took(time::now().saturating_sub(now));
    }
}

fn outgoing(topic: Topic, message: &impl serde::Serialize, retain: bool) -> Outgoing {
    let payload = serde_json::to_vec(message).expect("boards are plain data");
    Outgoing { topic, payload: payload.into(), retain }
}

/// When in each second the boards go out, in ms: late enough for what pages send at the second's start.
const BOARD_PHASE_MS: Millis = 100;
/// How often the whole field is told.
const SNAPSHOT_SECONDS: u16 = 10;
