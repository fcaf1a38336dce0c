//! Who tells of failures: one error message for each message of a rule that failed, by the rule's error action,
//! at its own pace. An error action that stands still holds up nobody, and is given up after a while.

use std::sync::Arc;
use std::time::Duration;

use alleycat_rules::{Failure, Rule, error_message};
use futures_util::StreamExt;
use futures_util::stream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::kept::Kept;
use super::lane::{Targets, chance};
use super::ledger::Failed;
use crate::metrics;

/// The end of one rule's queue of errors. There are never more in it than there is in the outbox, which is
/// bounded: a row stays there until its errors are told.
#[derive(Debug)]
pub(super) struct Teller {
    rows: mpsc::UnboundedSender<(i64, Failed)>,
    task: JoinHandle<()>,
}

impl Teller {
    /// Starts the teller of a rule, by its place; `told` hears of the rule and of each row that is done.
    pub(super) fn start(
        targets: Arc<Targets>,
        rule: usize,
        told: mpsc::UnboundedSender<(usize, i64)>,
    ) -> Self {
        let (send, mut rows) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let mut patience = PATIENCE;
            while let Some((row, failed)) = rows.recv().await {
                let is_told =
                    targets.tell_errors(&targets.route.rules().all()[rule], row, failed, patience).await;
                // Who did not answer for long is not waited for again with every row.
                patience = if is_told { PATIENCE } else { IMPATIENCE };
                if told.send((rule, row)).is_err() {
                    return;
                }
            }
        });
        Self { rows: send, task }
    }

    /// Has the failures of a row told.
    pub(super) fn tell(&self, row: i64, failed: Failed) {
        _ = self.rows.send((row, failed));
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Targets {
    /// Gives one error message for each message of a row that failed to the rule's error action; whether that
    /// took all of them within its time.
    async fn tell_errors(&self, rule: &Rule, row: i64, failed: Failed, patience: Duration) -> bool {
        if !rule.has_error_action() {
            failed.iter().for_each(|_| metrics::rule_messages("error-dropped"));
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
                Some(kept) => timeout_at(until, self.tell_error(rule, kept, &failures))
                    .await
                    .unwrap_or_else(|_| Err(format!("no answer in {} s", patience.as_secs()))),
            };
            match &told {
                Ok(()) => metrics::rule_messages("error-told"),
                Err(error) => {
                    metrics::rule_messages("error-lost");
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

    async fn tell_error(&self, rule: &Rule, kept: &Kept, failures: &[Failure]) -> Result<(), String> {
        match rule.on_error(kept.message(), &mut chance) {
            None => Ok(()),
            Some(Err(fault)) => Err(fault.to_string()),
            Some(Ok(action)) => {
                let payload = error_message(rule, kept.message(), failures);
                self.perform(kept, action, payload).await
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
