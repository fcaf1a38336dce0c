//! The full field of a class, small enough for everybody who opened the list.
//!
//! Every ten seconds a snapshot: a row a rider, in order of rank. In the seconds between what has changed
//! since the snapshot: how many points each of its rows has gained, written as differences to the mean in
//! the base-64 digits of source maps (variable-length quantities: five bits a digit, the sign in the lowest
//! bit of the first). Scores are in whole points here; boards and results have them exactly.

use serde::{Deserialize, Serialize};

use crate::{RaceId, RacerId, RacerName};

/// `alleycat-subscribe/{classId}/field`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldMessage {
    /// The second's changes, for who has the snapshot. It comes first: a snapshot has no `since`.
    Changes(FieldChanges),
    /// The whole field, retained.
    Snapshot(FieldSnapshot),
}

/// The whole field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldSnapshot {
    /// The race that runs.
    pub race_id: RaceId,
    /// The second of the race when this was made.
    pub second: u16,
    /// In order of rank: the first row is rank 1.
    pub rows: Vec<FieldRow>,
}

/// What has changed since a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChanges {
    /// The race that runs.
    pub race_id: RaceId,
    /// The second of the race when this was made.
    pub second: u16,
    /// The second of the snapshot that this is of.
    pub since: u16,
    /// The mean of the gains, in points.
    pub mean: i64,
    /// The gain of each row of the snapshot less the mean, see the module.
    pub gains: String,
    /// Rows whose state is another one: their places in the snapshot from 0, and the state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<(u32, u8)>,
    /// Riders who have joined since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<FieldRow>,
}

/// A rider: `[racerId, name, score, state]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldRow(
    /// Who.
    pub RacerId,
    /// The display name.
    pub RacerName,
    /// The sum of the outputs so far, in whole points.
    pub i64,
    /// A sum of [`DIM`], [`GONE`], [`FLAGGED`] and [`DISQUALIFIED`].
    pub u8,
);

/// Nothing heard for 5 s.
pub const DIM: u8 = 1;
/// Nothing heard for 15 s.
pub const GONE: u8 = 2;
/// Something in the ride no body does.
pub const FLAGGED: u8 = 4;
/// Out of the ranking by the host's word.
pub const DISQUALIFIED: u8 = 8;

impl FieldSnapshot {
    /// What `now` is, told as changes to this snapshot of the same race. Its rows may be in any order.
    pub fn changes(&self, now: &Self) -> FieldChanges {
        let mut rest: std::collections::HashMap<_, _> = now.rows.iter().map(|row| (row.0, row)).collect();
        let mut states = Vec::new();
        let gains: Vec<i64> = (0..)
            .zip(&self.rows)
            .map(|(at, old)| {
                let Some(new) = rest.remove(&old.0) else { return 0 };
                if new.3 != old.3 {
                    states.push((at, new.3));
                }
                new.2 - old.2
            })
            .collect();
        let mean = gains.iter().sum::<i64>() / i64::try_from(gains.len().max(1)).unwrap_or(i64::MAX);
        let mut digits = String::with_capacity(2 * gains.len());
        gains.iter().for_each(|gain| encode(gain - mean, &mut digits));
        // In the order of the field.
        let joined = now.rows.iter().filter(|row| rest.contains_key(&row.0)).cloned().collect();
        FieldChanges {
            race_id: now.race_id,
            second: now.second,
            since: self.second,
            mean,
            gains: digits,
            states,
            joined,
        }
    }

    /// The field with changes to this snapshot, in order of score; `None` if they are of another one, or
    /// none at all.
    pub fn with(&self, changes: &FieldChanges) -> Option<Self> {
        if (self.race_id, self.second) != (changes.race_id, changes.since) {
            return None;
        }
        let mut rows = self.rows.clone();
        let mut digits = changes.gains.bytes();
        for row in &mut rows {
            row.2 = row.2.checked_add(decode(&mut digits)?)?.checked_add(changes.mean)?;
        }
        for (at, state) in &changes.states {
            rows.get_mut(usize::try_from(*at).ok()?)?.3 = *state;
        }
        rows.extend(changes.joined.iter().cloned());
        rows.sort_by_key(|row| (row.3 & DISQUALIFIED, -row.2));
        digits.next().is_none().then_some(Self { race_id: self.race_id, second: changes.second, rows })
    }
}

/// Writes a number as base-64 digits: the lowest five bits first, the sixth says that more follow.
fn encode(number: i64, digits: &mut String) {
    let mut rest = number.unsigned_abs() << 1 | u64::from(number < 0);
    loop {
        let more = u64::from(rest > 31) << 5;
        let digit = usize::try_from(rest & 31 | more).unwrap_or_default();
        digits.push(char::from(DIGITS[digit]));
        rest >>= 5;
        if rest == 0 {
            return;
        }
    }
}

fn decode(digits: &mut impl Iterator<Item = u8>) -> Option<i64> {
    let mut number = 0_u64;
    // More digits than these are no score.
    for shift in (0..50).step_by(5) {
        let digit = digits.next()?;
        let digit = u64::try_from(DIGITS.iter().position(|known| *known == digit)?).ok()?;
        number |= (digit & 31) << shift;
        if digit & 32 == 0 {
            let size = i64::try_from(number >> 1).ok()?;
            return Some(if number & 1 == 1 { -size } else { size });
        }
    }
    None
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;

    fn row(racer: u64, score: i64, state: u8) -> FieldRow {
        FieldRow(racer.try_into().unwrap(), RacerName::new("Ann").unwrap(), score, state)
    }

    fn snapshot(second: u16, rows: Vec<FieldRow>) -> FieldSnapshot {
        FieldSnapshot { race_id: 1_u64.try_into().unwrap(), second, rows }
    }

    #[test]
    fn numbers_are_written_as_in_source_maps_and_come_back() {
        let table = [(0, "A"), (1, "C"), (-1, "D"), (15, "e"), (16, "gB"), (-511, "/f"), (1_000, "w+B")];
        for (number, expected) in table {
            let mut digits = String::new();
            encode(number, &mut digits);
            assert_eq!(digits, expected, "{number}");
            assert_eq!(decode(&mut digits.bytes()), Some(number));
        }
        for nonsense in ["", "g", "-", "ggggggggggggggg"] {
            assert_eq!(decode(&mut nonsense.bytes()), None, "{nonsense}");
        }
    }

    #[test]
    fn changes_to_a_snapshot_give_the_field_of_their_second() {
        let before = snapshot(10, vec![row(7, 1_000, 0), row(8, 990, 0), row(9, 400, GONE)]);
        let now = snapshot(14, vec![row(8, 1_600, 0), row(7, 1_500, DIM), row(9, 400, GONE), row(5, 90, 0)]);
        let changes = before.changes(&now);
        assert_eq!((&changes.states, changes.joined.len()), (&vec![(0, DIM)], 1));
        assert_eq!(before.with(&changes), Some(now.clone()));
        assert_eq!(now.with(&changes), None, "of another snapshot");
        let json = serde_json::to_string(&FieldMessage::Changes(changes.clone())).unwrap();
        assert_eq!(
            serde_json::from_str::<FieldMessage>(&json).unwrap(),
            FieldMessage::Changes(changes.clone())
        );
        for gains in ["", "AAAA", "A!A"] {
            let wrong = FieldChanges { gains: gains.to_owned(), ..changes.clone() };
            assert_eq!(before.with(&wrong), None, "{gains}");
        }
        let wrong = FieldChanges { states: vec![(3, 0)], ..changes };
        assert_eq!(before.with(&wrong), None);
    }
}
