//! What the runs came to: ours by itself and beside each peer, with the goals.

use std::collections::BTreeMap;

use alleycat_bench_report::{Goal, Report};

use crate::{COALESCED, JOBS, MQTT_JS, OURS, QOS_1, SINGLE};

/// One run of one job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    /// Main-thread time per message, in microseconds.
    pub(crate) cpu_us: f64,
}

/// All runs, by job and client.
#[derive(Default)]
pub(crate) struct Runs(BTreeMap<(&'static str, &'static str), Vec<Measured>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Metric {
    PerSecond,
    Cpu,
}

/// What is to be reached in which job, by itself or beside a peer.
const GOALS: [(&str, Metric, Option<&str>, Goal); 6] = [
    (COALESCED, Metric::PerSecond, None, Goal::Over(150_000.0)),
    (COALESCED, Metric::Cpu, None, Goal::Under(5.0)),
    (COALESCED, Metric::PerSecond, Some(MQTT_JS), Goal::OverPeer(20.0)),
    (COALESCED, Metric::PerSecond, Some("bare loop in wasm"), Goal::OverPeer(1.0 / 1.5)),
    (SINGLE, Metric::PerSecond, Some("bare WebSocket"), Goal::OverPeer(0.95)),
    (QOS_1, Metric::Cpu, Some(MQTT_JS), Goal::UnderPeer(0.25)),
];

impl Metric {
    fn of(self, measured: Measured) -> f64 {
        match self {
            Self::PerSecond => measured.per_second,
            Self::Cpu => measured.cpu_us,
        }
    }

    /// What it is called of a job, and its unit.
    fn named(self, what: &str) -> (String, &'static str) {
        match self {
            Self::PerSecond => (what.to_owned(), "1/s"),
            Self::Cpu => (format!("{what}: main thread"), "us"),
        }
    }
}

impl Runs {
    pub(crate) fn add(&mut self, what: &'static str, who: &'static str, measured: Measured) {
        self.0.entry((what, who)).or_default().push(measured);
    }

    pub(crate) fn report(&self) -> Report {
        let mut report = Report::new("mqtt-browser", "");
        for job in &JOBS {
            for metric in [Metric::PerSecond, Metric::Cpu] {
                let (name, unit) = metric.named(job.what);
                let ours = self.of(job.what, OURS, metric);
                report.add(name.as_str(), unit, &ours, &[], goal(job.what, metric, None));
                for peer in job.who.iter().copied().filter(|who| *who != OURS) {
                    let (peers, goal) = (self.of(job.what, peer, metric), goal(job.what, metric, Some(peer)));
                    report.add_beside(peer, format!("{name}, {peer}"), unit, &ours, &peers, goal);
                }
            }
        }
        report
    }

    fn of(&self, what: &'static str, who: &'static str, metric: Metric) -> Vec<f64> {
        let runs = self.0.get(&(what, who));
        runs.into_iter().flatten().map(|run| metric.of(*run)).collect()
    }
}

fn goal(what: &str, metric: Metric, peer: Option<&str>) -> Option<Goal> {
    let wanted = GOALS.iter().find(|(of, by, beside, _)| (*of, *by, *beside) == (what, metric, peer));
    wanted.map(|(_, _, _, goal)| *goal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_goal_is_of_a_job_and_of_somebody_who_does_it() {
        for (what, _, peer, _) in &GOALS {
            let job = JOBS.iter().find(|job| job.what == *what);
            assert!(
                job.is_some_and(|job| peer.is_none_or(|peer| job.who.contains(&peer))),
                "{what}, {peer:?}"
            );
        }
    }
}
