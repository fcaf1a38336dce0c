//! What must hold at the end, held against what was acknowledged, archived and shown.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;

use alleycat_shared::api::{Leaderboard, RaceResult, RaceState, RideTrace};
use alleycat_shared::{Cadence, ClassId, Millis, Output, RaceId, RaceSecond, RacerId, Resistance, Score};
use anyhow::{Context, ensure};
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::actors::Forgotten;
use crate::boards::Seen;
use crate::log::Log;
use crate::page::RACER;

/// A second of a racer's race.
pub(crate) type Key = (RaceId, RacerId, RaceSecond);
/// The results by race and class.
pub(crate) type Results = BTreeMap<(RaceId, ClassId), RaceResult>;

/// One line of the hub's archive: as much of it as is looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recorded {
    race_id: RaceId,
    racer_id: RacerId,
    class_id: ClassId,
    second: RaceSecond,
    cadence: Cadence,
    resistance: Resistance,
    late: bool,
}

/// What a run leaves behind, beside the results.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// The seconds that were acknowledged, and when: one that was sent twice, twice.
    pub(crate) acknowledged: BTreeMap<Key, Vec<Millis>>,
    /// When a broker was killed that may have forgotten what it acknowledged just before.
    pub(crate) forgotten: Vec<Forgotten>,
    /// All that the hub has archived.
    pub(crate) archive: Vec<Recorded>,
    /// The races that are looked at.
    pub(crate) races: BTreeSet<RaceId>,
}

/// How much was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Compared {
    /// Different seconds that were acknowledged to simulated riders.
    pub(crate) acknowledged: usize,
    /// Of these, those that a broker forgot when it was killed at that moment.
    pub(crate) forgotten: usize,
    /// Seconds in the archive.
    pub(crate) recorded: usize,
    /// Of these, those that came after their race's grace.
    pub(crate) late: usize,
    /// Official results.
    pub(crate) results: usize,
    /// Lines of these.
    pub(crate) rides: usize,
    /// Rides of which each second was asked for.
    pub(crate) traces: usize,
}

/// The seconds that were acknowledged, and when, as the simulator wrote them down.
pub(crate) fn acknowledged(file: &Path) -> anyhow::Result<BTreeMap<Key, Vec<Millis>>> {
    let mut keys: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut table = csv::ReaderBuilder::new().has_headers(false).from_path(file)?;
    for line in table.deserialize() {
        let (race, racer, second, at): (RaceId, RacerId, RaceSecond, Millis) =
            line.context("a line of the simulator's receipts")?;
        keys.entry((race, racer, second)).or_default().push(at);
    }
    Ok(keys)
}

/// All that the hub has archived.
pub(crate) fn archived(folder: &Path) -> anyhow::Result<Vec<Recorded>> {
    let mut lines = Vec::new();
    for day in std::fs::read_dir(folder).context("there is no archive")? {
        for file in std::fs::read_dir(day?.path())? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "gz") {
                let reader = BufReader::new(MultiGzDecoder::new(std::fs::File::open(&path)?));
                for line in reader.lines() {
                    let line = line.with_context(|| format!("{} is broken", path.display()))?;
                    lines.push(serde_json::from_str(&line)?);
                }
            }
        }
    }
    Ok(lines)
}

/// All results of these races from the API, once they are official.
pub(crate) async fn official(api: &str, races: &[RaceId], log: &Log) -> anyhow::Result<Results> {
    let mut results = BTreeMap::new();
    for race in races {
        for class in ClassId::all() {
            let path = format!("{api}/api/races/{race}/classes/{class}");
            let Some(result) = ask::<RaceResult>(&path).await? else { continue };
            if result.state != RaceState::Official {
                log.find(format!(
                    "race {race} in class {class} is {:?} and should be official",
                    result.state
                ));
            }
            same_as_csv(&result, &format!("{path}/results.csv"), log).await?;
            results.insert((*race, class), result);
        }
    }
    Ok(results)
}

/// Compares every second of some rides with their results: of all rides, if they are few. Returns how many.
pub(crate) async fn traces(api: &str, results: &Results, log: &Log) -> anyhow::Result<usize> {
    let rides: Vec<_> =
        results.values().flat_map(|result| result.results.iter().map(move |row| (result, row))).collect();
    let every = rides.len().div_ceil(TRACES).max(1);
    let mut asked = 0;
    for (result, row) in rides.into_iter().step_by(every) {
        let (race, class, racer) = (result.race_id, result.class_id, row.racer_id);
        let path = format!("{api}/api/races/{race}/classes/{class}/racers/{racer}");
        let trace: RideTrace = ask(&path).await?.with_context(|| format!("{path} is not there"))?;
        asked += 1;
        let sum = trace.seconds.iter().fold(Score::ZERO, |sum, second| sum + second.output);
        if (trace.score, sum, trace.seconds.len()) != (row.score, row.score, row.seconds.into()) {
            log.find(format!(
                "the ride of {racer} in race {race} has {sum} in {} seconds, its result {} in {}",
                trace.seconds.len(),
                row.score,
                row.seconds
            ));
        }
    }
    Ok(asked)
}

/// Compares the records with the best of all results. The rider at the page is left out: the page rides more races
/// than those that are looked at.
pub(crate) async fn leaders(api: &str, results: &Results, log: &Log) -> anyhow::Result<()> {
    for class in ClassId::all() {
        let mut best: BTreeMap<RacerId, Score> = BTreeMap::new();
        for result in results.values().filter(|result| result.class_id == class) {
            for row in &result.results {
                let score = best.entry(row.racer_id).or_insert(row.score);
                *score = row.score.max(*score);
            }
        }
        let path = format!("{api}/api/leaderboard?classId={class}&limit=1000");
        let board: Leaderboard = ask(&path).await?.context("there is no leaderboard")?;
        let mut shown: BTreeMap<_, _> =
            board.entries.iter().map(|entry| (entry.racer_id, entry.score)).collect();
        if shown.len() != board.entries.len() {
            log.find(format!("the leaderboard of class {class} has a rider twice"));
        }
        for riders in [&mut shown, &mut best] {
            riders.retain(|racer, _| racer.get() != RACER);
        }
        let wrong = shown.iter().filter(|(racer, score)| best.get(racer) != Some(score)).count();
        if wrong > 0 || shown.len() != best.len().min(1_000) {
            log.find(format!(
                "the leaderboard of class {class} has {} riders, {wrong} of them with another score than their best of {}",
                shown.len(), best.len()
            ));
        }
    }
    Ok(())
}

/// Compares what was acknowledged, what was recorded, and the results. Asks nobody.
pub(crate) fn compare(evidence: &Evidence, results: &Results, log: &Log) -> Compared {
    let Evidence { acknowledged, forgotten, archive, races } = evidence;
    let recorded: BTreeSet<Key> = archive.iter().map(Recorded::key).collect();
    let missing = acknowledged.iter().filter(|(key, _)| !recorded.contains(key));
    let is_forgotten = |at: &Millis| forgotten.iter().any(|time| time.contains(at));
    let (excused, lost): (Vec<_>, Vec<_>) = missing.partition(|(_, times)| times.iter().all(is_forgotten));
    if let [((race, racer, second), _), ..] = lost[..] {
        log.find(format!(
            "{} seconds were acknowledged and are not recorded, for example second {second} of racer {racer} in race {race}",
            lost.len()
        ));
    }
    let on_time: Vec<_> = archive.iter().filter(|line| !line.late).collect();
    let counted: BTreeSet<Key> = on_time.iter().map(|line| line.key()).collect();
    if counted.len() != on_time.len() {
        log.find(format!("{} seconds are archived twice", on_time.len() - counted.len()));
    }
    let mut sums: BTreeMap<(RaceId, ClassId), BTreeMap<RacerId, (Score, u16)>> = BTreeMap::new();
    for line in &on_time {
        let ride = sums.entry((line.race_id, line.class_id)).or_default().entry(line.racer_id);
        let (score, seconds) = ride.or_insert((Score::ZERO, 0));
        *score += Output::of(line.cadence, line.resistance);
        *seconds += 1;
    }
    let ranked: BTreeSet<_> = sums.keys().copied().collect();
    for (at @ (race, class), result) in results {
        let rows: BTreeMap<_, _> =
            result.results.iter().map(|row| (row.racer_id, (row.score, row.seconds))).collect();
        if rows.len() != result.results.len() {
            log.find(format!("race {race} in class {class} has a rider twice"));
        }
        let ranks = result.results.iter().zip(1..).all(|(row, rank)| row.rank == rank);
        let falls = result.results.windows(2).all(|pair| pair[0].score >= pair[1].score);
        if !ranks || !falls {
            log.find(format!("race {race} in class {class} is out of order"));
        }
        let sums = sums.remove(at).unwrap_or_default();
        let differ = sums.iter().filter(|(racer, sum)| rows.get(racer) != Some(sum)).count();
        if differ > 0 || rows.len() != sums.len() {
            log.find(format!(
                "race {race} in class {class}: {differ} of {} riders have another result than their messages",
                sums.len()
            ));
        }
    }
    // What was ridden on the way in or out of the races that are looked at is nobody's business.
    for (race, class) in sums.keys().filter(|(race, _)| races.contains(race)) {
        log.find(format!("race {race} in class {class} is archived and has no result"));
    }
    // By its clock the hub is right; but then something between the riders and it is too slow.
    let late: BTreeSet<_> = archive.iter().map(|line| (line.race_id, line.class_id)).collect();
    for (race, class) in late.iter().filter(|at| races.contains(&at.0) && !ranked.contains(at)) {
        log.find(format!("everything that was ridden in race {race} in class {class} came after its grace"));
    }
    Compared {
        acknowledged: acknowledged.len(),
        forgotten: excused.len(),
        recorded: archive.len(),
        late: archive.len() - on_time.len(),
        results: results.len(),
        rides: results.values().map(|result| result.results.len()).sum(),
        traces: 0,
    }
}

/// No board has shown more than a result has. `shaken` are the races in which the hub lost its memory: riders
/// send again what was not acknowledged, but it may come too late.
pub(crate) fn boards(seen: &Seen, results: &Results, shaken: &BTreeSet<RaceId>, log: &Log) {
    for ((race, class), last) in &seen.last {
        let Some(result) = results.get(&(*race, *class)).filter(|_| !shaken.contains(race)) else { continue };
        for (racer, score) in last {
            let row = result.results.iter().find(|row| row.racer_id == *racer);
            if row.is_none_or(|row| row.score < *score) {
                log.find(format!(
                    "the board of race {race} in class {class} had {racer} at {score}, the result has {:?}",
                    row.map(|row| row.score.to_string())
                ));
            }
        }
    }
}

async fn same_as_csv(result: &RaceResult, url: &str, log: &Log) -> anyhow::Result<()> {
    let text = reqwest::get(url).await?.error_for_status()?.text().await?;
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for line in table.records() {
        let line = line?;
        lines.push([0, 1, 3, 5].map(|column| line.get(column).unwrap_or_default().to_owned()));
    }
    let rows: Vec<_> = result
        .results
        .iter()
        .map(|row| {
            [row.rank.to_string(), row.racer_id.to_string(), row.score.to_string(), row.seconds.to_string()]
        })
        .collect();
    if lines != rows {
        log.find(format!("{url} is not what the API says"));
    }
    Ok(())
}

async fn ask<T: DeserializeOwned>(url: &str) -> anyhow::Result<Option<T>> {
    let answer = reqwest::get(url).await?;
    if answer.status() == reqwest::StatusCode::NOT_FOUND {
        return Ok(None);
    }
    ensure!(answer.status().is_success(), "{url} is answered by {}", answer.status());
    Ok(Some(answer.json().await?))
}

impl Recorded {
    fn key(&self) -> Key {
        (self.race_id, self.racer_id, self.second)
    }
}

/// How many rides are looked at second by second.
const TRACES: usize = 500;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn archive() -> Vec<Recorded> {
        // 100 points a second.
        let line = |racer: u64, second: u64, late: bool| {
            serde_json::from_value(json!({
                "raceId": 1_000, "racerId": racer, "classId": 1, "second": second,
                "cadence": 65.0, "resistance": 35.0, "late": late,
            }))
            .unwrap()
        };
        vec![line(7, 1, false), line(7, 2, false), line(8, 1, false), line(8, 2, true)]
    }

    fn results(rows: &[(u64, f64, u16)]) -> Results {
        let rows: Vec<_> = (1..).zip(rows).map(|(rank, (racer, score, seconds))| {
            json!({ "rank": rank, "racerId": racer, "name": "Ann", "score": score, "best": 100.0, "seconds": seconds })
        }).collect();
        let result: RaceResult = serde_json::from_value(
            json!({ "raceId": 1_000, "classId": 1, "state": "official", "results": rows }),
        )
        .unwrap();
        BTreeMap::from([((result.race_id, result.class_id), result)])
    }

    fn found(acknowledged: &[(u64, u64)], archive: &[Recorded], rows: &[(u64, f64, u16)]) -> Vec<String> {
        judged(acknowledged, &[], archive, &results(rows)).1
    }

    /// Second `n` was acknowledged at `n` ms.
    fn judged(
        acknowledged: &[(u64, u64)],
        forgotten: &[Forgotten],
        archive: &[Recorded],
        results: &Results,
    ) -> (Compared, Vec<String>) {
        let log = Log::new();
        let key = |(racer, second): &(u64, u64)| {
            let key =
                (1_000.try_into().unwrap(), (*racer).try_into().unwrap(), (*second).try_into().unwrap());
            (key, vec![*second])
        };
        let evidence = Evidence {
            acknowledged: acknowledged.iter().map(key).collect(),
            forgotten: forgotten.to_vec(),
            archive: archive.to_vec(),
            races: [1_000.try_into().unwrap()].into(),
        };
        (compare(&evidence, results, &log), log.findings())
    }

    #[test]
    fn what_holds_is_not_found() {
        assert_eq!(found(&[(7, 1), (7, 2), (8, 2)], &archive(), &[(7, 200.0, 2), (8, 100.0, 1)]), [""; 0]);
    }

    #[test]
    fn a_killed_broker_is_excused_for_the_moment_before_and_for_nothing_else() {
        let (archive, results) = (archive(), results(&[(7, 200.0, 2), (8, 100.0, 1)]));
        let acknowledged = [(7, 2), (7, 30), (7, 40)];
        let (compared, findings) = judged(&acknowledged, &[25..=45], &archive, &results);
        assert_eq!((compared.forgotten, findings.len()), (2, 0), "{findings:?}");
        let (compared, findings) = judged(&acknowledged, &[35..=45], &archive, &results);
        assert!(compared.forgotten == 1 && findings[0].contains("second 30 of racer 7"), "{findings:?}");
    }

    #[test]
    fn a_class_that_came_too_late_as_a_whole_is_found() {
        let late: Vec<_> = archive().into_iter().map(|line| Recorded { late: true, ..line }).collect();
        let (_, findings) = judged(&[(7, 1)], &[], &late, &Results::new());
        assert!(matches!(&findings[..], [only] if only.contains("after its grace")), "{findings:?}");
    }

    #[test]
    fn whatever_does_not_hold_is_found() {
        let good = [(7, 200.0, 2), (8, 100.0, 1)];
        let one = |found: Vec<String>, what: &str| {
            assert!(matches!(&found[..], [only] if only.contains(what)), "{found:?}");
        };
        one(found(&[(7, 3)], &archive(), &good), "second 3 of racer 7");
        one(
            found(&[], &[archive(), vec![archive()[0].clone()]].concat(), &[(7, 300.0, 3), (8, 100.0, 1)]),
            "archived twice",
        );
        one(found(&[], &archive(), &[(7, 100.0, 1), (8, 100.0, 1)]), "another result");
        one(found(&[], &archive(), &[(8, 100.0, 1), (7, 200.0, 2)]), "out of order");
        one(found(&[], &archive(), &[good[0], good[0], good[1]]), "twice");
    }
}
