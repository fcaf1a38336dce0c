//! What all riders did together: counted while they ride, printed at the end.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;

/// Counters that all riders share.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) sent: AtomicU64,
    pub(crate) acknowledged: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) disconnects: AtomicU64,
    pub(crate) received: AtomicU64,
    pub(crate) lost: AtomicU64,
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
            latency: Mutex::new(latency),
        }
    }

    /// Notes an acknowledgement that came after `took`.
    pub(crate) fn acknowledge(&self, took: Duration) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.latency.lock().expect("no rider panics while counting").saturating_record(micros);
    }

    pub(crate) fn report(&self, riders: u32) -> Report {
        let latency = self.latency.lock().expect("no rider panics while counting");
        let quantile = |q| Duration::from_micros(latency.value_at_quantile(q));
        Report {
            riders,
            sent: self.sent.load(Ordering::Relaxed),
            acknowledged: self.acknowledged.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            disconnects: self.disconnects.load(Ordering::Relaxed),
            received: self.received.load(Ordering::Relaxed),
            latency_p50: quantile(0.5),
            latency_p99: quantile(0.99),
            latency_max: Duration::from_micros(latency.max()),
        }
    }
}

/// The closing report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many riders rode.
    pub riders: u32,
    /// Messages published.
    pub sent: u64,
    /// Messages that the broker acknowledged.
    pub acknowledged: u64,
    /// Messages that were never acknowledged.
    pub lost: u64,
    /// Messages that could not be queued, and joins that the hub refused.
    pub refused: u64,
    /// Connections that ended before their time.
    pub disconnects: u64,
    /// Board messages received.
    pub received: u64,
    /// From publish to PUBACK, median.
    pub latency_p50: Duration,
    /// From publish to PUBACK, 99th percentile.
    pub latency_p99: Duration,
    /// From publish to PUBACK, longest.
    pub latency_max: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        writeln!(f, "riders        {:>10}", self.riders)?;
        writeln!(f, "sent          {:>10}", self.sent)?;
        writeln!(f, "acknowledged  {:>10}", self.acknowledged)?;
        writeln!(f, "lost          {:>10}", self.lost)?;
        writeln!(f, "refused       {:>10}", self.refused)?;
        writeln!(f, "disconnects   {:>10}", self.disconnects)?;
        writeln!(f, "boards read   {:>10}", self.received)?;
        let (p50, p99, max) = (ms(self.latency_p50), ms(self.latency_p99), ms(self.latency_max));
        write!(f, "publish to PUBACK, ms: p50 {p50:.1}, p99 {p99:.1}, longest {max:.1}")
    }
}

const MAX_LATENCY_US: u64 = 120_000_000;
