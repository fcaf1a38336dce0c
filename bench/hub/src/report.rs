//! Medians beside the peer's of the same run, with goals.

use serde::Serialize;

/// One line of the JSON that all benches write.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figure {
    name: &'static str,
    metric: String,
    value: f64,
    unit: &'static str,
    peer: Option<&'static str>,
    peer_value: Option<f64>,
    ratio: Option<f64>,
    goal: Option<String>,
    met: Option<bool>,
    /// The lowest and the highest of our runs.
    #[serde(skip)]
    spread: (f64, f64),
}

/// What is to be reached.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    Over(f64),
    Under(f64),
    Exactly(f64),
}

impl Figure {
    /// The medians of several runs, ours and the peer's.
    pub(crate) fn new(
        metric: impl Into<String>,
        unit: &'static str,
        ours: &[f64],
        peers: &[f64],
        goal: Option<Goal>,
    ) -> Self {
        let value = median(ours).unwrap_or(f64::NAN);
        let peer_value = median(peers);
        let text = |goal| match goal {
            Goal::Over(bound) => format!("over {bound}"),
            Goal::Under(bound) => format!("under {bound}"),
            Goal::Exactly(bound) => format!("{bound}"),
        };
        Self {
            name: "hub",
            metric: metric.into(),
            value,
            unit,
            peer: peer_value.map(|_| "Mosquitto + Node.js"),
            peer_value,
            ratio: peer_value.map(|peer| value / peer).filter(|ratio| ratio.is_finite()),
            goal: goal.map(text),
            met: goal.map(|goal| match goal {
                Goal::Over(bound) => value > bound,
                Goal::Under(bound) => value < bound,
                Goal::Exactly(bound) => (value - bound).abs() < f64::EPSILON,
            }),
            spread: ours
                .iter()
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), run| (low.min(*run), high.max(*run))),
        }
    }

    pub(crate) fn row(&self) -> String {
        let number =
            |value: f64| if value.abs() < 100.0 { format!("{value:.2}") } else { format!("{value:.0}") };
        let peer = self.peer_value.map(number).unwrap_or_default();
        let ratio = self.ratio.map(|ratio| format!("{ratio:.3}")).unwrap_or_default();
        let met = self.met.map_or("", |met| if met { "met" } else { "MISSED" });
        let spread = format!("{} to {}", number(self.spread.0), number(self.spread.1));
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

pub(crate) fn print(figures: &[Figure]) {
    println!(
        "\n{:<52}{:>10} {:<6}{:>22}{:>12}{:>9}  goal",
        "what (medians)", "ours", "", "all runs", "peer's", "ratio"
    );
    figures.iter().for_each(|figure| println!("{}", figure.row()));
}

/// Of sorted values; 0 without any.
pub(crate) fn quantile(sorted: &[u32], q: f64) -> f64 {
    let at = (sorted.len().saturating_sub(1) as f64 * q).round() as usize;
    sorted.get(at).copied().map_or(0.0, f64::from)
}

fn median(runs: &[f64]) -> Option<f64> {
    let mut runs = runs.to_vec();
    runs.sort_by(f64::total_cmp);
    runs.get(runs.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_told_beside_the_peers_and_judged() {
        let figure = Figure::new("m", "s", &[9.0, 1.0, 2.0], &[4.0], Some(Goal::Under(2.0)));
        assert_eq!((figure.value, figure.ratio, figure.met), (2.0, Some(0.5), Some(false)));
        assert_eq!(Figure::new("m", "s", &[1.0], &[], None).peer, None);
    }

    #[test]
    fn quantiles_are_of_what_there_is() {
        assert_eq!(
            (quantile(&[], 0.99), quantile(&[1, 2, 3], 0.5), quantile(&[1, 2, 3], 0.99)),
            (0.0, 2.0, 3.0)
        );
    }
}
