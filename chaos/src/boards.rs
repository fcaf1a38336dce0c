//! Somebody who watches the boards of all classes, and holds each of them to what a board must be.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alleycat_mqtt::client::Client;
use alleycat_mqtt::{Backoff, Event, Options, Qos};
use alleycat_shared::message::BoardMessage;
use alleycat_shared::race::RaceClock;
use alleycat_shared::{ClassId, RaceId, RacerId, Score};
use tokio::sync::watch;

use crate::world::World;

/// What the boards said.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) boards: u64,
    /// The last score of each rider who was ever among the first ten.
    pub(crate) last: BTreeMap<(RaceId, ClassId), BTreeMap<RacerId, Score>>,
}

/// Watches until told to stop.
pub(crate) async fn watch(world: Arc<World>, mut stop: watch::Receiver<bool>) -> anyhow::Result<Seen> {
    // Back at once, so as to miss little.
    let backoff = Backoff { base: 100, cap: 500, stable_after: 0 };
    let options = Options { backoff, ..Options::new("alleycat-chaos-boards") };
    let mut client = Client::new(world.broker_url.as_str(), options, 1)?;
    client.subscribe("alleycat-subscribe/+/board", Qos::AtMostOnce)?;
    let mut seen = Seen::default();
    loop {
        let event = tokio::select! {
            event = client.event() => event,
            _ = stop.wait_for(|stop| *stop) => return Ok(seen),
        };
        let Event::Message { topic, payload, .. } = event else { continue };
        match serde_json::from_slice(&payload) {
            Ok(board) => {
                if let Err(wrong) = seen.take(world.clock, board) {
                    world.log.find(format!("a board of {topic}: {wrong}"));
                }
            }
            Err(error) => world.log.find(format!("a board of {topic} is none: {error}")),
        }
    }
}

impl Seen {
    fn take(&mut self, clock: RaceClock, board: BoardMessage) -> Result<(), String> {
        self.boards += 1;
        let (race, second) = (board.race_id, board.second);
        let racers: BTreeSet<RacerId> = board.top.iter().map(|row| row.racer_id).collect();
        if racers.len() != board.top.len() {
            return Err(format!("race {race}, second {second}: a rider is there twice"));
        }
        let ordered =
            board.top.windows(2).all(|pair| pair[0].score >= pair[1].score && pair[0].rank < pair[1].rank);
        if !ordered {
            return Err(format!("race {race}, second {second}: it is out of order"));
        }
        let riders = usize::try_from(board.riders).unwrap_or(usize::MAX);
        if riders < board.top.len() {
            return Err(format!("race {race}, second {second}: more riders than {riders}"));
        }
        let moment = clock.at(board.server_time);
        if moment.race_id != race || moment.second.get() != second {
            return Err(format!("race {race}, second {second} was not at {}", board.server_time));
        }
        let last = self.last.entry((race, board.class_id)).or_default();
        last.extend(board.top.iter().map(|row| (row.racer_id, row.score)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn board(rows: &[(u32, u64, &str)], second: u16) -> BoardMessage {
        let top: Vec<_> = rows
            .iter()
            .map(|(rank, racer, score)| json!({ "rank": rank, "racerId": racer, "name": "Ann", "score": score.parse::<f64>().unwrap() }))
            .collect();
        let json = json!({
            "classId": 1, "raceId": 1_000, "second": second, "serverTime": 300_000_000 + u64::from(second) * 1_000 - 500,
            "riders": rows.len(), "top": top,
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn boards_that_can_not_be_are_found() {
        let clock = RaceClock::new(300).unwrap();
        let take = |rows: &[(u32, u64, &str)]| Seen::default().take(clock, board(rows, 7));
        assert_eq!(take(&[(1, 7, "90.5"), (2, 8, "80")]), Ok(()));
        assert!(take(&[(1, 7, "90"), (2, 7, "80")]).unwrap_err().contains("twice"));
        assert!(take(&[(1, 7, "80"), (2, 8, "90")]).unwrap_err().contains("out of order"));
        let mut late = board(&[], 7);
        late.server_time += 3_000;
        assert!(Seen::default().take(clock, late).unwrap_err().contains("was not at"));
    }
}
