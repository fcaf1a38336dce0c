//! Medians beside the peer's of the same run, with goals: a table for people, and the list of objects that
//! all benches write.
#![expect(clippy::print_stdout, reason = "a bench prints its table")]

mod process;

use std::io;
use std::path::Path;

pub use process::{cpu_time, resident, thread_time};

use serde::Serialize;

/// All figures of a bench.
#[derive(Debug)]
pub struct Report {
    bench: &'static str,
    peer: &'static str,
    figures: Vec<Figure>,
}

/// One figure.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Figure {
    name: &'static str,
    metric: String,
    value: f64,
    unit: &'static str,
    peer: Option<&'static str>,
    peer_value: Option<f64>,
    ratio: Option<f64>,
    goal: Option<String>,
    met: Option<bool>,
    /// How many runs of ours the value is the median of, and the lowest and the highest of them.
    runs: usize,
    lowest: f64,
    highest: f64,
}

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
pub enum Goal {
    /// More than this.
    Over(f64),
    /// Less than this.
    Under(f64),
    /// This, and nothing else.
    Exactly(f64),
    /// More than so many times the peer's.
    OverPeer(f64),
    /// Less than so many times the peer's.
    UnderPeer(f64),
}

impl Report {
    /// A bench by its name, and who it is compared with.
    pub const fn new(bench: &'static str, peer: &'static str) -> Self {
        Self { bench, peer, figures: Vec::new() }
    }

    /// Notes the medians of several runs, ours and the peer's, which may be none.
    pub fn add(
        &mut self,
        metric: impl Into<String>,
        unit: &'static str,
        ours: &[f64],
        peers: &[f64],
        goal: Option<Goal>,
    ) {
        self.add_beside(self.peer, metric, unit, ours, peers, goal);
    }

    /// The same beside another peer than the usual one.
    pub fn add_beside(
        &mut self,
        peer: &'static str,
        metric: impl Into<String>,
        unit: &'static str,
        ours: &[f64],
        peers: &[f64],
        goal: Option<Goal>,
    ) {
        let value = median(ours).unwrap_or(f64::NAN);
        let peer_value = median(peers);
        let ratio = peer_value.map(|peer| value / peer).filter(|ratio| ratio.is_finite());
        self.figures.push(Figure {
            name: self.bench,
            metric: metric.into(),
            value,
            unit,
            peer: peer_value.map(|_| peer),
            peer_value,
            ratio,
            goal: goal.map(Goal::text),
            met: goal.map(|goal| goal.is_met(value, ratio)),
            runs: ours.len(),
            lowest: ours.iter().copied().fold(f64::INFINITY, f64::min),
            highest: ours.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        });
    }

    /// Prints the figure that was noted last, for who can't wait.
    pub fn print_last(&self) {
        self.figures.last().into_iter().for_each(|figure| println!("{}", figure.row()));
    }

    /// Prints the table.
    pub fn print(&self) {
        println!(
            "\n{:<52}{:>10} {:<6}{:>22}{:>12}{:>9}  goal",
            "what (medians)", "ours", "", "all runs", "peer's", "ratio"
        );
        self.figures.iter().for_each(|figure| println!("{}", figure.row()));
    }

    /// Writes the list of objects.
    ///
    /// # Errors
    /// When the file can't be written.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        std::fs::write(file, serde_json::to_string_pretty(&self.figures)?)
    }
}

impl Goal {
    fn text(self) -> String {
        match self {
            Self::Over(bound) => format!("over {bound}"),
            Self::Under(bound) => format!("under {bound}"),
            Self::Exactly(bound) => format!("{bound}"),
            Self::OverPeer(bound) => format!("ratio over {bound:.2}"),
            Self::UnderPeer(bound) => format!("ratio under {bound:.2}"),
        }
    }

    fn is_met(self, value: f64, ratio: Option<f64>) -> bool {
        match self {
            Self::Over(bound) => value > bound,
            Self::Under(bound) => value < bound,
            Self::Exactly(bound) => (value - bound).abs() < f64::EPSILON,
            Self::OverPeer(bound) => ratio.is_some_and(|ratio| ratio > bound),
            Self::UnderPeer(bound) => ratio.is_some_and(|ratio| ratio < bound),
        }
    }
}

impl Figure {
    fn row(&self) -> String {
        let number =
            |value: f64| if value.abs() < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") };
        let peer = self.peer_value.map(number).unwrap_or_default();
        let ratio = self.ratio.map(|ratio| format!("{ratio:.3}")).unwrap_or_default();
        let met = self.met.map_or("", |met| if met { "met" } else { "MISSED" });
        let spread = format!("{} to {}", number(self.lowest), number(self.highest));
        format!(
            "{:<52}{:>10} {:<6}{:>22}{:>12}{:>9}  {:<13}{met}",
            self.metric,
            number(self.value),
            self.unit,
            spread,
            peer,
            ratio,
            self.goal.as_deref().unwrap_or_default()
        )
    }
}

/// Of sorted values; 0 without any.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a place in a list"
)]
pub fn quantile<T: Copy + Into<f64>>(sorted: &[T], q: f64) -> f64 {
    let at = (sorted.len().saturating_sub(1) as f64 * q).round() as usize;
    sorted.get(at).copied().map_or(0.0, Into::into)
}

/// The middle one of some runs; `None` without any.
pub fn median(runs: &[f64]) -> Option<f64> {
    let mut runs = runs.to_vec();
    runs.sort_by(f64::total_cmp);
    runs.get(runs.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_told_beside_the_peers_and_judged() {
        let mut report = Report::new("b", "p");
        report.add("m", "s", &[9.0, 1.0, 2.0], &[4.0], Some(Goal::Under(2.0)));
        report.add("n", "s", &[1.0], &[], None);
        let [figure, alone] = &report.figures[..] else { unreachable!() };
        assert_eq!((figure.value, figure.ratio, figure.met), (2.0, Some(0.5), Some(false)));
        assert_eq!(alone.peer, None);
    }

    #[test]
    fn a_goal_may_be_a_part_of_what_another_peer_does() {
        let mut report = Report::new("b", "p");
        report.add_beside("q", "m", "s", &[30.0], &[2.0], Some(Goal::OverPeer(20.0)));
        report.add_beside("q", "m", "s", &[1.0], &[8.0], Some(Goal::UnderPeer(0.25)));
        report.add("n", "s", &[1.0], &[], Some(Goal::UnderPeer(0.25)));
        let told: Vec<_> = report.figures.iter().map(|figure| (figure.peer, figure.met)).collect();
        assert_eq!(told, [(Some("q"), Some(false)), (Some("q"), Some(true)), (None, Some(false))]);
        assert_eq!(report.figures[1].goal.as_deref(), Some("ratio under 0.25"));
    }

    #[test]
    fn quantiles_are_of_what_there_is() {
        let told =
            (quantile::<u32>(&[], 0.99), quantile(&[1_u32, 2, 3], 0.5), quantile(&[1_u32, 2, 3], 0.99));
        assert_eq!(told, (0.0, 2.0, 3.0));
    }
}
