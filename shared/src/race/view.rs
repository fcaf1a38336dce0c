//! What each topic shows of a race: the class's board, one rider's own view, the full field.

use crate::message::{
    BoardMessage, BoardRow, DIM, DISQUALIFIED, FLAGGED, FieldRow, FieldSnapshot, GONE, Neighbour, OwnRecord,
    RiderMessage,
};
use crate::race::ride::{score_at, time_of};
use crate::race::{Race, RaceMoment, Standing};
use crate::{Millis, Score};

/// How many lines the class's board shows.
pub const TOP: usize = 10;
/// How many neighbours a rider sees above, and as many below.
pub const NEIGHBOURS: usize = 3;

/// The class's board at `moment`.
pub fn board(race: &Race, standings: &[Standing<'_>], moment: RaceMoment, now: Millis) -> BoardMessage {
    BoardMessage {
        class_id: race.class_id(),
        race_id: race.race_id(),
        second: moment.second.get(),
        server_time: now,
        riders: count(standings),
        top: standings.iter().take(TOP).map(row).collect(),
    }
}

/// The view of the rider at `standings[index]`. `record` is the trace of the rider's own best ride.
pub fn rider(
    race: &Race,
    standings: &[Standing<'_>],
    index: usize,
    record: Option<&[Score]>,
    moment: RaceMoment,
    now: Millis,
) -> RiderMessage {
    let own = &standings[index];
    let above = index.saturating_sub(NEIGHBOURS)..index;
    let below = index + 1..(index + 1 + NEIGHBOURS).min(standings.len());
    let neighbour = |other: &Standing<'_>| Neighbour {
        row: row(other),
        gap: round(other.score.ahead_of(own.score)),
        gap_seconds: gap_seconds(own, other),
    };
    RiderMessage {
        class_id: race.class_id(),
        race_id: race.race_id(),
        second: moment.second.get(),
        server_time: now,
        riders: count(standings),
        own: row(own),
        best: own.ride.best(),
        above: standings[above].iter().map(neighbour).collect(),
        below: standings[below].iter().map(neighbour).collect(),
        record: record.and_then(|trace| own_record(own, trace)),
        all_time: None,
    }
}

/// The full field.
pub fn field(race: &Race, standings: &[Standing<'_>], moment: RaceMoment) -> FieldSnapshot {
    let state = |standing: &Standing<'_>| match (standing.gone, standing.dim) {
        (true, _) => GONE,
        (false, true) => DIM,
        (false, false) => 0,
    };
    let row = |standing: &Standing<'_>| {
        let marks = u8::from(standing.flagged) * FLAGGED + u8::from(standing.disqualified) * DISQUALIFIED;
        #[expect(clippy::cast_possible_truncation, reason = "a score is far below 2^63")]
        let points = standing.score.get().round() as i64;
        FieldRow(standing.racer_id, standing.ride.name.clone(), points, state(standing) + marks)
    };
    let rows = standings.iter().map(row).collect();
    FieldSnapshot { race_id: race.race_id(), second: moment.second.get(), rows }
}

fn row(standing: &Standing<'_>) -> BoardRow {
    BoardRow {
        rank: standing.rank,
        racer_id: standing.racer_id,
        name: standing.ride.name.clone(),
        score: standing.score,
        dim: standing.dim && !standing.gone,
        gone: standing.gone,
        flagged: standing.flagged,
        disqualified: standing.disqualified,
    }
}

/// How long ago the one ahead had the score of the one behind, from the traces; positive if `other` leads.
fn gap_seconds(own: &Standing<'_>, other: &Standing<'_>) -> Option<f64> {
    let (ahead, behind, sign) = if other.rank < own.rank { (other, own, 1.0) } else { (own, other, -1.0) };
    // Both are looked at after the same second, when the one ahead had no less.
    Some(sign * since(ahead.ride.trace(), behind.score, own.second)?)
}

/// How many seconds before the end of `second` a trace had a score, to tenths.
pub(super) fn since(trace: &[Score], score: Score, second: u16) -> Option<f64> {
    Some(tenth((f64::from(second) - time_of(trace, score)?).max(0.0)))
}

fn own_record(own: &Standing<'_>, record: &[Score]) -> Option<OwnRecord> {
    let score = *record.last()?;
    let at = score_at(record, own.second);
    let ahead_seconds = if own.score >= at {
        since(own.ride.trace(), at, own.second)
    } else {
        since(record, own.score, own.second).map(|seconds| -seconds)
    };
    Some(OwnRecord { score, race_id: None, ahead: round(own.score.ahead_of(at)), ahead_seconds })
}

fn count(standings: &[Standing<'_>]) -> u32 {
    u32::try_from(standings.len()).unwrap_or(u32::MAX)
}

fn round(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Event, RaceMessage};
    use crate::race::RaceClock;
    use crate::{ClassId, RaceId, RacerName};

    const NOW: Millis = 600_000 + 10_500;

    /// Racer n rides 10 seconds at an output of 100 + n.
    fn race(riders: u64) -> Race {
        let (class_id, race_id) = (ClassId::try_from(1).unwrap(), RaceId::try_from(10).unwrap());
        let mut race = Race::new(class_id, race_id, RaceClock::new(60).unwrap());
        for (racer, second) in (0..riders).flat_map(|racer| (1..=10).map(move |second| (racer, second))) {
            let message = RaceMessage {
                uuid: uuid::Uuid::nil(),
                event: Event::Update,
                device_timestamp: 0,
                second: second.try_into().unwrap(),
                race_id,
                name: RacerName::new("Ann").unwrap(),
                racer_id: racer.try_into().unwrap(),
                class_id,
                cadence: (65.0 + racer as f64).try_into().unwrap(),
                resistance: 35.0.try_into().unwrap(),
            };
            race.take(&message, NOW).unwrap();
        }
        race
    }

    fn moment() -> RaceMoment {
        RaceClock::new(60).unwrap().at(NOW)
    }

    #[test]
    fn a_rider_sees_three_above_and_three_below_with_gaps() {
        let race = race(9);
        let standings = race.standings_after(10, NOW);
        let view = rider(&race, &standings, 4, None, moment(), NOW);
        assert_eq!((view.own.rank, view.own.racer_id.get(), view.riders), (5, 4, 9));
        assert_eq!(view.above.iter().map(|n| n.row.rank).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(view.below.iter().map(|n| n.row.rank).collect::<Vec<_>>(), [6, 7, 8]);
        assert_eq!((view.above[2].gap, view.below[0].gap), (10.0, -10.0));
        // The one above rides 105 a second and had my 1,040 after 9.9 s.
        assert_eq!((view.above[2].gap_seconds, view.below[0].gap_seconds), (Some(0.1), Some(-0.1)));
    }

    #[test]
    fn the_ends_of_the_field_have_fewer_neighbours() {
        let race = race(2);
        let standings = race.standings_after(10, NOW);
        let first = rider(&race, &standings, 0, None, moment(), NOW);
        let last = rider(&race, &standings, 1, None, moment(), NOW);
        assert_eq!((first.above.len(), first.below.len()), (0, 1));
        assert_eq!((last.above.len(), last.below.len()), (1, 0));
    }

    #[test]
    fn the_own_record_is_compared_at_the_same_second() {
        let (race, best) = (race(2), race(9));
        let standings = race.standings_after(10, NOW);
        let trace = best.ride(8.try_into().unwrap()).unwrap().trace().to_vec();
        let record = rider(&race, &standings, 0, Some(&trace), moment(), NOW).record.unwrap();
        // 1,010 after 10 s; the record had it after 9.35 s.
        assert_eq!((record.score.get(), record.ahead, record.ahead_seconds), (1_080.0, -70.0, Some(-0.6)));
    }

    #[test]
    fn the_field_has_everybody_in_order_of_rank() {
        let race = race(12);
        let standings = race.standings_after(10, NOW);
        let whole = field(&race, &standings, moment());
        assert_eq!(whole.rows.len(), 12);
        let ids: Vec<_> = standings.iter().map(|standing| standing.racer_id).collect();
        assert_eq!(whole.rows.iter().map(|row| row.0).collect::<Vec<_>>(), ids);
        assert_eq!(whole.changes(&whole).gains, "A".repeat(12));
        assert_eq!(board(&race, &standings, moment(), NOW).top.len(), TOP);
    }
}
