//! The lanes: one task for each action of each rule, and one that reads rows for it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alleycat_rules::{Action, Failure, Rule, Rules, Which};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::file;
use super::kept::Kept;
use super::ledger::{LaneId, Ledger};
use super::republish::Republisher;
use crate::journal::Journal;
use crate::metrics::{self, RuleLabels};
use crate::store::Store;

/// What all lanes have in common, until the rules change.
#[derive(Clone)]
pub(super) struct Targets {
    pub(super) rules: Arc<Rules>,
    pub(super) store: Arc<Store>,
    pub(super) journal: Arc<Journal>,
    pub(super) republisher: Arc<Republisher>,
    /// Where relative paths of file actions begin.
    pub(super) folder: PathBuf,
    #[cfg(feature = "kinesis")]
    pub(super) kinesis: Arc<super::kinesis::Settings>,
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

/// All lanes of some rules. Dropping it ends them at once.
pub(super) struct Lanes {
    readers: JoinSet<()>,
    lanes: JoinSet<()>,
    /// What they come to.
    pub(super) reports: mpsc::Receiver<Passed>,
}

impl Lanes {
    /// Starts a lane for each action, behind the rows that it is done with.
    pub(super) fn start(targets: &Arc<Targets>, ledger: &Ledger) -> Self {
        let (report, reports) = mpsc::channel(ROWS * 16);
        let (mut readers, mut lanes) = (JoinSet::new(), JoinSet::new());
        for id in lanes_of(&targets.rules) {
            let (send, rows) = mpsc::channel(ROWS);
            readers.spawn(read_rows(Arc::clone(targets), ledger.position(id), send));
            let labels = labels(&targets.rules.all()[id.rule], Which::Action(id.action));
            let lane = Lane { id, targets: Arc::clone(targets), labels, report: report.clone() };
            lanes.spawn(lane.run(rows));
        }
        Self { readers, lanes, reports }
    }

    /// Takes up no more rows. The lanes end when they are done with those that they have.
    pub(super) fn read_no_more(&mut self) {
        self.readers.abort_all();
    }

    /// Ends what still runs; what was under way is begun again by who comes after.
    pub(super) async fn end(&mut self) {
        self.lanes.shutdown().await;
    }
}

/// All lanes that rules have.
pub(super) fn lanes_of(rules: &Rules) -> impl Iterator<Item = LaneId> {
    let actions = rules.all().iter().map(Rule::actions).enumerate();
    actions.flat_map(|(rule, actions)| (0..actions).map(move |action| LaneId { rule, action }))
}

/// What an action is called in metrics.
pub(super) fn labels(rule: &Rule, action: Which) -> RuleLabels {
    let name = match action {
        Which::Action(index) => (index + 1).to_string(),
        Which::Error => "error".to_owned(),
    };
    RuleLabels::new(rule.name(), name, rule.target(action))
}

/// Reads the outbox from a row on, row by row, and waits at its end.
async fn read_rows(targets: Arc<Targets>, mut at: i64, rows: mpsc::Sender<Row>) {
    let mut durable = targets.journal.durable();
    loop {
        durable.mark_unchanged();
        let store = Arc::clone(&targets.store);
        let read = tokio::task::spawn_blocking(move || store.outbox_after(at)).await;
        match read {
            Ok(Ok(Some((id, row)))) => {
                at = id;
                let messages = Kept::read(&row).unwrap_or_else(|error| {
                    tracing::error!(row = id, %error, "a row of the outbox is damaged: it is left out");
                    metrics::outbox_damaged();
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
    id: LaneId,
    pub(super) targets: Arc<Targets>,
    pub(super) labels: RuleLabels,
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
        &self.targets.rules.all()[self.id.rule]
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

    pub(super) fn delivered(&self, count: usize) {
        metrics::rule_messages(&self.labels, "delivered", count);
    }

    pub(super) fn failure(&self, error: &impl std::fmt::Display) -> Failure {
        metrics::rule_messages(&self.labels, "failed", 1);
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
                action => {
                    match self.targets.perform(&row.messages[at], action, payload, &self.labels).await {
                        Ok(()) => self.delivered(1),
                        Err(error) => failed.push((at, self.failure(&error))),
                    }
                }
            }
        }
        for (path, lines) in files {
            let (ats, lines): (Vec<usize>, Vec<Bytes>) = lines.into_iter().unzip();
            match self.targets.append(path, lines, &self.labels).await {
                Ok(()) => self.delivered(ats.len()),
                Err(error) => failed.extend(ats.into_iter().map(|at| (at, self.failure(&error)))),
            }
        }
        failed
    }
}

impl Targets {
    /// Does one action, and tries it a few times.
    pub(super) async fn perform(
        &self,
        kept: &Kept,
        action: Action,
        payload: Bytes,
        labels: &RuleLabels,
    ) -> Result<(), String> {
        match action {
            Action::File { path } => self.append(path, vec![payload], labels).await,
            Action::Republish { topic, qos } => {
                self.republisher.publish(kept, &topic, qos, payload, labels).await
            }
            #[cfg(feature = "kinesis")]
            Action::Kinesis { stream, partition_key, .. } => {
                self.kinesis.put_one(stream, partition_key, payload).await
            }
            #[cfg(not(feature = "kinesis"))]
            Action::Kinesis { .. } => Err("this hub was built without Kinesis".to_owned()),
        }
    }

    /// Appends lines to a file, and tries it a few times.
    async fn append(&self, path: PathBuf, lines: Vec<Bytes>, labels: &RuleLabels) -> Result<(), String> {
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
                Err(_) => metrics::rule_messages(labels, "retried", 1),
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
