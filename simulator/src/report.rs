//! What all riders did together: counted while they ride, printed at the end.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Counters that all riders share.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) sent: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) disconnects: AtomicU64,
    pub(crate) received: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) duplicates: AtomicU64,
    pub(crate) throttled: AtomicU64,
    pub(crate) retried: AtomicU64,
    latency: Mutex<Histogram<u64>>,
}

impl Counters {
    pub(crate) fn new() -> Self {
        let latency = Histogram::new_with_max(MAX_LATENCY_US, 3).expect("the bounds are valid");
        Self {
            sent: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            disconnects: AtomicU64::new(0),
            received: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            duplicates: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            retried: AtomicU64::new(0),
            latency: Mutex::new(latency),
        }
    }

    /// Notes an acknowledgement that came after `took`.
    pub(crate) fn acknowledge(&self, took: Duration) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.latency.lock().expect("no rider panics while counting").saturating_record(micros);
    }

    pub(crate) fn report(&self, riders: u32, took: Duration) -> Report {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let latency = self.latency.lock().expect("no rider panics while counting");
        let recorded = latency.iter_recorded();
        Report {
            riders,
            seconds: took.as_secs_f64(),
            sent: count(&self.sent),
            acknowledged: count(&self.acknowledged),
            lost: count(&self.lost),
            refused: count(&self.refused),
            disconnects: count(&self.disconnects),
            received: count(&self.received),
            duplicates: count(&self.duplicates),
            throttled: count(&self.throttled),
            retried: count(&self.retried),
            latency_us: recorded.map(|step| (step.value_iterated_to(), step.count_at_value())).collect(),
        }
    }
}

/// The closing report.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How many riders rode.
    pub riders: u32,
    /// How long it took, s.
    pub seconds: f64,
    /// Messages published or put, duplicates included.
    pub sent: u64,
    /// Messages that the broker acknowledged, or records that the stream has.
    pub acknowledged: u64,
    /// Messages of which neither is known.
    pub lost: u64,
    /// Messages that could not be queued, joins that the hub refused, records that the stream will never take.
    pub refused: u64,
    /// Connections that ended before their time.
    pub disconnects: u64,
    /// Board messages received.
    pub received: u64,
    /// Messages that were sent twice on purpose.
    pub duplicates: u64,
    /// Records that a shard did not take at once.
    pub throttled: u64,
    /// Records that were put again, for whatever reason.
    pub retried: u64,
    /// From sending to the acknowledgement: microseconds, and how many messages took as long.
    pub latency_us: Vec<(u64, u64)>,
}

impl Report {
    /// Whether anything is missing at the end.
    pub fn is_well(&self) -> bool {
        self.lost == 0 && self.refused == 0
    }

    /// How long all but a part of the messages took at most: 0.99 for all but one in a hundred.
    pub fn latency(&self, quantile: f64) -> Duration {
        let all: u64 = self.latency_us.iter().map(|(_, count)| count).sum();
        #[expect(clippy::cast_precision_loss, reason = "a count of messages")]
        let wanted = all as f64 * quantile;
        let mut seen = 0.0;
        let reaches = self.latency_us.iter().find(|(_, count)| {
            #[expect(clippy::cast_precision_loss, reason = "a count of messages")]
            let count = *count as f64;
            seen += count;
            seen >= wanted
        });
        Duration::from_micros(reaches.map_or(0, |(micros, _)| *micros))
    }

    /// What two parts of a field did together.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.riders += other.riders;
        self.seconds = self.seconds.max(other.seconds);
        for (sum, more) in [
            (&mut self.sent, other.sent),
            (&mut self.acknowledged, other.acknowledged),
            (&mut self.lost, other.lost),
            (&mut self.refused, other.refused),
            (&mut self.disconnects, other.disconnects),
            (&mut self.received, other.received),
            (&mut self.duplicates, other.duplicates),
            (&mut self.throttled, other.throttled),
            (&mut self.retried, other.retried),
        ] {
            *sum += more;
        }
        self.latency_us.extend(other.latency_us);
        self.latency_us.sort_unstable();
        self
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        writeln!(f, "riders        {:>10}", self.riders)?;
        writeln!(f, "took, s       {:>10.1}", self.seconds)?;
        for (what, count) in [
            ("sent", self.sent),
            ("acknowledged", self.acknowledged),
            ("lost", self.lost),
            ("refused", self.refused),
            ("disconnects", self.disconnects),
            ("boards read", self.received),
            ("sent twice", self.duplicates),
            ("throttled", self.throttled),
            ("put again", self.retried),
        ] {
            writeln!(f, "{what:<14}{count:>10}")?;
        }
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|quantile| ms(self.latency(quantile)));
        write!(f, "until acknowledged, ms: p50 {p50:.1}, p99 {p99:.1}, longest {max:.1}")
    }
}

const MAX_LATENCY_US: u64 = 120_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_field_add_up() {
        let counters = Counters::new();
        (1..=100).for_each(|ms| counters.acknowledge(Duration::from_millis(ms)));
        let slow = Counters::new();
        (0..100).for_each(|_| slow.acknowledge(Duration::from_secs(1)));
        let (one, other) =
            (counters.report(10, Duration::from_secs(3)), slow.report(5, Duration::from_secs(2)));
        let near = |found: Duration, ms: f64| (found.as_secs_f64() * 1e3 - ms).abs() < ms / 50.0;
        assert!(near(one.latency(0.5), 50.0) && near(one.latency(1.0), 100.0), "{one}");
        let both = one.clone().with(other);
        assert_eq!((both.riders, both.acknowledged, both.seconds), (15, 200, 3.0));
        assert!(near(both.latency(0.25), 50.0) && near(both.latency(0.75), 1_000.0), "{both}");
        let json = serde_json::to_string(&both).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), both);
    }
}
