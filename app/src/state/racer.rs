//! A racer's room: the trend of the rides, the records, and what riders may say of their own rides.

use alleycat_shared::api::{HistoryEntry, Records};
use alleycat_shared::{ClassId, RacerId, Score};

use super::charts::{BOX, Kind, Plot, PlotLine, PlotTable};
use super::format::whole;
use super::rooms::{Answer, Room, Wish, Wished, chart};
use super::{Effect, Failure, Flow, Page};
use crate::words::isolated;

/// A racer's best ride in a class, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordLine {
    /// The class.
    pub class: String,
    /// The score.
    pub score: String,
    /// Place among all records of the class.
    pub place: String,
    /// The ride.
    pub opens: Room,
}

impl Page {
    /// The scores of a racer's rides in the class of the latest one, oldest first.
    pub fn trend_plot(&self) -> Option<Plot> {
        let rides = || {
            self.rooms.answers().flat_map(|answer| match answer {
                Answer::Rides(history) => history.rides.as_slice(),
                _ => &[],
            })
        };
        let class = rides().next()?.class_id;
        let mut of_class: Vec<&HistoryEntry> =
            rides().filter(|ride| ride.class_id == class && !ride.disqualified).collect();
        of_class.reverse();
        let scores: Vec<f64> = of_class.iter().map(|ride| ride.score.get()).collect();
        let (first, last) = (*scores.first()?, *scores.last()?);
        let count = u16::try_from(scores.len()).ok().filter(|count| *count >= 2)?;
        let top = scores.iter().copied().fold(1.0, f64::max);
        let points = || (1_u16..).zip(scores.iter().copied());
        // A little below the worst, so that a change is seen.
        let lowest = scores.iter().copied().fold(top, f64::min);
        let bottom = (lowest - (top - lowest).max(top / 50.0)).max(0.0);
        let span = top - bottom;
        // Every second place is left out, so that no dot is joined to another.
        let dots = chart(points().map(|(at, score)| (at * 2 - 1, score - bottom)), count * 2 - 1, span, BOX);
        let slope = slope(&scores);
        let middle = f64::from(count - 1) / 2.0;
        let mean = scores.iter().sum::<f64>() / f64::from(count);
        let ends = [(1, mean - slope * middle - bottom), (2, mean + slope * middle - bottom)];
        let words = self.words();
        let trend = PlotLine {
            kind: Kind::Average,
            name: words.trend_a_ride(&words.signed(slope)),
            path: chart(ends, 2, span, BOX),
        };
        let line = |kind, name: &str, path| PlotLine { kind, name: name.to_owned(), path };
        let heights = points().map(|(at, score)| (at, score - bottom));
        let mut lines = vec![line(Kind::Own, words.score(), chart(heights, count, span, BOX))];
        lines.push(line(Kind::Dots, "", dots));
        if count >= TREND {
            lines.insert(0, trend);
        }
        let class = isolated(&self.name_of(class));
        let summary =
            words.trend_summary(&count.to_string(), &class, &whole(first), &whole(last), &whole(top));
        let row = |ride: &&HistoryEntry| {
            vec![ride.race_id.to_string(), whole(ride.score.get()), ride.rank.to_string()]
        };
        Some(Plot {
            lines,
            edges: [whole(top), whole(bottom)],
            along: [words.oldest_ride(), "", words.latest_ride()].map(str::to_owned),
            summary,
            table: PlotTable {
                head: [words.race(), words.score(), words.place()].map(str::to_owned).into(),
                rows: of_class.iter().map(row).collect(),
            },
        })
    }

    /// The racer's best ride in each class.
    pub fn record_lines(&self) -> Vec<RecordLine> {
        let Some(Room::Racer(racer)) = self.rooms.here() else { return Vec::new() };
        let records = self.shown_records().map(|records| records.records.as_slice()).unwrap_or_default();
        let line = |record: &alleycat_shared::api::RecordEntry| RecordLine {
            class: self.name_of(record.class_id),
            score: whole(record.score.get()),
            place: self.words().place_of_field(&record.rank.to_string(), &record.riders.to_string()),
            opens: Room::Ride(record.race_id, record.class_id, racer),
        };
        records.iter().map(line).collect()
    }

    /// Whether the racer whose room this is rides at this page, and may say what becomes of the rides: then
    /// whether all-time boards name the racer.
    pub fn own_will(&self) -> Option<bool> {
        let Some(Room::Racer(racer)) = self.rooms.here() else { return None };
        let is_own = self.racer() == Some(racer) && self.token(racer).is_some();
        is_own.then(|| self.shown_records().is_some_and(|records| records.named))
    }

    /// What became of the latest wish of the racer whose room this is.
    pub fn wished(&self) -> Wished {
        match (&self.wished, self.rooms.here()) {
            (
                Wished::UnderWay(wish) | Wished::Done(wish) | Wished::Failed(wish, _),
                Some(Room::Racer(racer)),
            ) if wish.racer() == racer => self.wished.clone(),
            _ => Wished::Nothing,
        }
    }

    pub(super) fn wish(&mut self, wish: Wish, effects: &mut Vec<Effect>) {
        let Some(token) = self.token(wish.racer()) else { return };
        if !matches!(self.wished, Wished::UnderWay(_)) {
            self.wished = Wished::UnderWay(wish);
            effects.push(Effect::Wish(wish, token));
        }
    }

    pub(super) fn granted(&mut self, wish: Wish, answer: Result<(), Failure>) {
        self.wished = match answer {
            Ok(()) => {
                self.rooms.renew();
                if matches!(wish, Wish::Delete(_)) {
                    self.record = None;
                }
                Wished::Done(wish)
            }
            Err(Failure { status: Some(UNAUTHORIZED), .. }) => {
                Wished::Failed(wish, self.words().hub_does_not_know_you().to_owned())
            }
            Err(failure) if failure.detail.is_empty() => {
                Wished::Failed(wish, self.words().nothing_changed().to_owned())
            }
            Err(failure) => Wished::Failed(wish, failure.detail),
        };
    }

    /// Whether a ride is its rider's record in its class.
    pub(super) fn is_record(&self, ride: &HistoryEntry) -> bool {
        let is = |class: ClassId, score: Score| {
            class == ride.class_id && score == ride.score && ride.score > Score::ZERO && !ride.disqualified
        };
        let records = self.shown_records().map(|records| records.records.as_slice()).unwrap_or_default();
        records.iter().any(|record| is(record.class_id, record.score) && record.race_id == ride.race_id)
    }

    fn shown_records(&self) -> Option<&Records> {
        self.rooms.answers().find_map(|answer| match answer {
            Answer::Records(records) => Some(records),
            _ => None,
        })
    }

    /// The token with which this device rides, or last rode, as the racer.
    fn token(&self, racer: RacerId) -> Option<String> {
        let rider = match &self.flow {
            Flow::Finished(finish) => Some(&finish.ride.rider),
            _ => self.rider(),
        };
        let ridden = rider.filter(|rider| rider.racer == racer).and_then(|rider| rider.token.clone());
        self.entry.token(racer).or(ridden)
    }
}

/// The mean change from one value to the next: the slope of the line of least squares.
fn slope(values: &[f64]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a list of rides is short")]
    let count = values.len() as f64;
    let middle = (count - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / count.max(1.0);
    let (mut above, mut below, mut at) = (0.0, 0.0, 0.0);
    for value in values {
        above += (at - middle) * (value - mean);
        below += (at - middle) * (at - middle);
        at += 1.0;
    }
    if below > 0.0 { above / below } else { 0.0 }
}

/// The rides that make a trend.
const TREND: u16 = 4;
const UNAUTHORIZED: u16 = 401;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_is_the_mean_change_a_ride() {
        assert!((slope(&[10.0, 20.0, 30.0, 40.0]) - 10.0).abs() < 1e-9);
        assert!(slope(&[5.0, 5.0, 5.0]).abs() < 1e-9);
        assert!(slope(&[5.0]).abs() < 1e-9 && slope(&[]).abs() < 1e-9);
        assert!((slope(&[0.0, 3.0, 3.0]) - 1.5).abs() < 1e-9);
    }
}

#[cfg(test)]
#[path = "racer_tests.rs"]
mod whole_page;
