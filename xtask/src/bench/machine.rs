//! How quiet the machine was around a bench: figures of a busy one are told as such.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

/// The machine before a bench.
pub(super) struct Machine {
    /// How much of it others kept busy, in per cent.
    busy: f64,
    before: Ticks,
}

/// Ticks of all processors since the start, as `/proc/stat` counts them.
#[derive(Clone, Copy, Default)]
struct Ticks {
    all: f64,
    idle: f64,
    /// What the machine below this one gave to others.
    stolen: f64,
}

impl Machine {
    /// Looks at it for a moment.
    pub(super) fn look() -> Self {
        Self { busy: busy(), before: Ticks::now() }
    }

    /// Looks again, says how quiet it was, and notes it with all figures of the bench.
    pub(super) fn note(&self, figures: &mut [Value]) {
        let stolen = self.before.until(Ticks::now(), |ticks| ticks.stolen);
        let after = busy();
        let noisy = self.busy > BUSY || after > BUSY || stolen > STOLEN;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let machine = json!({
            "cores": cores, "busyBefore": rounded(self.busy), "busyAfter": rounded(after),
            "stolen": rounded(stolen), "noisy": noisy,
        });
        let mut apart = Vec::new();
        for figure in figures {
            figure["machine"] = machine.clone();
            if differ(figure) {
                apart.push(figure["metric"].as_str().unwrap_or_default().to_owned());
            }
        }
        let word =
            if noisy { "NOISY: times are not to be compared with those of a quiet one" } else { "quiet" };
        println!(
            "\nthe machine, {cores} cores: {:.0} % busy before and {after:.0} % after, {stolen:.1} % stolen: {word}",
            self.busy
        );
        if !apart.is_empty() {
            println!("rounds that differ by more than half: {}", apart.join("; "));
        }
    }
}

impl Ticks {
    fn now() -> Self {
        Self::read(&fs::read_to_string("/proc/stat").unwrap_or_default())
    }

    /// The first line of `/proc/stat` (`proc(5)`): user, nice, system, idle, iowait, irq, softirq, steal; guests
    /// are in user.
    fn read(stat: &str) -> Self {
        let first = stat.lines().next().unwrap_or_default();
        let ticks: Vec<f64> =
            first.split_whitespace().skip(1).take(8).filter_map(|t| t.parse().ok()).collect();
        let [user, nice, system, idle, iowait, irq, softirq, stolen] = ticks[..] else {
            return Self::default();
        };
        let all = user + nice + system + idle + iowait + irq + softirq + stolen;
        Self { all, idle: idle + iowait, stolen }
    }

    /// The share of a kind of ticks, in per cent.
    fn until(self, now: Self, kind: impl Fn(Self) -> f64) -> f64 {
        let all = now.all - self.all;
        if all > 0.0 { 100.0 * (kind(now) - kind(self)) / all } else { 0.0 }
    }
}

fn busy() -> f64 {
    let before = Ticks::now();
    sleep(LOOK);
    100.0 - before.until(Ticks::now(), |ticks| ticks.idle)
}

/// Whether a figure's runs are more than half of their median apart.
fn differ(figure: &Value) -> bool {
    let number = |name: &str| figure[name].as_f64();
    let (Some(value), Some(low), Some(high)) = (number("value"), number("lowest"), number("highest")) else {
        return false;
    };
    high - low > value.abs() / 2.0
}

fn rounded(per_cent: f64) -> f64 {
    (per_cent * 10.0).round() / 10.0
}

/// How long is looked.
const LOOK: Duration = Duration::from_secs(1);
/// More than this before or after a bench is others' work, in per cent of all cores.
const BUSY: f64 = 15.0;
/// More than this during a bench is too much, in per cent of all cores.
const STOLEN: f64 = 2.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_all_that_went_by() {
        let before = Ticks::read("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3");
        let now = Ticks::read("cpu  150 0 80 900 60 0 0 10 0 0\n");
        let shares = [
            before.until(now, |ticks| ticks.stolen),
            before.until(now, |ticks| ticks.idle),
            before.until(before, |ticks| ticks.idle),
        ];
        assert_eq!(shares.map(|share| format!("{share:.1}")), ["5.0", "55.0", "0.0"]);
    }

    #[test]
    fn every_figure_says_how_quiet_it_was() {
        let mut figures =
            vec![json!({"metric": "m", "value": 4.0, "lowest": 3.0, "highest": 5.0}), json!({})];
        Machine { busy: 90.0, before: Ticks::now() }.note(&mut figures);
        assert_eq!(
            (&figures[0]["machine"]["noisy"], &figures[1]["machine"]["busyBefore"]),
            (&true.into(), &90.0.into())
        );
        assert!(!differ(&figures[0]) && differ(&json!({"value": 4.0, "lowest": 3.0, "highest": 5.1})));
    }
}
