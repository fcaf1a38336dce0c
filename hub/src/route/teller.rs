//! Who tells of failures: one error message for each message of a rule that failed, by the rule's error action,
//! at its own pace. An error action that stands still holds up nobody, and is given up after a while.

use std::sync::Arc;
use std::time::Duration;

use alleycat_rules::{Failure, Rule, Which, error_message};
use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::kept::Kept;
use super::lane::{Targets, chance, labels};
use super::ledger::Failed;
use crate::metrics::{self, RuleLabels};

/// The end of one rule's queue of errors. There are never more in it than there is in the outbox, which is
/// bounded: a row stays there until its errors are told.
#[derive(Debug)]
pub(super) struct Teller {
    rows: mpsc::UnboundedSender<(i64, Failed)>,
}

impl Teller {
    /// Starts a teller for each rule, as a task of `tasks` that ends when its teller is gone and all is told.
    /// `told` hears of each row that is done.
    pub(super) fn all(
        targets: &Arc<Targets>,
        told: &mpsc::UnboundedSender<i64>,
        tasks: &mut JoinSet<()>,
    ) -> Vec<Self> {
        let start = |rule| {
            let (rows, queue) = mpsc::unbounded_channel();
            tasks.spawn(tell_all(Arc::clone(targets), rule, queue, told.clone()));
            Self { rows }
        };
        (0..targets.rules.all().len()).map(start).collect()
    }

    /// Has the failures of a row told.
    pub(super) fn tell(&self, row: i64, failed: Failed) {
        _ = self.rows.send((row, failed));
    }
}

async fn tell_all(
    targets: Arc<Targets>,
    rule: usize,
    mut rows: mpsc::UnboundedReceiver<(i64, Failed)>,
    told: mpsc::UnboundedSender<i64>,
) {
    let mut patience = PATIENCE;
    while let Some((row, failed)) = rows.recv().await {
        let is_told = targets.tell_errors(&targets.rules.all()[rule], row, failed, patience).await;
        // Who did not answer for long is not waited for again with every row.
        patience = if is_told { PATIENCE } else { IMPATIENCE };
        if told.send(row).is_err() {
            return;
        }
    }
}

impl Targets {
    /// Gives one error message for each message of a row that failed to the rule's error action; whether that
    /// took all of them within its time.
    async fn tell_errors(&self, rule: &Rule, row: i64, failed: Failed, patience: Duration) -> bool {
        let labels = &labels(rule, Which::Error);
        if !rule.has_error_action() {
            metrics::rule_messages(labels, "error-dropped", failed.len());
            return true;
        }
        let store = Arc::clone(&self.store);
        let read = tokio::task::spawn_blocking(move || store.outbox_after(row - 1)).await;
        let messages = match read {
            Ok(Ok(Some((id, bytes)))) if id == row => Kept::read(&bytes).unwrap_or_default(),
            _ => Vec::new(),
        };
        let until = Instant::now() + patience;
        let tell = async |(message, failures): (usize, Vec<Failure>)| {
            let told = match messages.get(message) {
                None => Err("the message is not in the outbox any more".to_owned()),
                Some(kept) => timeout_at(until, self.tell_error(rule, kept, &failures, labels))
                    .await
                    .unwrap_or_else(|_| Err(format!("no answer in {} s", patience.as_secs()))),
            };
            match &told {
                Ok(()) => metrics::rule_messages(labels, "error-told", 1),
                Err(error) => {
                    metrics::rule_messages(labels, "error-lost", 1);
                    tracing::error!(
                        rule = rule.name(),
                        error,
                        "the error action has failed too: the message is given up"
                    );
                }
            }
            told.is_ok()
        };
        stream::iter(failed)
            .map(tell)
            .buffer_unordered(AT_ONCE)
            .fold(true, async |all, told| all && told)
            .await
    }

    async fn tell_error(
        &self,
        rule: &Rule,
        kept: &Kept,
        failures: &[Failure],
        labels: &RuleLabels,
    ) -> Result<(), String> {
        match rule.on_error(kept.message(), &mut chance) {
            None => Ok(()),
            Some(Err(fault)) => Err(fault.to_string()),
            Some(Ok(action)) => {
                let payload = error_message(rule, kept.message(), failures);
                self.perform(kept, action, payload, labels).await
            }
        }
    }
}

/// How long the error action may take for a row's failures.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same, after it has not answered in time.
const IMPATIENCE: Duration = Duration::from_secs(1);
/// Error messages of a row that are under way at once.
const AT_ONCE: usize = 32;
