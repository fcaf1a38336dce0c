//! Gathers what the lanes come to: has errors told, clears the outbox, says how far each lane is behind, and
//! puts other rules in the place of those that are followed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alleycat_rules::{Rule, Rules, Which};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, timeout};

use super::kept::Kept;
use super::lane::{Lanes, Passed, Targets, labels, lanes_of};
use super::ledger::{Ledger, Settled};
use super::teller::Teller;
use crate::{metrics, time};

/// Other rules, and who wants to know when they are followed.
pub(super) struct Change {
    pub(super) rules: Arc<Rules>,
    pub(super) done: oneshot::Sender<()>,
}

/// All that is done for the rules. Dropping it ends it.
pub(super) struct Gather {
    targets: Arc<Targets>,
    ledger: Ledger,
    lanes: Lanes,
    /// One for each rule.
    tellers: Vec<Teller>,
    /// The tasks of the tellers, and of those of rules before that still have something to tell.
    telling: JoinSet<()>,
    /// Hears of rows that are told.
    told: mpsc::UnboundedSender<i64>,
    tellings: mpsc::UnboundedReceiver<i64>,
}

impl Gather {
    pub(super) fn start(targets: Targets) -> Self {
        let (told, tellings) = mpsc::unbounded_channel();
        let ledger = Ledger::new(targets.rules.all().iter().map(Rule::actions));
        let targets = Arc::new(targets);
        let lanes = Lanes::start(&targets, &ledger);
        let mut telling = JoinSet::new();
        let tellers = Teller::all(&targets, &told, &mut telling);
        Self { targets, ledger, lanes, tellers, telling, told, tellings }
    }

    /// Runs for ever.
    pub(super) async fn run(mut self, mut changes: mpsc::Receiver<Change>) {
        let mut tick = tokio::time::interval(TELL_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(passed) = self.lanes.reports.recv() => self.passed(passed),
                Some(row) = self.tellings.recv() => {
                    let rows = self.ledger.told(row);
                    self.clear(rows);
                }
                Some(Change { rules, done }) = changes.recv() => {
                    self.follow(rules).await;
                    // Who asked may be gone.
                    _ = done.send(());
                }
                _ = tick.tick() => self.tell_behind().await,
            }
        }
    }

    fn passed(&mut self, Passed { lane, row, bytes, failed }: Passed) {
        let Settled { errors, rows } = self.ledger.done(lane, row, bytes, failed);
        errors.into_iter().for_each(|(row, failed)| self.tellers[lane.rule].tell(row, failed));
        self.clear(rows);
    }

    fn clear(&self, rows: Vec<(i64, usize)>) {
        for (row, bytes) in rows {
            self.targets.journal.delivered(row, bytes);
        }
    }

    /// Lets the lanes come to an end for a while, and starts those of other rules where they were.
    async fn follow(&mut self, rules: Arc<Rules>) {
        self.lanes.read_no_more();
        let rest = async {
            while let Some(passed) = self.lanes.reports.recv().await {
                self.passed(passed);
            }
        };
        if timeout(PATIENCE, rest).await.is_err() {
            self.lanes.end().await;
            while let Ok(passed) = self.lanes.reports.try_recv() {
                self.passed(passed);
            }
        }
        for lane in lanes_of(&self.targets.rules) {
            let rule = &self.targets.rules.all()[lane.rule];
            metrics::rule_behind(&labels(rule, Which::Action(lane.action)), 0);
        }
        let (next, left) =
            std::mem::replace(&mut self.ledger, Ledger::new([])).follow(&self.targets.rules, &rules);
        self.ledger = next;
        for (rule, errors) in left {
            errors.into_iter().for_each(|(row, failed)| self.tellers[rule].tell(row, failed));
        }
        self.targets = Arc::new(Targets { rules, ..Targets::clone(&self.targets) });
        // The tellers before end when they have told what they were given.
        while self.telling.try_join_next().is_some() {}
        self.tellers = Teller::all(&self.targets, &self.told, &mut self.telling);
        self.lanes = Lanes::start(&self.targets, &self.ledger);
        let rows = self.ledger.free();
        self.clear(rows);
    }

    /// How long the oldest message that waits for each lane has been waiting.
    async fn tell_behind(&self) {
        let lanes: Vec<_> = lanes_of(&self.targets.rules).collect();
        let positions: Vec<i64> = lanes.iter().map(|lane| self.ledger.position(*lane)).collect();
        let store = Arc::clone(&self.targets.store);
        let looked = tokio::task::spawn_blocking(move || {
            let mut since = BTreeMap::new();
            for position in &positions {
                since.entry(*position).or_insert_with(|| {
                    let head = store.outbox_head(*position, Kept::HEAD).ok().flatten()?;
                    Kept::arrived(&head).ok()
                });
            }
            positions.into_iter().map(|position| since[&position]).collect::<Vec<_>>()
        });
        let (Ok(since), now) = (looked.await, time::now()) else { return };
        for (lane, since) in lanes.into_iter().zip(since) {
            let labels = labels(&self.targets.rules.all()[lane.rule], Which::Action(lane.action));
            metrics::rule_behind(&labels, since.map_or(0, |since| now.saturating_sub(since)));
        }
    }
}

/// How long the lanes may take to come to an end. What a target that is away has not taken by then is begun
/// again under the new rules.
const PATIENCE: Duration = Duration::from_secs(5);
const TELL_EVERY: Duration = Duration::from_secs(1);
