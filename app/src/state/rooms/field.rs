//! The full field: everybody in the running race, as the hub tells it in snapshots and changes.

use alleycat_shared::message::{DIM, DISQUALIFIED, FieldMessage, FieldRow, FieldSnapshot, GONE};
use alleycat_shared::{RaceId, RacerId};

/// The field of the class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// The latest snapshot, which changes are made to.
    snapshot: Option<FieldSnapshot>,
    /// The snapshot with its latest changes.
    now: Option<FieldSnapshot>,
    /// What the rider searches for, in lower case; empty shows everybody.
    search: String,
}

/// One line of the full field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldLine {
    /// Place of the field, from 1.
    pub rank: usize,
    /// The rider.
    pub racer: RacerId,
    /// The rider's name.
    pub name: String,
    /// The score, in whole points.
    pub score: i64,
    /// Nothing heard for a while.
    pub dim: bool,
    /// Nothing heard for long.
    pub gone: bool,
}

impl Field {
    /// A message of the field. Changes to a snapshot that is not here wait for the next one.
    pub fn heard(&mut self, message: FieldMessage) {
        match message {
            FieldMessage::Snapshot(snapshot) => {
                self.now = Some(snapshot.clone());
                self.snapshot = Some(snapshot);
            }
            FieldMessage::Changes(changes) => {
                let changed = self.snapshot.as_ref().and_then(|snapshot| snapshot.with(&changes));
                self.now = changed.or_else(|| self.now.take());
            }
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Shows only riders whose name or id has this in it.
    pub fn search(&mut self, text: &str) {
        self.search = text.trim().chars().take(LONGEST_SEARCH).collect::<String>().to_lowercase();
    }

    /// The race, once it is known.
    pub fn race(&self) -> Option<RaceId> {
        self.now.as_ref().map(|now| now.race_id)
    }

    /// The second of the race that this is of.
    pub fn second(&self) -> Option<u16> {
        self.now.as_ref().map(|now| now.second)
    }

    /// How many riders are found.
    pub fn len(&self) -> usize {
        if self.search.is_empty() { self.rows().len() } else { self.found().count() }
    }

    /// Whether nobody is found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lines from `first` on, at most `count`.
    pub fn lines(&self, first: usize, count: usize) -> Vec<FieldLine> {
        self.found().skip(first).take(count).map(|(at, row)| line(at, row)).collect()
    }

    /// Where a racer is among the lines found.
    pub fn place_of(&self, racer: RacerId) -> Option<usize> {
        self.found().position(|(_, row)| row.0 == racer)
    }

    fn rows(&self) -> &[FieldRow] {
        self.now.as_ref().map(|now| now.rows.as_slice()).unwrap_or_default()
    }

    fn found(&self) -> impl Iterator<Item = (usize, &FieldRow)> {
        let search = self.search.as_str();
        let id = search.strip_prefix('#').unwrap_or(search);
        self.rows().iter().enumerate().filter(move |(_, row)| {
            search.is_empty()
                || row.0.to_string().starts_with(id)
                || row.1.as_str().to_lowercase().contains(search)
        })
    }
}

fn line(at: usize, row: &FieldRow) -> FieldLine {
    let FieldRow(racer, name, score, state) = row;
    FieldLine {
        rank: at + 1,
        racer: *racer,
        name: name.to_string(),
        score: *score,
        dim: state & DIM != 0,
        gone: state & (GONE | DISQUALIFIED) != 0,
    }
}

/// More than a name has.
const LONGEST_SEARCH: usize = 32;

#[cfg(test)]
mod tests {
    use alleycat_shared::RacerName;

    use super::*;

    fn row(racer: u64, name: &str, score: i64) -> FieldRow {
        FieldRow(racer.try_into().unwrap(), RacerName::new(name).unwrap(), score, 0)
    }

    fn snapshot(second: u16, rows: Vec<FieldRow>) -> FieldSnapshot {
        FieldSnapshot { race_id: 9_u64.try_into().unwrap(), second, rows }
    }

    fn names(field: &Field) -> Vec<(usize, String)> {
        field.lines(0, 99).into_iter().map(|line| (line.rank, line.name)).collect()
    }

    #[test]
    fn changes_move_riders_and_those_of_another_snapshot_do_not() {
        let first = snapshot(10, vec![row(7, "Ann", 900), row(70, "Bea", 800)]);
        let later = snapshot(11, vec![row(70, "Bea", 990), row(7, "Ann", 950), row(9, "Cy", 10)]);
        let mut field = Field::default();
        field.heard(FieldMessage::Changes(first.changes(&later)));
        assert_eq!(field.len(), 0, "changes to what was never told");
        field.heard(FieldMessage::Snapshot(first.clone()));
        field.heard(FieldMessage::Changes(first.changes(&later)));
        assert_eq!(names(&field), [(1, "Bea".into()), (2, "Ann".into()), (3, "Cy".into())]);
        field.heard(FieldMessage::Changes(later.changes(&first)));
        assert_eq!((field.second(), field.len()), (Some(11), 3), "left as it was");
    }

    #[test]
    fn a_search_finds_by_name_and_by_the_beginning_of_the_id_and_keeps_the_places() {
        let mut field = Field::default();
        field.heard(FieldMessage::Snapshot(snapshot(
            1,
            vec![row(7, "Ann", 900), row(170, "Žofie", 800), row(71, "Hannah", 10)],
        )));
        let mut found = |text: &str| {
            field.search(text);
            names(&field).into_iter().map(|(rank, _)| rank).collect::<Vec<_>>()
        };
        assert_eq!(found("AN"), [1, 3]);
        assert_eq!(found("žof"), [2]);
        assert_eq!(found("7"), [1, 3]);
        assert_eq!(found("#17"), [2]);
        assert_eq!(found("nobody"), [0_usize; 0]);
        assert_eq!(found("  "), [1, 2, 3]);
        assert_eq!(field.place_of(71_u64.try_into().unwrap()), Some(2));
        assert_eq!(field.lines(1, 1)[0].name, "Žofie");
    }
}
