//! Medians, ratios against peers of the same run, goals.

use std::collections::BTreeMap;

use serde::Serialize;

/// One run of one job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    /// Main-thread time per message, in microseconds.
    pub(crate) cpu_us: f64,
}

/// All runs, by job and client.
#[derive(Default)]
pub(crate) struct Table(BTreeMap<(String, String), Vec<Measured>>);

/// One line of the JSON that all benches write.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    name: String,
    metric: &'static str,
    value: f64,
    unit: &'static str,
    peer: String,
    peer_value: f64,
    ratio: f64,
    goal: Option<String>,
    met: Option<bool>,
}

struct Goal {
    what: &'static str,
    metric: Metric,
    /// `None` for a goal that stands by itself.
    peer: Option<&'static str>,
    bound: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Metric {
    PerSecond,
    Cpu,
}

const COALESCED: &str = "receive, 64 packets a message";
const GOALS: [Goal; 6] = [
    Goal { what: COALESCED, metric: Metric::PerSecond, peer: None, bound: 150_000.0 },
    Goal { what: COALESCED, metric: Metric::Cpu, peer: None, bound: 5.0 },
    Goal { what: COALESCED, metric: Metric::PerSecond, peer: Some("MQTT.js"), bound: 20.0 },
    Goal { what: COALESCED, metric: Metric::PerSecond, peer: Some("bare loop in wasm"), bound: 1.0 / 1.5 },
    Goal {
        what: "receive, 1 packet a message",
        metric: Metric::PerSecond,
        peer: Some("bare WebSocket"),
        bound: 0.95,
    },
    Goal {
        what: "publish QoS 1 to acknowledgement",
        metric: Metric::Cpu,
        peer: Some("MQTT.js"),
        bound: 0.25,
    },
];

impl Metric {
    fn of(self, measured: Measured) -> f64 {
        match self {
            Self::PerSecond => measured.per_second,
            Self::Cpu => measured.cpu_us,
        }
    }

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::PerSecond => ("messages per second", "1/s"),
            Self::Cpu => ("main-thread time per message", "us"),
        }
    }

    fn reached(self, value: f64, bound: f64) -> bool {
        if self == Self::PerSecond { value >= bound } else { value <= bound }
    }
}

impl Table {
    pub(crate) fn add(&mut self, what: &str, who: &str, measured: Measured) {
        self.0.entry((what.to_owned(), who.to_owned())).or_default().push(measured);
    }

    pub(crate) fn print(&self) {
        println!("\n{:<36}{:<30}{:>12}{:>16}", "", "", "messages/s", "main thread, us");
        for (what, who) in self.0.keys() {
            let rate = self.median(what, who, Metric::PerSecond).unwrap_or_default();
            let cpu = self.median(what, who, Metric::Cpu).unwrap_or_default();
            println!("{what:<36}{who:<30}{rate:>12.0}{cpu:>16.2}");
        }
        println!();
        for goal in &GOALS {
            if let Some((value, word)) = self.judge(goal) {
                println!("{:<36}{word:<52}{value:>10.2}", goal.what);
            }
        }
    }

    pub(crate) fn json(&self) -> serde_json::Result<String> {
        let ours = self.0.keys().filter(|(_, who)| who == crate::OURS).map(|(what, _)| what);
        let lines = ours.flat_map(|what| {
            let peers = self.0.keys().filter(move |(of, who)| of == what && who != crate::OURS);
            peers.flat_map(move |(_, peer)| {
                [Metric::PerSecond, Metric::Cpu].map(|metric| (what, peer, metric))
            })
        });
        let lines = lines.filter_map(|(what, peer, metric)| self.line(what, peer, metric));
        serde_json::to_string_pretty(&lines.collect::<Vec<_>>())
    }

    fn line(&self, what: &str, peer: &str, metric: Metric) -> Option<Line> {
        let (value, peer_value) = (self.median(what, crate::OURS, metric)?, self.median(what, peer, metric)?);
        let (name, unit) = metric.names();
        let goal = GOALS.iter().find(|goal| {
            goal.what == what && goal.metric == metric && goal.peer.is_some_and(|name| name == peer)
        });
        Some(Line {
            name: what.to_owned(),
            metric: name,
            value,
            unit,
            peer: peer.to_owned(),
            peer_value,
            ratio: value / peer_value,
            goal: goal.map(|goal| format!("ratio {:.2}", goal.bound)),
            met: goal.map(|goal| metric.reached(value / peer_value, goal.bound)),
        })
    }

    fn judge(&self, goal: &Goal) -> Option<(f64, String)> {
        let value = self.median(goal.what, crate::OURS, goal.metric)?;
        let value = match goal.peer {
            Some(peer) => value / self.median(goal.what, peer, goal.metric)?,
            None => value,
        };
        let word = if goal.metric.reached(value, goal.bound) { "met" } else { "missed" };
        let (name, _) = goal.metric.names();
        let against = goal.peer.map_or_else(String::new, |peer| format!(" / {peer}"));
        Some((value, format!("{name}{against}, goal {:.2}: {word}", goal.bound)))
    }

    fn median(&self, what: &str, who: &str, metric: Metric) -> Option<f64> {
        let runs = self.0.get(&(what.to_owned(), who.to_owned()))?;
        let mut values: Vec<f64> = runs.iter().map(|run| metric.of(*run)).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }
}
