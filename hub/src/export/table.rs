//! Rides and results as CSV (RFC 4180), with a header line.

use alleycat_shared::api::{DisqualifiedRow, RaceResult};
use csv::Writer;

use super::{Exported, Unwritable, unwritable};

/// A ride, a line a second.
pub(super) fn ride(exported: &Exported) -> Result<Vec<u8>, Unwritable> {
    let mut table = Writer::from_writer(Vec::new());
    table
        .write_record(["second", "unixTime", "cadence", "resistance", "output", "score"])
        .map_err(unwritable)?;
    for second in exported.seconds() {
        let ridden = second.ridden;
        let line = [
            second.number.to_string(),
            second.at.to_string(),
            ridden.cadence().to_string(),
            ridden.resistance().to_string(),
            ridden.output.to_string(),
            exported.ride.score_at(second.number).to_string(),
        ];
        table.write_record(line).map_err(unwritable)?;
    }
    table.into_inner().map_err(unwritable)
}

/// A result, a line a rider.
pub(crate) fn result(result: &RaceResult) -> Result<Vec<u8>, Unwritable> {
    let mut table = Writer::from_writer(Vec::new());
    table
        .write_record(["rank", "racerId", "name", "score", "best", "seconds", "flags"])
        .map_err(unwritable)?;
    let ranked = result.results.iter().map(|row| (row.rank.to_string(), row.clone().into()));
    let disqualified = result.disqualified.iter().map(|row| ("DSQ".to_owned(), row.clone()));
    for (rank, row) in ranked.chain(disqualified) {
        let DisqualifiedRow { racer_id, name, score, best, seconds, flags } = row;
        let line = [
            rank,
            racer_id.to_string(),
            harmless(name.as_str()),
            score.to_string(),
            best.to_string(),
            seconds.to_string(),
            flags.names().collect::<Vec<_>>().join(" "),
        ];
        table.write_record(line).map_err(unwritable)?;
    }
    table.into_inner().map_err(unwritable)
}

/// A name that no spreadsheet takes for a formula.
fn harmless(name: &str) -> String {
    if name.starts_with(['=', '+', '-', '@']) { format!("'{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use alleycat_shared::api::{RaceState, ResultRow};
    use alleycat_shared::plausible::Flags;
    use alleycat_shared::{Output, RacerName, Score};

    use super::*;

    #[test]
    fn a_ride_is_a_line_a_second() {
        let text = String::from_utf8(ride(&super::super::tests::exported("Ann")).unwrap()).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[1], "1,1620823801,81,50,133.4000,133.4000");
        assert!(lines[4].starts_with("5,"), "the missing second is missing");
    }

    #[test]
    fn a_name_is_neither_a_formula_nor_two_columns() {
        let row = |rank, name| ResultRow {
            rank,
            racer_id: 7.try_into().unwrap(),
            name: RacerName::new(name).unwrap(),
            score: Score::ZERO,
            best: Output::ZERO,
            seconds: 0,
            flags: Flags::NONE,
            cleared: false,
        };
        let results = vec![row(1, "=1+1"), row(2, "a,\"b")];
        let (race_id, class_id) = (1.try_into().unwrap(), 1.try_into().unwrap());
        let disqualified = vec![row(0, "@out").into()];
        let state = RaceState::Official;
        let bytes = result(&RaceResult { race_id, class_id, state, results, disqualified }).unwrap();
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let names: Vec<_> = reader.records().map(|record| record.unwrap()[2].to_owned()).collect();
        assert_eq!(names, ["'=1+1", "a,\"b", "'@out"]);
    }
}
