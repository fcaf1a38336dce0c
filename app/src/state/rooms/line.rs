//! Numbers made ready to be drawn: lines of a chart, bars of a histogram.

use alleycat_shared::Score;
use alleycat_shared::api::{ResultRow, TraceSecond};

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

/// How many of a field have scores in each of some equal parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// How many are in each part.
    pub counts: Vec<usize>,
    /// In which part the own score is.
    pub own: Option<usize>,
    /// Where the first part begins.
    pub from: f64,
    /// Where the last part ends: the best score.
    pub to: f64,
    /// Whether the first part has those as well who have less.
    pub is_open: bool,
}

/// How many of the field have scores in each of `bars` equal parts up to the best. The first one begins at the lowest
/// score that is at least half of the best: who has less has left, or came late.
pub fn histogram(rows: &[ResultRow], own: Option<Score>, bars: usize) -> Histogram {
    let scores = || rows.iter().map(|row| row.score.get());
    let to = scores().fold(0.0, f64::max);
    let from = scores().filter(|score| *score >= to / 2.0).fold(to, f64::min);
    let (bars, span) = (bars.max(1), (to - from).max(f64::MIN_POSITIVE));
    let bar_of = |score: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a part of a small count"
        )]
        let bar = ((score - from).max(0.0) / span * bars as f64) as usize;
        bar.min(bars - 1)
    };
    let mut counts = vec![0; bars];
    scores().for_each(|score| counts[bar_of(score)] += 1);
    let is_open = scores().any(|score| score < from);
    Histogram { counts, own: own.map(|own| bar_of(own.get())), from, to, is_open }
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
        let rows = [row(1, 10_000_000), row(2, 9_990_000), row(3, 6_000_000), row(4, 0)];
        let bars = histogram(&rows, Some(rows[2].score), 4);
        assert_eq!((bars.counts, bars.own), (vec![2, 0, 0, 2], Some(0)));
        assert_eq!((bars.from, bars.to, bars.is_open), (600.0, 1_000.0, true), "one has less than half");
        let nobody = histogram(&[], None, 3);
        assert_eq!((nobody.counts, nobody.own, nobody.is_open), (vec![0, 0, 0], None, false));
        let bars = histogram(&[row(1, 0), row(2, 0)], None, 2).counts;
        assert_eq!(bars, [2, 0], "a field without a point");
    }
}
