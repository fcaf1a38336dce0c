//! The one way into the store: a commit of all that came since the last one.

use std::collections::HashMap;

use alleycat_shared::api::{RaceResult, ResultRow, Verdict};
use alleycat_shared::race::Ride;
use alleycat_shared::{ClassId, Millis, RaceId, RacerId, RacerName, Score};
use rusqlite::Transaction;

use super::Store;
use super::outbox::{StreamMark, write_marks, write_outbox};
use super::schema::{ARCHIVED, CLOSED_BEFORE, JOURNAL_FROM, meta, set_meta};

/// What is written in one go.
#[derive(Default)]
pub(crate) struct Batch {
    /// Encoded records of the journal.
    pub(crate) records: Vec<u8>,
    /// The newest race among them.
    pub(crate) race: Option<RaceId>,
    pub(crate) officials: Vec<std::sync::Arc<Official>>,
    /// Of each racer the last one: a disk that fails for hours gathers no more than there are racers.
    pub(crate) seats: HashMap<RacerId, SeatRow>,
    pub(crate) verdicts: Vec<VerdictRow>,
    pub(crate) deletions: Vec<DeletionRow>,
    /// Who wants to be named on the all-time boards, and who does not any more: what was said last.
    pub(crate) named: HashMap<RacerId, bool>,
    /// Messages for the outbox, encoded.
    pub(crate) outgoing: Vec<u8>,
    /// Rows of the outbox that everybody is done with.
    pub(crate) delivered: Vec<i64>,
    /// How far a stream was read: the messages before are in this batch, or in one before it.
    pub(crate) marks: Vec<StreamMark>,
}

/// An official result with the rides that made it.
#[derive(Debug)]
pub(crate) struct Official {
    pub(crate) result: RaceResult,
    /// In order of rank, as the result's rows.
    pub(crate) rides: Vec<Ride>,
}

/// A racer id that somebody has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SeatRow {
    pub(crate) racer: RacerId,
    pub(crate) nonce: u64,
    pub(crate) name: RacerName,
    pub(crate) expires: Millis,
}

/// What the host says of a ride, or takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VerdictRow {
    pub(crate) race: RaceId,
    pub(crate) class: ClassId,
    pub(crate) racer: RacerId,
    pub(crate) verdict: Option<Verdict>,
}

/// A racer's rides are to be gone, up to and including those of a race.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DeletionRow {
    pub(crate) racer: RacerId,
    pub(crate) race: RaceId,
}

/// What may be forgotten.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keep {
    /// Messages of races before this one.
    pub(crate) journal_from: RaceId,
    /// Never messages that are not in the archive yet.
    pub(crate) archiving: bool,
    /// Results and rides of races before this one; never the rides of records.
    pub(crate) rides_from: RaceId,
    /// Seats whose token had expired by then.
    pub(crate) seats_from: Millis,
}

impl Store {
    /// Writes a batch. It is on the disk when this returns, or nothing of it is.
    pub(crate) fn commit(&self, batch: &Batch) -> rusqlite::Result<()> {
        let mut db = self.writer();
        let change = db.transaction()?;
        if let Some(race) = batch.race {
            change.prepare_cached(NEW_BATCH)?.execute((race.get(), &batch.records))?;
        }
        for official in &batch.officials {
            write_official(&change, official)?;
        }
        for seat in batch.seats.values() {
            change.prepare_cached("INSERT OR REPLACE INTO seat VALUES (?1, ?2, ?3, ?4)")?.execute((
                seat.racer.get(),
                seat.nonce.cast_signed(),
                seat.name.as_str(),
                seat.expires,
            ))?;
        }
        // After the officials: a ride may be disqualified in the commit that makes it official.
        for verdict in &batch.verdicts {
            write_verdict(&change, verdict)?;
        }
        // After all that could bring a ride or a record back.
        for deletion in &batch.deletions {
            write_deletion(&change, deletion)?;
        }
        for (racer, named) in &batch.named {
            let sql = if *named {
                "INSERT OR IGNORE INTO named VALUES (?1)"
            } else {
                "DELETE FROM named WHERE racer = ?1"
            };
            change.prepare_cached(sql)?.execute([racer.get()])?;
        }
        write_outbox(&change, &batch.outgoing, &batch.delivered)?;
        write_marks(&change, &batch.marks)?;
        change.commit()
    }

    /// Forgets some of what may be forgotten and gives its room back. Bounded, so that nobody waits long;
    /// returns whether there is more.
    pub(crate) fn forget(&self, keep: &Keep) -> rusqlite::Result<bool> {
        let mut db = self.writer();
        let change = db.transaction()?;
        let archived = if keep.archiving { meta(&change, ARCHIVED)?.unwrap_or(0) } else { i64::MAX };
        let mut forgotten = 0;
        forgotten += change
            .prepare_cached(
                "DELETE FROM batch WHERE id IN (
                    SELECT id FROM batch WHERE race < ?1 AND id <= ?3 ORDER BY race LIMIT ?2)",
            )?
            .execute((keep.journal_from.get(), AT_ONCE, archived))?;
        forgotten += change
            .prepare_cached(
                "DELETE FROM ride WHERE rowid IN (
                    SELECT rowid FROM ride WHERE race < ?1 AND NOT EXISTS (
                        SELECT 1 FROM record
                        WHERE record.class = ride.class AND record.racer = ride.racer AND record.race = ride.race
                    ) LIMIT ?2)",
            )?
            .execute((keep.rides_from.get(), AT_ONCE))?;
        forgotten += change
            .prepare_cached(
                "DELETE FROM seat WHERE racer IN (SELECT racer FROM seat WHERE expires < ?1 LIMIT ?2)",
            )?
            .execute((keep.seats_from, AT_ONCE))?;
        forgotten += change
            .prepare_cached(
                "DELETE FROM race WHERE race < ?1 AND NOT EXISTS (
                    SELECT 1 FROM ride WHERE ride.race = race.race AND ride.class = race.class)",
            )?
            .execute([keep.rides_from.get()])?;
        change
            .prepare_cached(
                "DELETE FROM verdict WHERE race < ?1 AND NOT EXISTS (
                    SELECT 1 FROM ride WHERE ride.race = verdict.race AND ride.class = verdict.class)",
            )?
            .execute([keep.rides_from.get()])?;
        change
            .prepare_cached(
                "DELETE FROM gone WHERE race < ?1 AND NOT EXISTS (
                    SELECT 1 FROM ride WHERE ride.race = gone.race AND ride.class = gone.class)",
            )?
            .execute([keep.rides_from.get()])?;
        // Whom the journal does not name any more, this need not either.
        change
            .prepare_cached(
                "DELETE FROM deleted WHERE race < ?1 AND NOT EXISTS (SELECT 1 FROM batch WHERE race < ?1)",
            )?
            .execute([keep.journal_from.get()])?;
        // What was forgotten once does not come back when more is to be kept from now on.
        let from = keep.journal_from.max(keep.rides_from).get().cast_signed();
        let before = meta(&change, JOURNAL_FROM)?.unwrap_or(0);
        set_meta(&change, JOURNAL_FROM, from.max(before))?;
        change.commit()?;
        // Each step gives one page back.
        db.prepare_cached("PRAGMA incremental_vacuum(2048)")?.query_map((), |_| Ok(()))?.for_each(drop);
        Ok(forgotten > 0)
    }
}

fn write_official(change: &Transaction<'_>, official: &Official) -> rusqlite::Result<()> {
    let RaceResult { race_id, class_id, results, .. } = &official.result;
    let (race, class) = (race_id.get(), class_id.get());
    change
        .prepare_cached(
            "INSERT OR REPLACE INTO race VALUES (?1, ?2, ?3, (SELECT ifnull(max(id), 0) FROM batch))",
        )?
        .execute((class, race, results.len()))?;
    for (row, ride) in results.iter().zip(&official.rides) {
        let ResultRow { rank, racer_id, name, score, best, seconds, flags, .. } = row;
        let (racer, score_count) = (racer_id.get(), score.ten_thousandths());
        change
            .prepare_cached("INSERT OR REPLACE INTO ride VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?
            .execute((
                race,
                class,
                racer,
                name.as_str(),
                rank,
                score_count,
                best.ten_thousandths(),
                seconds,
                pack(ride),
                flags.bits(),
            ))?;
        if *score > Score::ZERO {
            change
                .prepare_cached(
                    "INSERT INTO record SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS (
                        SELECT 1 FROM verdict WHERE race = ?3 AND class = ?1 AND racer = ?2 AND disqualified
                     ) ON CONFLICT (class, racer) DO UPDATE
                     SET race = excluded.race, score = excluded.score WHERE excluded.score > score",
                )?
                .execute((class, racer, race, score_count))?;
        }
    }
    set_meta(change, CLOSED_BEFORE, (race + 1).cast_signed())
}

/// Keeps a verdict, and makes the racer's record the best ride that is left.
fn write_verdict(change: &Transaction<'_>, row: &VerdictRow) -> rusqlite::Result<()> {
    let ride = (row.race.get(), row.class.get(), row.racer.get());
    change
        .prepare_cached("DELETE FROM verdict WHERE race = ?1 AND class = ?2 AND racer = ?3")?
        .execute(ride)?;
    if let Some(verdict) = row.verdict {
        let (race, class, racer) = ride;
        change.prepare_cached("INSERT INTO verdict VALUES (?1, ?2, ?3, ?4)")?.execute((
            race,
            class,
            racer,
            verdict == Verdict::Disqualified,
        ))?;
    }
    let of = (row.class.get(), row.racer.get());
    change.prepare_cached("DELETE FROM record WHERE class = ?1 AND racer = ?2")?.execute(of)?;
    change
        .prepare_cached(
            "INSERT INTO record SELECT class, racer, race, score FROM ride
             WHERE class = ?1 AND racer = ?2 AND score > 0 AND NOT EXISTS (
                SELECT 1 FROM verdict WHERE verdict.race = ride.race AND verdict.class = ride.class
                AND verdict.racer = ride.racer AND disqualified
             ) ORDER BY score DESC, race LIMIT 1",
        )?
        .execute(of)
        .map(drop)
}

/// Takes a racer's rides away, with all that hangs on them. Those behind move up.
fn write_deletion(change: &Transaction<'_>, row: &DeletionRow) -> rusqlite::Result<()> {
    let of = (row.racer.get(), row.race.get());
    for sql in [
        "INSERT OR IGNORE INTO gone SELECT race, class, rank FROM ride WHERE racer = ?1 AND race <= ?2",
        "UPDATE race SET riders = riders - 1
         WHERE (class, race) IN (SELECT class, race FROM ride WHERE racer = ?1 AND race <= ?2)",
        "DELETE FROM race WHERE riders <= 0
         AND (class, race) IN (SELECT class, race FROM ride WHERE racer = ?1 AND race <= ?2)",
        "DELETE FROM verdict WHERE racer = ?1 AND race <= ?2",
        "DELETE FROM record WHERE racer = ?1 AND race <= ?2",
        "DELETE FROM ride WHERE racer = ?1 AND race <= ?2",
        "INSERT INTO deleted VALUES (?1, ?2) ON CONFLICT (racer) DO UPDATE SET race = max(race, excluded.race)",
    ] {
        change.prepare_cached(sql)?.execute(of)?;
    }
    Ok(())
}

/// A ride's seconds, 8 bytes each.
fn pack(ride: &Ride) -> Vec<u8> {
    let mut out = Vec::with_capacity(ride.ridden().len() * 8);
    for second in ride.ridden() {
        let (output, cadence, resistance) = second.map_or((u32::MAX, 0, 0), |ridden| {
            (ridden.output.ten_thousandths(), ridden.cadence_hundredths, ridden.resistance_hundredths)
        });
        out.extend(output.to_le_bytes());
        out.extend(cadence.to_le_bytes());
        out.extend(resistance.to_le_bytes());
    }
    out
}

/// Ids only grow, also when all batches are forgotten: the archive goes by them.
const NEW_BATCH: &str = "INSERT INTO batch (id, race, records) SELECT 1 + max(
    (SELECT ifnull(max(id), 0) FROM batch),
    (SELECT ifnull(max(value), 0) FROM meta WHERE key = 'archived')), ?1, ?2";

/// How many lines of a table are forgotten in one go.
const AT_ONCE: u32 = 2_000;
