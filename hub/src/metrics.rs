//! What is counted, and how it is read: `GET /metrics` in Prometheus' format.

#[cfg(feature = "kinesis")]
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use alleycat_shared::Millis;
use alleycat_shared::message::Refusal;
use alleycat_shared::plausible::Flags;
use alleycat_shared::race::Taken;
use metrics::{Label, SharedString, counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The recorder of this process; hubs in one process share it.
fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        // A second recorder can only be one that somebody else installed: ours is then simply empty.
        _ = metrics::set_global_recorder(recorder);
        handle
    })
}

/// Installs the recorder.
pub(crate) fn install() {
    recorder();
}

/// Adds up what was measured since the last time: without it, histograms that nobody asks for grow for ever.
pub(crate) fn upkeep() {
    recorder().run_upkeep();
}

/// The text for `GET /metrics`.
pub(crate) fn text() -> String {
    upkeep();
    recorder().render()
}

/// What the metrics stand at in one moment.
pub(crate) struct Reading(String);

impl Reading {
    /// As they are now.
    pub(crate) fn now() -> Self {
        Self(text())
    }

    /// A metric with its labels as in the text: `name` or `name{label="value"}`.
    pub(crate) fn value(&self, metric: &str) -> Option<f64> {
        self.parsed(metric)
    }

    /// A counter, named in the same way; 0 before it has counted anything.
    pub(crate) fn count(&self, metric: &str) -> u64 {
        self.parsed(metric).unwrap_or(0)
    }

    /// A counter's values by their reasons.
    pub(crate) fn by_reason(&self, metric: &str) -> impl Iterator<Item = (&str, u64)> {
        self.0.lines().filter_map(move |line| {
            let (reason, count) =
                line.strip_prefix(metric)?.strip_prefix("{reason=\"")?.split_once("\"} ")?;
            Some((reason, count.parse().ok()?))
        })
    }

    fn parsed<T: FromStr>(&self, metric: &str) -> Option<T> {
        self.0.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' ')?.parse().ok())
    }
}

/// A message that was looked at.
pub(crate) fn message(outcome: &Result<Taken, Refusal>) {
    match outcome {
        Ok(Taken::Counted) => counter!("alleycat_messages_counted_total").increment(1),
        Ok(Taken::Duplicate) => counter!("alleycat_messages_duplicate_total").increment(1),
        Err(refusal) => {
            counter!("alleycat_messages_refused_total", "reason" => refusal.reason()).increment(1)
        }
    }
}

/// A ride has flags that it had not.
pub(crate) fn flagged(new: Flags) {
    for flag in new.names() {
        counter!("alleycat_flagged_total", "flag" => flag).increment(1);
    }
}

/// A connection, subscription or request that was turned away.
pub(crate) fn turned_away(reason: &'static str) {
    counter!("alleycat_turned_away_total", "reason" => reason).increment(1);
}

/// What became of a code with which a phone hands its rider over.
pub(crate) fn pairing(step: &'static str) {
    counter!("alleycat_pairings_total", "step" => step).increment(1);
}

/// A client was made to wait, for it sends too much.
pub(crate) fn slowed() {
    counter!("alleycat_slowed_total").increment(1);
}

/// A WebSocket came (`1.0`) or went (`-1.0`).
pub(crate) fn websockets(change: f64) {
    gauge!("alleycat_websockets").increment(change);
}

/// How many riders the running race has.
pub(crate) fn riders(count: usize) {
    gauge!("alleycat_riders").set(u32::try_from(count).unwrap_or(u32::MAX));
}

/// How late the last of one second's boards went out.
pub(crate) fn boards_late(ms: Millis) {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    histogram!("alleycat_board_late_seconds").record(ms as f64 / 1e3);
}

/// How long one second's boards took.
pub(crate) fn board_took(ms: Millis) {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    histogram!("alleycat_board_seconds").record(ms as f64 / 1e3);
}

/// A commit of the journal: how long it took, and how many bytes of messages it held.
pub(crate) fn journal_commit(took: Duration, bytes: usize) {
    histogram!("alleycat_journal_commit_seconds").record(took);
    counter!("alleycat_journal_bytes_total").increment(bytes as u64);
}

/// Whether the store can't be written.
pub(crate) fn journal_failing(failing: bool) {
    gauge!("alleycat_journal_failing").set(f64::from(u8::from(failing)));
}

/// A file of the archive was made: its messages, and its bytes in all formats.
pub(crate) fn archived(messages: usize, bytes: u64) {
    counter!("alleycat_archive_messages_total").increment(messages as u64);
    counter!("alleycat_archive_bytes_total").increment(bytes);
}

/// How many bytes of the journal are not in the archive yet.
pub(crate) fn archive_waiting(bytes: u64) {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    gauge!("alleycat_archive_waiting_bytes").set(bytes as f64);
}

/// Whether the archive can't be written.
pub(crate) fn archive_failing(failing: bool) {
    gauge!("alleycat_archive_failing").set(f64::from(u8::from(failing)));
}

/// When the certificate of the hub's own ports ends to be good, epoch ms.
pub(crate) fn certificate_expires(at: Millis) {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    gauge!("alleycat_certificate_expires_seconds").set(at as f64 / 1e3);
}

/// Whether the files of the certificate have changed into something unusable.
pub(crate) fn certificate_failing(failing: bool) {
    gauge!("alleycat_certificate_failing").set(f64::from(u8::from(failing)));
}

/// Whether the external broker is there.
pub(crate) fn broker_connected(connected: bool) {
    gauge!("alleycat_broker_connected").set(f64::from(u8::from(connected)));
}

/// Boards that nobody will see, for the external broker is away or takes too little.
pub(crate) fn boards_dropped(count: usize) {
    counter!("alleycat_boards_dropped_total").increment(count as u64);
}

/// How many connections carry boards to an external broker that counts publishes.
pub(crate) fn broker_board_connections(count: usize) {
    gauge!("alleycat_broker_board_connections").set(u32::try_from(count).unwrap_or(u32::MAX));
}

/// A message went on to the hub that runs its class.
pub(crate) fn passed_on() {
    counter!("alleycat_messages_passed_on_total").increment(1);
}

/// A message was left to the hub that runs its class, which hears it too.
pub(crate) fn left_alone() {
    counter!("alleycat_messages_left_total").increment(1);
}

/// A message went to the rules, and reaches its race through a stream.
pub(crate) fn left_to_stream() {
    counter!("alleycat_messages_left_to_stream_total").increment(1);
}

/// A message went into the outbox, for a rule may mean it.
pub(crate) fn outbox_taken() {
    counter!("alleycat_outbox_messages_total").increment(1);
}

/// A row of the outbox can't be read.
pub(crate) fn outbox_damaged() {
    counter!("alleycat_outbox_damaged_total").increment(1);
}

/// An action of a rule, for metrics' labels.
#[derive(Clone, Debug)]
pub(crate) struct RuleLabels {
    rule: SharedString,
    action: SharedString,
    target: &'static str,
}

impl RuleLabels {
    /// `action` is its number or `error`, `target` the kind of its target. Rules' names are an operator's, and
    /// may change while the hub runs: those after the first fifty are all called `other`.
    pub(crate) fn new(rule: &str, action: impl Into<SharedString>, target: &'static str) -> Self {
        static NAMES: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = names.contains(rule) || names.len() < MOST_RULES && names.insert(rule.to_owned());
        let rule = if fits { SharedString::from(rule.to_owned()) } else { SharedString::from("other") };
        Self { rule, action: action.into(), target }
    }

    fn labels(&self) -> Vec<Label> {
        vec![
            Label::new("rule", self.rule.clone()),
            Label::new("action", self.action.clone()),
            Label::from_static_parts("target", self.target),
        ]
    }
}

/// What became of messages in a rule's action, or of its error messages.
pub(crate) fn rule_messages(of: &RuleLabels, outcome: &'static str, count: usize) {
    let mut labels = of.labels();
    labels.push(Label::from_static_parts("outcome", outcome));
    counter!("alleycat_rule_messages_total", labels).increment(count as u64);
}

/// How long the oldest message has been waiting for an action of a rule.
pub(crate) fn rule_behind(of: &RuleLabels, ms: Millis) {
    gauge!("alleycat_rule_behind_seconds", of.labels()).set(Duration::from_millis(ms));
}

/// The rules file was read again.
pub(crate) fn rules_read(outcome: &'static str) {
    counter!("alleycat_rules_read_total", "outcome" => outcome).increment(1);
    gauge!("alleycat_rules_failing").set(if outcome == "followed" { 0.0 } else { 1.0 });
}

/// Bytes that wait for the targets of rules.
pub(crate) fn outbox(bytes: u64) {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    gauge!("alleycat_outbox_bytes").set(bytes as f64);
}

/// A record is in its stream.
#[cfg(feature = "kinesis")]
pub(crate) fn stream_placed(took_ms: u64) {
    histogram!("alleycat_stream_put_seconds").record(Duration::from_millis(took_ms));
}

/// What has been told of a writer: several may write to one stream, and all of it is added up.
#[cfg(feature = "kinesis")]
#[derive(Debug, Default)]
pub(crate) struct SinkTold {
    counts: alleycat_stream::sink::Counts,
    shards: BTreeMap<String, u64>,
}

#[cfg(feature = "kinesis")]
impl SinkTold {
    /// Tells what a writer has done since it was told of.
    pub(crate) fn tell(&mut self, stream: &str, counters: &alleycat_stream::kinesis::Counters) {
        let (now, stream) = (counters.counts(), SharedString::from(stream.to_owned()));
        let before = std::mem::replace(&mut self.counts, now);
        for (outcome, now, before) in [
            ("placed", now.placed, before.placed),
            ("throttled", now.throttled, before.throttled),
            ("internal", now.internal, before.internal),
            ("failed", now.failed, before.failed),
        ] {
            let labels = [Label::new("stream", stream.clone()), Label::from_static_parts("outcome", outcome)];
            counter!("alleycat_stream_records_put_total", labels.iter()).increment(now - before);
        }
        counter!("alleycat_stream_bytes_put_total", "stream" => stream.clone())
            .increment(now.bytes - before.bytes);
        counter!("alleycat_stream_puts_total", "stream" => stream.clone()).increment(now.puts - before.puts);
        counter!("alleycat_stream_puts_failed_total", "stream" => stream.clone())
            .increment(now.away - before.away);
        for (shard, now) in counters.shards() {
            let before = self.shards.insert(shard.clone(), now).unwrap_or(0);
            counter!("alleycat_stream_shard_records_put_total", "stream" => stream.clone(), "shard" => shard)
                .increment(now - before);
        }
    }
}

/// What the reader has done so far, and how far behind it is.
#[cfg(feature = "kinesis")]
pub(crate) fn stream_source(stream: &str, progress: &alleycat_stream::kinesis::Progress) {
    let counts = progress.counts();
    for (outcome, count) in [
        ("read", counts.reads),
        ("throttled", counts.throttled),
        ("expired", counts.expired),
        ("failed", counts.failed),
    ] {
        counter!("alleycat_stream_reads_total", "stream" => stream.to_owned(), "outcome" => outcome)
            .absolute(count);
    }
    counter!("alleycat_stream_records_read_total", "stream" => stream.to_owned()).absolute(counts.records);
    counter!("alleycat_stream_bytes_read_total", "stream" => stream.to_owned()).absolute(counts.bytes);
    for (shard, ms) in progress.behind() {
        let gauge = gauge!("alleycat_stream_behind_seconds", "stream" => stream.to_owned(), "shard" => shard);
        gauge.set(Duration::from_millis(ms));
    }
}

/// How far the races are behind the present of the stream that feeds them.
#[cfg(feature = "kinesis")]
pub(crate) fn stream_lag(ms: Millis) {
    gauge!("alleycat_stream_lag_seconds").set(Duration::from_millis(ms));
}

/// A record of the stream is no message.
#[cfg(feature = "kinesis")]
pub(crate) fn stream_set_aside() {
    counter!("alleycat_stream_set_aside_total").increment(1);
}

/// How long an acknowledgement waited for the disk.
pub(crate) fn acknowledgement_waited(wait: Duration) {
    histogram!("alleycat_puback_wait_seconds").record(wait);
}

/// Rules that have a name of their own in metrics.
const MOST_RULES: usize = 50;

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn the_dashboard_shows_what_is_counted_and_nothing_else() {
        let dashboard: Value =
            serde_json::from_str(include_str!("../../deploy/grafana/alleycat-hub.json")).unwrap();
        let text = dashboard.to_string();
        let names = |text: &str| {
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            let ours = words.filter(|word| {
                word.starts_with("alleycat_")
                    && !matches!(*word, "alleycat_hub" | "alleycat_shared" | "alleycat_stream")
            });
            ours.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
        };
        let source = include_str!("metrics.rs").split("#[cfg(test)]").next().unwrap();
        assert_eq!(names(&text), names(source));
    }
}
