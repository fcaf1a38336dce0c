//! What the finish says beyond place and score: record or not, the gap to the next, the chart; and whether there is
//! something to celebrate.

use alleycat_shared::race::RaceClock;

use super::format::{minutes, whole};
use super::rooms::chart;
use super::{Finish, Flow, Page, Spark};

impl Page {
    fn finish(&self) -> Option<&Finish> {
        match &self.flow {
            Flow::Finished(finish) => Some(finish),
            _ => None,
        }
    }

    /// Points above the record of before; `None` without one, or while nothing is known of it.
    fn above_record(&self) -> Option<f64> {
        let best = self.finish()?.best??;
        Some(self.finish_score().ahead_of(best))
    }

    /// Whether this ride is a new record: `New record: +12.3`; or what was missing for one.
    pub fn finish_record(&self) -> String {
        let words = self.words();
        match (self.finish().and_then(|finish| finish.best), self.above_record()) {
            (Some(None), _) => words.first_result().to_owned(),
            (_, Some(above)) if above > 0.0 => words.new_record(&words.signed(above)),
            (_, Some(above)) => words.to_your_best(&words.signed(above)),
            (_, None) => String::new(),
        }
    }

    /// The gap to the rider above, or of the winner to the next one: sign and name apart, for names are in any script.
    pub fn finish_gap(&self) -> Option<(String, String)> {
        let outcome = self.finish()?.outcome()?;
        let (own, next) = (outcome.own.as_ref()?, outcome.next.as_ref()?);
        let (words, points) = (self.words(), own.score.ahead_of(next.score).abs());
        let points = if points < 100.0 { words.tenths(points) } else { whole(points) };
        let told = if own.rank == 1 { words.ahead_of(&points) } else { words.behind_whom(&points) };
        Some((told, next.name.to_string()))
    }

    /// Whether there is something to celebrate: the podium with somebody behind, or a new record.
    pub fn celebrates(&self) -> bool {
        let Some(finish) = self.finish() else { return false };
        let told = finish.outcome().and_then(|outcome| Some((outcome.own.as_ref()?.rank, outcome.riders)));
        let podium = told.is_some_and(|(rank, riders)| rank <= 3 && (rank as usize) < riders);
        podium || (told.is_some() && self.above_record().is_some_and(|above| above > 0.0))
    }

    /// What is said aloud at the finish, once.
    pub fn finish_alert(&self) -> String {
        let score = whole(self.finish_score().get());
        match self.finish().and_then(|finish| finish.last_known) {
            Some((rank, field)) => self.words().finished_at(&rank.to_string(), &field.to_string(), &score),
            None => self.words().finished_with(&score),
        }
    }

    /// The output of the ride that is over, and of the record ride behind it; in the box of [`Page::CHART`].
    pub fn finish_chart(&self) -> Spark {
        let (Some(finish), Some(clock)) = (self.finish(), self.race_clock()) else { return Spark::default() };
        let own: Vec<_> =
            finish.ride.outputs.iter().map(|(second, output)| (*second, output.get())).collect();
        let record = self.record_of(&finish.ride);
        let record: Vec<_> = record.iter().map(|(second, output)| (*second, output.get())).collect();
        let top = own.iter().chain(&record).map(|(_, value)| *value).fold(1.0, f64::max);
        let line =
            |values: Vec<(u16, f64)>, clock: RaceClock| chart(values, clock.seconds(), top, Self::CHART);
        Spark { own: line(own, clock), record: line(record, clock) }
    }

    /// The chart in words.
    pub fn finish_chart_line(&self) -> String {
        let Some(finish) = self.finish() else { return String::new() };
        let ride = &finish.ride;
        let (sent, best) = (ride.outputs.len(), ride.outputs.iter().map(|(_, output)| *output).max());
        let Some(best) = best else { return self.words().none_counted().to_owned() };
        let ridden = minutes(sent as u64);
        let mean = ride.score().get() / sent as f64;
        self.words().ride_line(&ridden, &whole(mean), &whole(best.get()))
    }

    /// On what the chart of the finish depends.
    pub fn finish_chart_key(&self) -> (usize, bool) {
        let sent = self.finish().map_or(0, |finish| finish.ride.outputs.len());
        (sent, self.finish().is_some_and(|finish| !self.record_of(&finish.ride).is_empty()))
    }
}
