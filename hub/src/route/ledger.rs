//! Who is done with what: every action of every rule goes through the outbox at its own pace, and a row may go
//! when all of them have passed it. What failed of one message in one rule is gathered until then, for one
//! error message tells of all of it. No IO.

use std::collections::BTreeMap;

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
        Self { positions, failures, rows: BTreeMap::new() }
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
        let all = self.positions.iter().flatten().copied().min().unwrap_or(row);
        self.rows.insert(row, bytes);
        let rest = self.rows.split_off(&(all + 1));
        settled.rows.extend(std::mem::replace(&mut self.rows, rest));
        settled
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
        assert_eq!(settled, Settled { errors, rows: vec![(1, 10)] });
        assert_eq!(ledger.done(lane(0, 1), 2, 20, vec![]).rows, [(2, 20)]);
        assert!(ledger.rows.is_empty() && ledger.failures.iter().all(BTreeMap::is_empty));
    }
}
