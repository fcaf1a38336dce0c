//! Who is done with what: every action of every rule goes through the outbox at its own pace, and a row may go
//! when all of them have passed it and its errors are told. What failed of one message in one rule is gathered
//! until the rule is done with it, for one error message tells of all of it. No IO.

use std::collections::BTreeMap;

use alleycat_rules::{Failure, Rule, Rules};

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
    /// Rows of which errors are being told, and of how many rules.
    telling: BTreeMap<i64, usize>,
    /// Rows that are there, with their sizes.
    rows: BTreeMap<i64, usize>,
    /// The last row that went.
    freed: i64,
}

/// What failed of a row in a rule, by the message's place in the row.
pub(super) type Failed = BTreeMap<usize, Vec<Failure>>;

/// A rule that is gone, by its place, and what failed in it.
pub(super) type Left = (usize, BTreeMap<i64, Failed>);

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
        Self { positions, failures, telling: BTreeMap::new(), rows: BTreeMap::new(), freed: 0 }
    }

    /// The same under other rules. A rule goes on where the one of its name was: an action that is the same at
    /// its own place, others where the slowest was. A rule of a new name begins with the oldest row. Returns
    /// also what failed in rules that are gone, by their places before, which is to be told now.
    pub(super) fn follow(mut self, old: &Rules, new: &Rules) -> (Self, Vec<Left>) {
        let place = |name: &str| old.all().iter().position(|rule| rule.name() == name);
        let mut next = Self::new(new.all().iter().map(Rule::actions));
        for (at, rule) in new.all().iter().enumerate() {
            let before = place(rule.name());
            for action in 0..rule.actions() {
                let position = before.map_or(0, |before| {
                    let positions = &self.positions[before];
                    match positions.get(action) {
                        Some(position) if rule.same_action(&old.all()[before], action) => *position,
                        _ => positions.iter().copied().min().unwrap_or(0),
                    }
                });
                next.positions[at][action] = position.max(self.freed);
            }
            if let Some(before) = before {
                next.failures[at] = std::mem::take(&mut self.failures[before]);
            }
        }
        (next.telling, next.rows, next.freed) = (self.telling, self.rows, self.freed);
        let mut left = Vec::new();
        for (rule, failures) in self.failures.into_iter().enumerate() {
            if !failures.is_empty() {
                next.tell(&failures);
                left.push((rule, failures));
            }
        }
        (next, left)
    }

    /// The last row that a lane is done with.
    pub(super) fn position(&self, lane: LaneId) -> i64 {
        self.positions[lane.rule][lane.action]
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
        self.tell(&settled.errors);
        self.rows.insert(row, bytes);
        settled.rows = self.free();
        settled
    }

    /// The errors of a row in a rule are told. Returns rows that nobody needs any more, with their sizes.
    pub(super) fn told(&mut self, row: i64) -> Vec<(i64, usize)> {
        if let Some(rules) = self.telling.get_mut(&row) {
            *rules -= 1;
            if *rules == 0 {
                self.telling.remove(&row);
            }
        }
        self.free()
    }

    fn tell(&mut self, errors: &BTreeMap<i64, Failed>) {
        errors.keys().for_each(|row| *self.telling.entry(*row).or_default() += 1);
    }

    /// Rows that nobody needs any more, with their sizes.
    pub(super) fn free(&mut self) -> Vec<(i64, usize)> {
        let passed = self.positions.iter().flatten().copied().min().unwrap_or(0);
        let told = self.telling.first_key_value().map_or(i64::MAX, |(row, _)| row - 1);
        let rest = self.rows.split_off(&(passed.min(told) + 1));
        self.freed = self.rows.last_key_value().map_or(self.freed, |(row, _)| *row);
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
        assert_eq!(ledger.told(1), [(1, 10), (2, 20)]);
        assert!(ledger.rows.is_empty() && ledger.failures.iter().all(BTreeMap::is_empty));
    }

    fn rules(text: &str) -> Rules {
        let rule = |rule: &str| {
            let (name, files) = rule.split_once(':').unwrap();
            let action = |file: &str| format!("[[rule.action]]\nfile = {{ path = \"{file}\" }}\n");
            let actions: String = files.split(',').map(action).collect();
            format!("[[rule]]\nname = \"{name}\"\nsql = \"SELECT * FROM 'a'\"\n{actions}")
        };
        let text: String = text.split(' ').map(rule).collect();
        Rules::parse(&text, "rules.toml").unwrap()
    }

    #[test]
    fn a_rule_keeps_its_place_by_its_name_and_one_that_is_gone_leaves_its_errors_to_be_told() {
        let (old, new) = (rules("a:1,2 gone:1 same:1"), rules("new:1 same:1 a:1,3,4"));
        let lane = |rule, action| LaneId { rule, action };
        let mut ledger = Ledger::new(old.all().iter().map(Rule::actions));
        for row in 1..=4 {
            _ = ledger.done(lane(0, 0), row, 10, if row == 4 { vec![(0, failure("a"))] } else { vec![] });
        }
        for row in 1..=2 {
            _ = ledger.done(lane(0, 1), row, 10, vec![]);
        }
        _ = ledger.done(lane(2, 0), 1, 10, vec![]);
        assert_eq!(ledger.done(lane(1, 0), 1, 10, vec![]).rows, [(1, 10)]);
        let settled = ledger.done(lane(1, 0), 2, 10, vec![(0, failure("gone"))]);
        assert_eq!(
            (settled.errors.len(), settled.rows),
            (1, vec![]),
            "told as ever: it has one action alone"
        );
        let (mut ledger, left) = ledger.follow(&old, &new);
        assert_eq!(
            ledger.positions,
            [vec![1], vec![1], vec![4, 2, 2]],
            "the first row is not there any more"
        );
        assert_eq!(left, []);
        assert_eq!(ledger.failures[2].len(), 1, "it waits for the other actions of the rule");
        for row in 2..=4 {
            assert_eq!(ledger.done(lane(0, 0), row, 10, vec![]).rows, []);
            assert_eq!(ledger.done(lane(1, 0), row, 10, vec![]).rows, []);
        }
        assert_eq!(ledger.told(2), [(2, 10)], "the errors of the rule that is gone are told now");
        let (ledger, left) = ledger.follow(&new, &rules("same:1"));
        assert_eq!((left.len(), left[0].0, left[0].1.len()), (1, 2, 1), "now it is gone too");
        assert_eq!(ledger.telling, [(4, 1)].into());
    }
}
