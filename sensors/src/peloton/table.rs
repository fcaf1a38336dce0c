//! From the resistance sensor's raw value to per cent, by the bike's own table of 31 steps.

use super::frame::Request;
use crate::Origin;

/// How many entries the table has: 0, 3.33, … 100 %.
pub(super) const ENTRIES: usize = 31;
/// How often a table that makes no sense is read.
const TRIES: u8 = 2;

/// The bike's table as far as it is known.
#[derive(Debug)]
pub(super) struct Table {
    entries: [Option<u32>; ENTRIES],
    /// The entry that was asked for last: answers do not say which one they are.
    asked: Option<u8>,
    /// How often the table may still be read from its beginning.
    tries: u8,
}

impl Default for Table {
    fn default() -> Self {
        Self { entries: [None; ENTRIES], asked: None, tries: TRIES }
    }
}

impl Table {
    /// A request was sent, or heard.
    pub(super) const fn asked(&mut self, request: Request) {
        self.asked = match request {
            Request::TableEntry(entry) => Some(entry),
            _ => None,
        };
    }

    /// What was asked was not answered in time: an answer that comes yet may be of anything.
    pub(super) const fn missed(&mut self) {
        self.asked = None;
    }

    /// An entry was told.
    pub(super) fn entry(&mut self, raw: u32) {
        if let Some(entry) = self.asked.take().and_then(|asked| self.entries.get_mut(usize::from(asked))) {
            *entry = Some(raw);
        }
        // Entries that came out of order, or were not heard well, are read again.
        if self.entries.iter().all(Option::is_some) && self.own().is_none() {
            self.entries = [None; ENTRIES];
            self.tries = self.tries.saturating_sub(1);
        }
    }

    /// The entry to ask for next.
    pub(super) fn wanted(&self) -> Option<u8> {
        if self.tries == 0 {
            return None;
        }
        let missing = self.entries.iter().position(Option::is_none)?;
        u8::try_from(missing).ok()
    }

    /// The bike does not tell its table.
    pub(super) const fn give_up(&mut self) {
        self.tries = 0;
    }

    /// Whether the bike has told it all.
    pub(super) fn is_whole(&self) -> bool {
        self.own().is_some()
    }

    /// The resistance in per cent, measured by the bike's own table or estimated by another bike's.
    pub(super) fn percent(&self, raw: u32) -> (f64, Origin) {
        match self.own() {
            Some(own) => (percent(raw, &own), Origin::Measured),
            None => (percent(raw, &EXAMPLE), Origin::Estimated),
        }
    }

    /// The whole table, if it is one: its values rise.
    fn own(&self) -> Option<[u32; ENTRIES]> {
        let mut own = [0; ENTRIES];
        for (own, entry) in own.iter_mut().zip(self.entries) {
            *own = entry?;
        }
        own.is_sorted_by(|a, b| a < b).then_some(own)
    }
}

/// Straight lines between the steps, with the wider steps at both ends that the bike's display uses.
fn percent(raw: u32, table: &[u32; ENTRIES]) -> f64 {
    let last = ENTRIES - 1;
    let line = |from: usize, to: usize| {
        let (low, high) = (f64::from(table[from]), f64::from(table[to]));
        (f64::from(raw) - low) / (high - low)
    };
    match raw {
        raw if raw <= table[0] => 0.0,
        raw if raw >= table[last] => 100.0,
        raw if raw < table[3] => 10.0 * line(0, 3),
        raw if raw > table[last - 3] => 90.0 + 10.0 * line(last - 3, last),
        raw => {
            let above = table.partition_point(|entry| *entry <= raw);
            #[expect(clippy::cast_precision_loss, reason = "one of 31 steps")]
            let steps = (above - 1) as f64;
            (steps + line(above - 1, above)) * 100.0 / 30.0
        }
    }
}

/// The table of one bike, as pelomon recorded it. Tables differ: with it resistance is an estimate.
pub(super) const EXAMPLE: [u32; ENTRIES] = [
    164, 169, 186, 222, 297, 369, 440, 497, 558, 609, 653, 687, 726, 757, 783, 803, 827, 845, 861, 874, 889,
    901, 911, 921, 930, 938, 944, 952, 958, 963, 967,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_that_of_the_bikes_display() {
        // [S] pelomon's frames and stepped capture.
        let table = [
            (155, 0.0),
            (164, 0.0),
            (191, 4.7),
            (223, 10.0),
            (474, 22.0),
            (830, 53.9),
            (860, 59.8),
            (967, 100.0),
            (2_000, 100.0),
        ];
        for (raw, expected) in table {
            let computed = percent(raw, &EXAMPLE);
            assert!((computed - expected).abs() < 0.1, "{raw}: {computed}, not {expected}");
        }
    }

    #[test]
    fn the_scale_never_falls() {
        let all: Vec<f64> = (0..1_100).map(|raw| percent(raw, &EXAMPLE)).collect();
        assert!(all.is_sorted() && all[0] == 0.0 && all[1_099] == 100.0);
    }

    #[test]
    fn only_the_own_and_whole_table_measures() {
        let mut table = Table::default();
        assert_eq!(table.percent(860).1, Origin::Estimated);
        for entry in 0..31 {
            assert_eq!(table.wanted(), Some(entry));
            table.asked(Request::TableEntry(entry));
            table.entry(100 + 10 * u32::from(entry));
        }
        assert_eq!((table.wanted(), table.percent(250)), (None, (50.0, Origin::Measured)));
    }

    #[test]
    fn a_table_that_does_not_rise_is_read_again_and_then_given_up() {
        let mut table = Table::default();
        for round in [Some(0), None] {
            for entry in 0..31 {
                table.asked(Request::TableEntry(entry));
                table.entry(500);
            }
            assert_eq!(table.wanted(), round);
        }
        assert_eq!(table.percent(860).1, Origin::Estimated);
    }

    #[test]
    fn an_answer_that_comes_too_late_is_of_no_entry() {
        let mut table = Table::default();
        table.asked(Request::TableEntry(0));
        table.missed();
        table.entry(164);
        assert_eq!(table.wanted(), Some(0));
    }
}
