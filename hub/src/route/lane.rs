//! The lanes: one task for each action of each rule, one that reads rows for it, and one that gathers what all
//! of them come to.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alleycat_rules::{Action, Failure, Rule};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::kept::Kept;
use super::ledger::{LaneId, Ledger, Settled};
use super::republish::Republisher;
use super::teller::Teller;
use super::{Route, file};
use crate::journal::Journal;
use crate::metrics;
use crate::store::Store;

/// What all lanes have in common.
pub(super) struct Targets {
    pub(super) route: Arc<Route>,
    pub(super) store: Arc<Store>,
    pub(super) journal: Arc<Journal>,
    pub(super) republisher: Republisher,
    /// Where relative paths of file actions begin.
    pub(super) folder: PathBuf,
    #[cfg(feature = "kinesis")]
    pub(super) kinesis: super::kinesis::Settings,
}

/// A row of the outbox.
pub(super) struct Row {
    pub(super) id: i64,
    pub(super) bytes: usize,
    pub(super) messages: Vec<Kept>,
}

/// A lane is done with a row.
pub(super) struct Passed {
    pub(super) lane: LaneId,
    pub(super) row: i64,
    pub(super) bytes: usize,
    /// By the message's place in the row.
    pub(super) failed: Vec<(usize, Failure)>,
}

/// What a lane is to do for one message of a row.
pub(super) type Work = (usize, Action, Bytes);

pub(super) fn start(targets: &Arc<Targets>) -> Vec<JoinHandle<()>> {
    let (report, reports) = mpsc::channel(ROWS * 16);
    let mut tasks = Vec::new();
    for (rule, known) in targets.route.rules().all().iter().enumerate() {
        for action in 0..known.actions() {
            let (send, rows) = mpsc::channel(ROWS);
            tasks.push(tokio::spawn(read_rows(Arc::clone(targets), send)));
            let lane =
                Lane { id: LaneId { rule, action }, targets: Arc::clone(targets), report: report.clone() };
            tasks.push(tokio::spawn(lane.run(rows)));
        }
    }
    tasks.push(tokio::spawn(gather(Arc::clone(targets), reports)));
    tasks
}

/// Reads the outbox from its beginning on, row by row, and waits at its end.
async fn read_rows(targets: Arc<Targets>, rows: mpsc::Sender<Row>) {
    let mut durable = targets.journal.durable();
    let mut at = 0;
    loop {
        durable.mark_unchanged();
        let store = Arc::clone(&targets.store);
        let read = tokio::task::spawn_blocking(move || store.outbox_after(at)).await;
        match read {
            Ok(Ok(Some((id, row)))) => {
                at = id;
                let messages = Kept::read(&row).unwrap_or_else(|error| {
                    tracing::error!(row = id, %error, "a row of the outbox is damaged: it is left out");
                    metrics::rule_messages("damaged");
                    Vec::new()
                });
                if rows.send(Row { id, bytes: row.len(), messages }).await.is_err() {
                    return;
                }
            }
            Ok(Ok(None)) => {
                if durable.changed().await.is_err() {
                    return;
                }
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the outbox can't be read: trying again");
                tokio::time::sleep(RETRY).await;
            }
            Err(_) => return,
        }
    }
}

pub(super) struct Lane {
    pub(super) id: LaneId,
    pub(super) targets: Arc<Targets>,
    report: mpsc::Sender<Passed>,
}

impl Lane {
    async fn run(self, mut rows: mpsc::Receiver<Row>) {
        #[cfg(feature = "kinesis")]
        if self.rule().is_kinesis(self.id.action) {
            return super::kinesis::run(self, rows).await;
        }
        while let Some(row) = rows.recv().await {
            let (work, mut failed) = self.work(&row);
            failed.extend(self.perform(&row, work).await);
            self.passed(row.id, row.bytes, failed).await;
        }
    }

    fn rule(&self) -> &Rule {
        &self.targets.route.rules().all()[self.id.rule]
    }

    /// What this lane has to do for the messages of a row, and those for which it can't be said.
    pub(super) fn work(&self, row: &Row) -> (Vec<Work>, Vec<(usize, Failure)>) {
        let (mut work, mut failed) = (Vec::new(), Vec::new());
        for (at, kept) in row.messages.iter().enumerate() {
            match self.rule().action(self.id.action, kept.message(), &mut chance) {
                None => {}
                Some((payload, Ok(action))) => work.push((at, action, payload)),
                Some((_, Err(fault))) => failed.push((at, self.failure(&fault))),
            }
        }
        (work, failed)
    }

    pub(super) fn failure(&self, error: &impl std::fmt::Display) -> Failure {
        metrics::rule_messages("failed");
        let rule = self.rule();
        tracing::warn!(rule = rule.name(), action = self.id.action + 1, %error, "an action has failed for good");
        rule.failure(self.id.action, error)
    }

    pub(super) async fn passed(&self, row: i64, bytes: usize, failed: Vec<(usize, Failure)>) {
        _ = self.report.send(Passed { lane: self.id, row, bytes, failed }).await;
    }

    /// Republishes, or appends to files: all of a row at once.
    async fn perform(&self, row: &Row, work: Vec<Work>) -> Vec<(usize, Failure)> {
        let mut failed = Vec::new();
        let mut files: BTreeMap<PathBuf, Vec<(usize, Bytes)>> = BTreeMap::new();
        for (at, action, payload) in work {
            match action {
                Action::File { path } => files.entry(path).or_default().push((at, payload)),
                action => match self.targets.perform(&row.messages[at], action, payload).await {
                    Ok(()) => metrics::rule_messages("delivered"),
                    Err(error) => failed.push((at, self.failure(&error))),
                },
            }
        }
        for (path, lines) in files {
            let (ats, lines): (Vec<usize>, Vec<Bytes>) = lines.into_iter().unzip();
            match self.targets.append(path, lines).await {
                Ok(()) => ats.iter().for_each(|_| metrics::rule_messages("delivered")),
                Err(error) => failed.extend(ats.into_iter().map(|at| (at, self.failure(&error)))),
            }
        }
        failed
    }
}

/// Gathers what the lanes come to, has errors told, and clears the outbox.
async fn gather(targets: Arc<Targets>, mut reports: mpsc::Receiver<Passed>) {
    let rules = targets.route.rules().all();
    let mut ledger = Ledger::new(rules.iter().map(Rule::actions));
    let (told, mut tellings) = mpsc::unbounded_channel();
    let tellers: Vec<_> =
        (0..rules.len()).map(|rule| Teller::start(Arc::clone(&targets), rule, told.clone())).collect();
    loop {
        let rows = tokio::select! {
            report = reports.recv() => {
                let Some(Passed { lane, row, bytes, failed }) = report else { return };
                let Settled { errors, rows } = ledger.done(lane, row, bytes, failed);
                errors.into_iter().for_each(|(row, failed)| tellers[lane.rule].tell(row, failed));
                rows
            }
            Some((rule, row)) = tellings.recv() => ledger.told(rule, row),
        };
        for (row, bytes) in rows {
            targets.journal.delivered(row, bytes);
        }
    }
}

impl Targets {
    /// Does one action, and tries it a few times.
    pub(super) async fn perform(&self, kept: &Kept, action: Action, payload: Bytes) -> Result<(), String> {
        match action {
            Action::File { path } => self.append(path, vec![payload]).await,
            Action::Republish { topic, qos } => self.republisher.publish(kept, &topic, qos, payload).await,
            #[cfg(feature = "kinesis")]
            Action::Kinesis { stream, partition_key, .. } => {
                self.kinesis.put_one(stream, partition_key, payload).await
            }
            #[cfg(not(feature = "kinesis"))]
            Action::Kinesis { .. } => Err("this hub was built without Kinesis".to_owned()),
        }
    }

    /// Appends lines to a file, and tries it a few times.
    async fn append(&self, path: PathBuf, lines: Vec<Bytes>) -> Result<(), String> {
        let (path, lines) = (Arc::new(path), Arc::new(lines));
        let mut tries = 1;
        loop {
            let (folder, path, lines) = (self.folder.clone(), Arc::clone(&path), Arc::clone(&lines));
            let append = move || {
                let lines: Vec<&[u8]> = lines.iter().map(AsRef::as_ref).collect();
                file::append(&folder, &path, &lines)
            };
            match tokio::task::spawn_blocking(append).await.map_err(|error| error.to_string())? {
                Ok(()) => return Ok(()),
                Err(error) if tries == TRIES => return Err(error),
                Err(_) => metrics::rule_messages("retried"),
            }
            tokio::time::sleep(RETRY * tries).await;
            tries += 1;
        }
    }
}

pub(super) fn chance() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

/// Rows that wait for a lane.
const ROWS: usize = 4;
/// How often an action is tried; streams have a count of their own.
const TRIES: u32 = 4;
const RETRY: Duration = Duration::from_millis(250);
