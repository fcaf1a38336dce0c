//! What the rooms' charts show: lines and bars, ready to be drawn, the same in words, and as a table.

use alleycat_shared::Millis;
use alleycat_shared::api::{ResultRow, RideTrace};

use super::Page;
use super::format::{minutes, whole};
use super::rooms::{Answer, Histogram, Room, chart, histogram, outputs};
use super::screen::NOTHING;
use crate::words::{Lang, isolated};

/// A chart of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plot {
    /// From behind to front.
    pub lines: Vec<PlotLine>,
    /// What the upper and the lower edge stand for.
    pub edges: [String; 2],
    /// What the left edge, the middle and the right edge stand for.
    pub along: [String; 3],
    /// In words, for those who listen and for all who want numbers.
    pub summary: String,
    /// The same as a table.
    pub table: PlotTable,
}

/// A line of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlotLine {
    /// How it is drawn.
    pub kind: Kind,
    /// What it is called; without a name it is not in the key.
    pub name: String,
    /// An SVG path in a box of [`Plot::WIDTH`] by [`Plot::HEIGHT`].
    pub path: String,
}

/// What a line shows: each kind has a colour and a pattern of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The ride that is shown.
    Own,
    /// The ride of the winner.
    Winner,
    /// The record ride of the rider that is shown.
    Record,
    /// The mean of the ride that is shown.
    Average,
    /// Rides as dots.
    Dots,
}

/// The numbers of a chart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlotTable {
    /// The names of the columns.
    pub head: Vec<String>,
    /// A row a moment.
    pub rows: Vec<Vec<String>>,
}

/// How many of a field have which score.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScoreBars {
    /// How many are in each part up to the best.
    pub counts: Vec<usize>,
    /// In which part the score is that is shown.
    pub own: Option<usize>,
    /// Whether that is the rider at this page.
    pub own_is_you: bool,
    /// What the left edge, the middle and the right edge stand for.
    pub along: [String; 3],
    /// In words.
    pub summary: String,
    /// The same as a table.
    pub table: PlotTable,
}

impl Kind {
    /// Its name in style.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "line",
            Self::Winner => "winner",
            Self::Record => "record",
            Self::Average => "average",
            Self::Dots => "dots",
        }
    }
}

impl Plot {
    /// The width of the box.
    pub const WIDTH: u32 = Page::CHART.0;
    /// The height of the box.
    pub const HEIGHT: u32 = Page::CHART.1;
}

/// The box that lines are drawn in.
pub(super) const BOX: (u32, u32) = Page::CHART;

impl Page {
    /// The box that charts are drawn in.
    pub const CHART: (u32, u32) = (600, 160);

    /// What the charts depend on: the room, and when each of its answers came.
    pub fn charts_key(&self) -> (Option<Room>, Vec<Millis>) {
        (self.rooms.here(), self.rooms.asked().iter().map(|(_, remote)| remote.at()).collect())
    }

    /// The output over the race: the winner's, that of the own record, and that of the ride which is shown.
    pub fn output_plot(&self) -> Option<Plot> {
        let clock = self.race_clock()?;
        let own = self.compared()?;
        let winner_id = self.shown_result()?.results.first().map(|row| row.racer_id);
        let of_race = |trace: &&RideTrace| trace.race_id == own.race_id;
        let winner = self
            .traces()
            .filter(of_race)
            .find(|trace| Some(trace.racer_id) == winner_id && trace.racer_id != own.racer_id);
        let record =
            self.traces().find(|trace| trace.racer_id == own.racer_id && trace.race_id != own.race_id);
        let all = [winner, record, Some(own)];
        let best = all.iter().flatten().flat_map(|trace| &trace.seconds).map(|second| second.output.get());
        let top = best.fold(1.0, f64::max);
        // The part where a race is decided: who rides less leaves the line at the lower edge.
        let lowest = all.iter().flatten().map(|trace| mean(trace)).fold(top, f64::min);
        let bottom = (lowest - 2.0 * (top - lowest).max(top / 20.0)).max(0.0);
        let line = |kind, trace: &RideTrace, name| {
            let heights = outputs(&trace.seconds).map(|(second, output)| (second, output - bottom));
            PlotLine { kind, name, path: chart(heights, clock.seconds(), top - bottom, BOX) }
        };
        let words = self.words();
        let (own_name, record_name) = self.compared_names(own);
        let average = mean(own);
        let level = chart([(1, average - bottom), (2, average - bottom)], 2, top - bottom, BOX);
        let average =
            PlotLine { kind: Kind::Average, name: words.average_output(&words.tenths(average)), path: level };
        let lines = [
            Some(average),
            winner.map(|trace| line(Kind::Winner, trace, trace.name.to_string())),
            record.map(|trace| line(Kind::Record, trace, record_name.clone())),
            Some(line(Kind::Own, own, own_name.clone())),
        ];
        let mut summary = summary(words, own);
        let mut compare = |name: &str, trace: Option<&RideTrace>| {
            if let Some(trace) = trace {
                summary.push(' ');
                summary.push_str(&words.compared_average(name, &words.tenths(mean(trace))));
            }
        };
        compare(&winner.map_or_else(String::new, |trace| isolated(trace.name.as_str())), winner);
        compare(&record_name, record);
        let columns = [
            (own_name, Some(own)),
            (winner.map_or_else(String::new, |trace| trace.name.to_string()), winner),
            (record_name, record),
        ];
        Some(Plot {
            lines: lines.into_iter().flatten().collect(),
            edges: [whole(top), whole(bottom)],
            along: times(clock.seconds()),
            summary,
            table: output_table(words, &columns, clock.seconds()),
        })
    }

    /// The place over the race of the ride that is shown.
    pub fn places_plot(&self) -> Option<Plot> {
        let own = self.compared()?;
        let places = self.rooms.answers().find_map(|answer| match answer {
            Answer::Places(places) if places.racer_id == own.racer_id => Some(places),
            _ => None,
        })?;
        let (field, points) = (u16::try_from(places.riders).unwrap_or(u16::MAX), places.places.len());
        let ridden = || (1_u16..).zip(places.places.iter().copied()).filter(|(_, place)| *place > 0);
        let best = ridden().map(|(_, place)| place).min()?;
        let (_, last) = ridden().last()?;
        let (best_at, _) = ridden().find(|(_, place)| *place == best)?;
        let time = |point: u16| minutes(u64::from(point) * u64::from(places.every));
        let top = field.saturating_sub(1).max(1);
        let height = ridden().map(|(point, place)| (point, f64::from(field.saturating_sub(place))));
        let points = u16::try_from(points).unwrap_or(u16::MAX);
        let path = chart(height, points, f64::from(top), BOX);
        let words = self.words();
        let (place, riders) = (last.to_string(), field.to_string());
        let summary = words.places_summary(&place, &riders, &best.to_string(), &time(best_at));
        let rows = sampled(points).filter_map(|point| {
            let place = places.places.get(usize::from(point) - 1).filter(|place| **place > 0)?;
            Some(vec![time(point), place.to_string()])
        });
        let (name, _) = self.compared_names(own);
        let seconds = points.saturating_mul(places.every);
        Some(Plot {
            lines: vec![PlotLine { kind: Kind::Own, name, path }],
            edges: ["1".to_owned(), field.to_string()],
            along: times(seconds),
            summary,
            table: PlotTable {
                head: [words.time(), words.place()].map(str::to_owned).into(),
                rows: rows.collect(),
            },
        })
    }

    /// The scores of the field, and where the ride that is shown is among them.
    pub fn score_bars(&self) -> Option<ScoreBars> {
        let rows = self.shown_result()?.results.as_slice();
        if rows.len() < FEW {
            return None;
        }
        let shown = self.compared().map(|trace| trace.racer_id);
        let own = rows.iter().find(|row| Some(row.racer_id) == shown);
        let Histogram { counts, own: own_bar, from, to, is_open } =
            histogram(rows, own.map(|row| row.score), BARS);
        #[expect(clippy::cast_precision_loss, reason = "there are twelve")]
        let edge = |bar: usize| {
            let edge = whole(from + (to - from) * bar as f64 / BARS as f64);
            if bar == 0 && is_open { ["≤ ", &edge].concat() } else { edge }
        };
        let row = |(bar, count): (usize, &usize)| {
            vec![[&edge(bar), " – ", &edge(bar + 1)].concat(), count.to_string()]
        };
        let words = self.words();
        Some(ScoreBars {
            own_is_you: shown.is_some() && shown == self.racer(),
            along: [edge(0), edge(BARS / 2), edge(BARS)],
            summary: own.map_or_else(String::new, |own| beaten(words, own, rows)),
            table: PlotTable {
                head: [words.score(), words.riders_head()].map(str::to_owned).into(),
                rows: counts.iter().enumerate().map(row).collect(),
            },
            counts,
            own: own_bar,
        })
    }

    /// The ride that the charts of the room are about: the one that is shown, the own one, or the winner's.
    fn compared(&self) -> Option<&RideTrace> {
        let (race, racer) = match self.rooms.here()? {
            Room::Ride(race, _, racer) => (race, Some(racer)),
            Room::Race(race, _) => (race, self.racer()),
            _ => return None,
        };
        let of_race = |trace: &&RideTrace| trace.race_id == race;
        let own = self.traces().filter(of_race).find(|trace| Some(trace.racer_id) == racer);
        let rows = &self.shown_result()?.results;
        let winner = || {
            let winner = rows.first()?.racer_id;
            self.traces().filter(of_race).find(|trace| trace.racer_id == winner)
        };
        let is_own = |racer| rows.iter().any(|row| Some(row.racer_id) == racer);
        match self.rooms.here()? {
            Room::Race(..) if !is_own(racer) => winner(),
            _ => own,
        }
    }

    /// What the ride that is shown and its rider's record are called.
    fn compared_names(&self, own: &RideTrace) -> (String, String) {
        let words = self.words();
        if Some(own.racer_id) == self.racer() {
            (words.you().to_owned(), words.your_best().to_owned())
        } else {
            (own.name.to_string(), words.best_of(&isolated(own.name.as_str())))
        }
    }

    fn traces(&self) -> impl Iterator<Item = &RideTrace> {
        self.rooms.answers().filter_map(|answer| match answer {
            Answer::Trace(trace) => Some(trace),
            _ => None,
        })
    }
}

/// The mean output of a ride's seconds.
fn mean(trace: &RideTrace) -> f64 {
    mean_of(trace.seconds.iter().map(|second| second.output.get())).unwrap_or(0.0)
}

fn mean_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

fn summary(words: Lang, trace: &RideTrace) -> String {
    let count = trace.seconds.len();
    if count == 0 {
        return words.no_second_counted().to_owned();
    }
    let best = trace.seconds.iter().map(|second| second.output.get()).fold(0.0, f64::max);
    words.ride_summary(&words.tenths(mean(trace)), &words.tenths(best), &minutes(count as u64))
}

/// The mean output in each part of the race, a column a ride.
fn output_table(words: Lang, columns: &[(String, Option<&RideTrace>)], seconds: u16) -> PlotTable {
    let columns = || columns.iter().filter_map(|(name, trace)| Some((name, (*trace)?)));
    let head =
        [words.up_to().to_owned()].into_iter().chain(columns().map(|(name, _)| name.clone())).collect();
    let mut from = 0;
    let rows = sampled(seconds).map(|to| {
        let part = columns().map(|(_, trace)| {
            let inside = trace.seconds.iter().filter(|second| (from + 1..=to).contains(&second.second));
            mean_of(inside.map(|second| second.output.get()))
                .map_or_else(|| NOTHING.to_owned(), |mean| words.tenths(mean))
        });
        let row = [minutes(to.into())].into_iter().chain(part).collect();
        from = to;
        row
    });
    let rows = rows.collect();
    PlotTable { head, rows }
}

fn beaten(words: Lang, own: &ResultRow, rows: &[ResultRow]) -> String {
    let behind = rows.len().saturating_sub(usize::try_from(own.rank).unwrap_or(usize::MAX));
    let others = rows.len() - 1;
    words.ahead_of_others(&behind.to_string(), &others.to_string())
}

/// The last second of each part of a race.
fn sampled(seconds: u16) -> impl Iterator<Item = u16> {
    let every = seconds.div_ceil(PARTS).max(1);
    (1..=PARTS).map(move |part| part.saturating_mul(every).min(seconds)).take_while({
        let mut before = 0;
        move |to| std::mem::replace(&mut before, *to) < *to
    })
}

/// The start, the middle and the end of a race.
fn times(seconds: u16) -> [String; 3] {
    [0, u64::from(seconds) / 2, seconds.into()].map(minutes)
}

/// Bars of the histogram.
const BARS: usize = 12;
/// A field that makes no histogram.
const FEW: usize = 5;
/// Rows of a chart's table.
const PARTS: u16 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_for_each_part_and_no_more_than_seconds() {
        assert_eq!(sampled(300).collect::<Vec<_>>(), [30, 60, 90, 120, 150, 180, 210, 240, 270, 300]);
        assert_eq!(sampled(4).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(sampled(25).last(), Some(25));
        assert_eq!(sampled(0).count(), 0);
        assert_eq!(times(300), ["0:00", "2:30", "5:00"]);
    }
}
