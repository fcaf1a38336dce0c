//! Numbers made ready to be drawn: lines of a chart, bars of a histogram.

use alleycat_shared::api::{HistoryEntry, ResultRow, TraceSecond};
use alleycat_shared::{RaceId, Score};

use crate::state::format::tenths;

/// The points of a line as an SVG path, `width` by `height`: one a second, `top` at the upper edge. Seconds
/// without a value are gaps.
pub fn chart(
    values: impl IntoIterator<Item = (u16, f64)>,
    seconds: u16,
    top: f64,
    size: (u32, u32),
) -> String {
    let (width, height) = size;
    let mut path = String::new();
    let mut last: Option<u16> = None;
    for (second, value) in values {
        let joined = last.is_some_and(|last| last.saturating_add(1) == second);
        path.push(if joined { 'L' } else { 'M' });
        let x = f64::from(second.saturating_sub(1)) / f64::from(seconds.saturating_sub(1).max(1));
        let y = 1.0 - (value / top.max(1.0)).clamp(0.0, 1.0);
        for (part, size) in [(x, width), (y, height)] {
            path.push_str(&tenths(part.clamp(0.0, 1.0) * f64::from(size)));
            path.push(' ');
        }
        // A second alone would not be seen.
        if !joined {
            path.push_str("h0 ");
        }
        last = Some(second);
    }
    path
}

/// A ride's output by second.
pub(crate) fn outputs(seconds: &[TraceSecond]) -> impl Iterator<Item = (u16, f64)> {
    seconds.iter().map(|second| (second.second, second.output.get()))
}

/// How many of the field have scores in each of `bars` equal parts from 0 to the best, and in which one the
/// own score is.
pub fn histogram(rows: &[ResultRow], own: Option<Score>, bars: usize) -> (Vec<usize>, Option<usize>) {
    let best = rows.iter().map(|row| row.score).max().unwrap_or(Score::ZERO).ten_thousandths().max(1);
    let bars = bars.max(1);
    let bar_of = |score: Score| {
        let part = score.ten_thousandths().min(best) as f64 / best as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a part of a small count"
        )]
        let bar = (part * bars as f64) as usize;
        bar.min(bars - 1)
    };
    let mut counts = vec![0; bars];
    rows.iter().for_each(|row| counts[bar_of(row.score)] += 1);
    (counts, own.map(bar_of))
}

/// The race of the best ride of each class in a history: these are marked.
pub fn history_best(rides: &[HistoryEntry]) -> Vec<RaceId> {
    let mut best: Vec<&HistoryEntry> = Vec::new();
    for ride in rides.iter().filter(|ride| !ride.disqualified && ride.score > Score::ZERO) {
        match best.iter_mut().find(|known| known.class_id == ride.class_id) {
            // Of equal rides the earlier one is the record; the list is newest first.
            Some(known) if ride.score >= known.score => *known = ride,
            Some(_) => {}
            None => best.push(ride),
        }
    }
    best.into_iter().map(|ride| ride.race_id).collect()
}

#[cfg(test)]
mod tests {
    use alleycat_shared::plausible::Flags;
    use alleycat_shared::{Output, names};

    use super::*;

    #[test]
    fn a_line_has_gaps_where_there_was_no_second() {
        let path = chart([(1, 100.0), (2, 50.0), (4, 200.0)], 5, 100.0, (40, 10));
        assert_eq!(path, "M0.0 0.0 h0 L10.0 5.0 M30.0 0.0 h0 ");
        assert_eq!(chart([], 5, 0.0, (40, 10)), "");
        assert_eq!(
            chart([(1, f64::NAN)], 0, f64::NAN, (40, 10)),
            "M0.0 0.0 h0 ",
            "nonsense is drawn somewhere"
        );
    }

    fn row(rank: u32, score: u64) -> ResultRow {
        let racer_id = u64::from(rank).try_into().unwrap();
        ResultRow {
            rank,
            racer_id,
            name: names::default_name(racer_id),
            score: Score::from_ten_thousandths(score),
            best: Output::ZERO,
            seconds: 1,
            flags: Flags::NONE,
            cleared: false,
        }
    }

    #[test]
    fn a_histogram_counts_everybody_once() {
        let rows = [row(1, 1_000), row(2, 999), row(3, 500), row(4, 0)];
        let (bars, own) = histogram(&rows, Some(rows[2].score), 4);
        assert_eq!((bars, own), (vec![1, 0, 1, 2], Some(2)));
        assert_eq!(histogram(&[], None, 3), (vec![0, 0, 0], None));
        let (bars, _) = histogram(&[row(1, 0), row(2, 0)], None, 2);
        assert_eq!(bars, [2, 0], "a field without a point");
    }

    #[test]
    fn the_best_ride_of_each_class_is_marked() {
        let ride = |race: u64, class: u64, score: u64, disqualified| HistoryEntry {
            race_id: race.try_into().unwrap(),
            class_id: class.try_into().unwrap(),
            name: names::default_name(7_u64.try_into().unwrap()),
            rank: 1,
            riders: 2,
            score: Score::from_ten_thousandths(score),
            best: Output::ZERO,
            seconds: 1,
            disqualified,
        };
        let rides =
            [ride(9, 1, 90, true), ride(8, 1, 50, false), ride(7, 2, 10, false), ride(6, 1, 50, false)];
        let best: Vec<u64> = history_best(&rides).into_iter().map(RaceId::get).collect();
        assert_eq!(best, [6, 7]);
    }
}
