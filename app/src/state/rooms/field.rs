//! The full field: everybody in the running race, as the hub tells it in snapshots and changes.

use std::collections::HashMap;
use std::sync::Arc;

use alleycat_shared::message::{DIM, DISQUALIFIED, FieldMessage, FieldRow, FieldSnapshot, GONE};
use alleycat_shared::{RaceId, RacerId};

use super::fold::fold;

/// The field of the class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    /// The latest snapshot, which changes are made to.
    snapshot: Option<Arc<FieldSnapshot>>,
    /// The snapshot with its latest changes.
    now: Option<Arc<FieldSnapshot>>,
    /// What the rider searches for, folded; empty shows everybody.
    search: String,
    /// The rows that are found, if anything is searched for.
    found: Vec<usize>,
    /// Names as they are searched, worked out once a rider: a field may have 40,000, and changes each second.
    folded: HashMap<RacerId, String>,
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
                if self.race() != Some(snapshot.race_id) {
                    self.folded.clear();
                }
                let snapshot = Arc::new(snapshot);
                self.now = Some(Arc::clone(&snapshot));
                self.snapshot = Some(snapshot);
            }
            FieldMessage::Changes(changes) => {
                let changed = self.snapshot.as_ref().and_then(|snapshot| snapshot.with(&changes));
                let Some(changed) = changed else { return };
                self.now = Some(Arc::new(changed));
            }
        }
        self.find();
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Shows only riders whose name has this in it, whatever its capitals and marks, or whose id begins with it.
    pub fn search(&mut self, text: &str) {
        self.search = fold(&text.trim().chars().take(LONGEST_SEARCH).collect::<String>());
        self.find();
    }

    fn find(&mut self) {
        self.found.clear();
        let (Some(now), false) = (&self.now, self.search.is_empty()) else { return };
        let search = self.search.as_str();
        let id = search.strip_prefix('#').unwrap_or(search);
        let by_id = id.bytes().all(|byte| byte.is_ascii_digit());
        for (at, FieldRow(racer, name, ..)) in now.rows.iter().enumerate() {
            let name = self.folded.entry(*racer).or_insert_with(|| {
                worked();
                fold(name.as_str())
            });
            if name.contains(search) || by_id && racer.to_string().starts_with(id) {
                self.found.push(at);
            }
        }
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
        if self.search.is_empty() { self.rows().len() } else { self.found.len() }
    }

    /// Whether nobody is found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The lines from `first` on, at most `count`.
    pub fn lines(&self, first: usize, count: usize) -> Vec<FieldLine> {
        let rows = self.rows();
        if self.search.is_empty() {
            let rows = rows.iter().enumerate().skip(first).take(count);
            return rows.map(|(at, row)| line(at, row)).collect();
        }
        let found = self.found.iter().skip(first).take(count);
        found.map(|at| line(*at, &rows[*at])).collect()
    }

    /// Where a racer is among the lines found.
    pub fn place_of(&self, racer: RacerId) -> Option<usize> {
        let at = self.rows().iter().position(|row| row.0 == racer)?;
        if self.search.is_empty() { Some(at) } else { self.found.binary_search(&at).ok() }
    }

    fn rows(&self) -> &[FieldRow] {
        self.now.as_ref().map(|now| now.rows.as_slice()).unwrap_or_default()
    }
}

fn line(at: usize, row: &FieldRow) -> FieldLine {
    worked();
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

#[cfg(test)]
thread_local! {
    /// How many names were folded and lines made.
    static WORK: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// What a test counts.
fn worked() {
    #[cfg(test)]
    WORK.set(WORK.get() + 1);
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

    /// Counted, and not timed: so it is the same on every machine.
    #[test]
    fn forty_thousand_riders_are_searched_and_scrolled_without_going_through_all_of_them() {
        let rows = |second: i64| {
            let row = |id: u64| {
                let name = alleycat_shared::names::default_name(id.try_into().unwrap());
                row(id, name.as_str(), 1_000_000 * second - id.cast_signed())
            };
            (1..=40_000).map(row).collect::<Vec<_>>()
        };
        let (first, later) = (snapshot(10, rows(1)), snapshot(11, rows(2)));
        let changes = first.changes(&later);
        let mut field = Field::default();
        field.heard(FieldMessage::Snapshot(first));
        let costs = |what: &str, most: usize, work: &mut dyn FnMut()| {
            let before = WORK.get();
            work();
            let took = WORK.get() - before;
            assert!(took <= most, "{what}: {took} lines and names");
        };
        costs("a second's changes", 0, &mut || field.heard(FieldMessage::Changes(changes.clone())));
        assert_eq!((field.second(), field.len()), (Some(11), 40_000));
        // Each frame of a scroll takes what is on the screen, and no more.
        costs("1,000 frames", 24_000, &mut || {
            for frame in 0..1_000 {
                assert_eq!(field.lines(frame * 39, 24).len(), 24);
            }
        });
        costs("a first search", 40_000, &mut || field.search("zoe"));
        field.search("#39999");
        costs("one line", 1, &mut || assert_eq!(field.lines(0, 24).len(), 1));
        assert_eq!(field.place_of(39_999_u64.try_into().unwrap()), Some(0));
        costs("a key more", 0, &mut || field.search("g"));
        assert!(field.len() > 1_000);
        costs("the same search in a field that has changed", 0, &mut || {
            field.heard(FieldMessage::Changes(changes.clone()));
        });
        costs("1,000 frames of what is found", 24_000, &mut || {
            for frame in 0..1_000 {
                assert!(field.lines(frame, 24).len() <= 24);
            }
        });
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
        assert_eq!((found("žof"), found("ZOF")), (vec![2], vec![2]));
        assert_eq!(found("7"), [1, 3]);
        assert_eq!(found("#17"), [2]);
        assert_eq!(found("nobody"), [0_usize; 0]);
        assert_eq!(found("  "), [1, 2, 3]);
        assert_eq!(field.place_of(71_u64.try_into().unwrap()), Some(2));
        assert_eq!(field.lines(1, 1)[0].name, "Žofie");
    }
}
