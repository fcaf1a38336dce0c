//! Who is done with what: every action of every rule goes through the outbox at its own pace, and a row may go
//! when all of them have passed it and its errors are told. What failed of one message in one rule is gathered
//! until the rule is done with it, for one error message tells of all of it. No IO.

use std::collections::{BTreeMap, BTreeSet};

use alleycat_rules::Failure;

/// A lane: one action of one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LaneId {
    pub(super) rule: usize,
    pub(super) action: usize,
}

/// What the lanes have come to.
#[derive(Debug)]
pub(super) struct Ledger {
    /// For each rule and action, the last row that it is done with.
    positions: Vec<Vec<i64>>,
    /// For each rule, the rows with failures.
    failures: Vec<BTreeMap<i64, Failed>>,
    /// Rows of which a rule's errors are being told.
    telling: BTreeSet<(i64, usize)>,
    /// Rows that are there, with their sizes.
    rows: BTreeMap<i64, usize>,
}

/// What failed of a row in a rule, by the message's place in the row.
pub(super) type Failed = BTreeMap<usize, Vec<Failure>>;

/// What is to be done next.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settled {
    /// Rows of the lane's rule of which error messages are to be sent.
    pub(super) errors: BTreeMap<i64, Failed>,
    /// Rows that nobody needs any more, with their sizes.
    pub(super) rows: Vec<(i64, usize)>,
}

impl Ledger {
    /// Rules by the number of their actions.
    pub(super) fn new(actions: impl IntoIterator<Item = usize>) -> Self {
        let positions: Vec<Vec<i64>> = actions.into_iter().map(|count| vec![0; count]).collect();
        let failures = positions.iter().map(|_| BTreeMap::new()).collect();
        Self { positions, failures, telling: BTreeSet::new(), rows: BTreeMap::new() }
    }

    /// A lane is done with a row of so many bytes. `failed` has the messages of the row for which it was in
    /// vain, by their places in it.
    pub(super) fn done(
        &mut self,
        lane: LaneId,
        row: i64,
        bytes: usize,
        failed: Vec<(usize, Failure)>,
    ) -> Settled {
        let mut settled = Settled::default();
        self.positions[lane.rule][lane.action] = row;
        for (message, failure) in failed {
            let of_row = self.failures[lane.rule].entry(row).or_default();
            of_row.entry(message).or_default().push(failure);
        }
        let passed = self.positions[lane.rule].iter().copied().min().unwrap_or(row);
        let rest = self.failures[lane.rule].split_off(&(passed + 1));
        settled.errors = std::mem::replace(&mut self.failures[lane.rule], rest);
        self.telling.extend(settled.errors.keys().map(|row| (*row, lane.rule)));
        self.rows.insert(row, bytes);
        settled.rows = self.free();
        settled
    }

    /// The errors of a row in a rule are told. Returns rows that nobody needs any more, with their sizes.
    pub(super) fn told(&mut self, rule: usize, row: i64) -> Vec<(i64, usize)> {
        self.telling.remove(&(row, rule));
        self.free()
    }

    fn free(&mut self) -> Vec<(i64, usize)> {
        let passed = self.positions.iter().flatten().copied().min().unwrap_or(0);
        let told = self.telling.first().map_or(i64::MAX, |(row, _)| row - 1);
        let rest = self.rows.split_off(&(passed.min(told) + 1));
        std::mem::replace(&mut self.rows, rest).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(what: &str) -> Failure {
        Failure { failed_action: what.into(), failed_resource: String::new(), error_message: String::new() }
    }

    #[test]
    fn a_row_goes_when_the_slowest_has_passed_it_and_failures_are_told_once() {
        let mut ledger = Ledger::new([2, 1]);
        let lane = |rule, action| LaneId { rule, action };
        assert_eq!(ledger.done(lane(0, 0), 1, 10, vec![(4, failure("a"))]), Settled::default());
        assert_eq!(ledger.done(lane(0, 0), 2, 20, vec![]), Settled::default());
        assert_eq!(ledger.done(lane(1, 0), 2, 20, vec![]), Settled::default());
        let settled = ledger.done(lane(0, 1), 1, 10, vec![(4, failure("b")), (5, failure("b"))]);
        let failed = [(4, vec![failure("a"), failure("b")]), (5, vec![failure("b")])];
        let errors = [(1, failed.into())].into();
        assert_eq!(settled, Settled { errors, rows: vec![] });
        assert_eq!(ledger.done(lane(0, 1), 2, 20, vec![]).rows, [], "the first row's errors are being told");
        assert_eq!(ledger.told(0, 1), [(1, 10), (2, 20)]);
        assert!(ledger.rows.is_empty() && ledger.failures.iter().all(BTreeMap::is_empty));
    }
}
