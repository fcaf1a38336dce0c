//! What is asked of the store: what is left to replay, results, rides, records, seats.

use alleycat_shared::api::{HistoryEntry, RaceEntry, RaceResult, RaceState, ResultRow, Verdict};
use alleycat_shared::plausible::Flags;
use alleycat_shared::race::{Ridden, Ride};
use alleycat_shared::{ClassId, Millis, Output, RaceId, RaceSecond, RacerId, RacerName, Score};
use rusqlite::{OptionalExtension, Row};

use super::schema::{CLOSED_BEFORE, meta};
use super::{DeletionRow, Record, SeatRow, Store, StoreError, VerdictRow};

/// A racer's best official ride in a class.
pub(crate) struct Best {
    pub(crate) class: ClassId,
    pub(crate) racer: RacerId,
    pub(crate) race: RaceId,
    pub(crate) ride: Ride,
}

impl Store {
    /// Races before this one are official.
    pub(crate) fn closed_before(&self) -> Result<Option<RaceId>, StoreError> {
        meta(&self.reader(), CLOSED_BEFORE)?.map(|id| valid(id.cast_unsigned(), "race id")).transpose()
    }

    /// Hands out every message of the journal, oldest first, from batches that reach `from` or later, up
    /// to a batch.
    pub(crate) fn replay(
        &self,
        from: Option<RaceId>,
        until: Option<i64>,
        mut each: impl FnMut(Record),
    ) -> Result<(), StoreError> {
        let db = self.reader();
        let mut select =
            db.prepare("SELECT id, records FROM batch WHERE race >= ?1 AND id <= ?2 ORDER BY id")?;
        let mut rows = select.query((from.map_or(0, RaceId::get), until.unwrap_or(i64::MAX)))?;
        while let Some(row) = rows.next()? {
            let mut bytes = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            loop {
                match Record::read(&mut bytes) {
                    Ok(Some(record)) => each(record),
                    Ok(None) => break,
                    Err(error) => {
                        let id: i64 = row.get(0)?;
                        return Err(StoreError::Damaged(format!("batch {id}: {error}")));
                    }
                }
            }
        }
        Ok(())
    }

    /// Official races of a class, newest first, older than `before`.
    pub(crate) fn races(
        &self,
        class: ClassId,
        before: Option<RaceId>,
        limit: usize,
    ) -> Result<Vec<RaceEntry>, StoreError> {
        let db = self.reader();
        let mut select = db.prepare_cached(
            "SELECT race, riders FROM race WHERE class = ?1 AND race < ?2 ORDER BY race DESC LIMIT ?3",
        )?;
        let before = before.map_or(i64::MAX, |race| race.get().cast_signed());
        let mut rows = select.query((class.get(), before, limit))?;
        let mut races = Vec::new();
        while let Some(row) = rows.next()? {
            let race_id = valid(row.get::<_, u64>(0)?, "race id")?;
            races.push(RaceEntry {
                race_id,
                class_id: class,
                state: RaceState::Official,
                riders: row.get(1)?,
            });
        }
        Ok(races)
    }

    /// An official result.
    pub(crate) fn result(&self, race: RaceId, class: ClassId) -> Result<Option<RaceResult>, StoreError> {
        let db = self.reader();
        let mut select = db.prepare_cached(
            "SELECT racer, name, score, best, seconds, flags, name, CASE WHEN flags IS NULL THEN ridden END
             FROM ride WHERE race = ?1 AND class = ?2 ORDER BY rank",
        )?;
        let mut rows = select.query((race.get(), class.get()))?;
        let (mut results, mut ranks) = (Vec::new(), 1..);
        while let Some(row) = rows.next()? {
            results.push(ResultRow {
                // Counted, for those behind a ride that was deleted have moved up.
                rank: ranks.next().unwrap_or(u32::MAX),
                racer_id: valid(row.get::<_, u64>(0)?, "racer id")?,
                name: name(row, 1)?,
                score: Score::from_ten_thousandths(row.get(2)?),
                best: Output::from_ten_thousandths(row.get(3)?),
                seconds: row.get(4)?,
                flags: match row.get::<_, Option<u8>>(5)? {
                    Some(bits) => Flags::from_bits(bits),
                    None => ride(row, 6)?.flags(),
                },
                cleared: false,
            });
        }
        let result = RaceResult {
            race_id: race,
            class_id: class,
            state: RaceState::Official,
            results,
            disqualified: Vec::new(),
        };
        Ok((!result.results.is_empty()).then_some(result))
    }

    /// A racer's official ride in a race, second by second.
    pub(crate) fn ride(
        &self,
        race: RaceId,
        class: ClassId,
        racer: RacerId,
    ) -> Result<Option<Ride>, StoreError> {
        let db = self.reader();
        let mut select =
            db.prepare_cached("SELECT name, ridden FROM ride WHERE race = ?1 AND class = ?2 AND racer = ?3")?;
        let found =
            select.query_row((race.get(), class.get(), racer.get()), |row| Ok(ride(row, 0))).optional()?;
        found.transpose()
    }

    /// The rides of a racer in all classes, newest first, older than `before`.
    pub(crate) fn history(
        &self,
        racer: RacerId,
        before: Option<RaceId>,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        let db = self.reader();
        let mut select = db.prepare_cached(
            "SELECT ride.race, ride.class, ride.name,
                rank - (SELECT count(*) FROM verdict JOIN ride AS better USING (race, class, racer)
                    WHERE disqualified AND race = ride.race AND class = ride.class AND better.rank < ride.rank)
                - (SELECT count(*) FROM gone
                    WHERE gone.race = ride.race AND gone.class = ride.class AND gone.rank < ride.rank),
                riders, score, best, seconds, ifnull(disqualified, 0)
             FROM ride JOIN race USING (race, class) LEFT JOIN verdict USING (race, class, racer)
             WHERE ride.racer = ?1 AND ride.race < ?2 ORDER BY ride.race DESC, ride.class LIMIT ?3",
        )?;
        let before = before.map_or(i64::MAX, |race| race.get().cast_signed());
        let mut rows = select.query((racer.get(), before, limit))?;
        let mut rides = Vec::new();
        while let Some(row) = rows.next()? {
            rides.push(HistoryEntry {
                race_id: valid(row.get::<_, u64>(0)?, "race id")?,
                class_id: valid(row.get::<_, u64>(1)?, "class id")?,
                name: name(row, 2)?,
                rank: row.get(3)?,
                riders: row.get(4)?,
                score: Score::from_ten_thousandths(row.get(5)?),
                best: Output::from_ten_thousandths(row.get(6)?),
                seconds: row.get(7)?,
                disqualified: row.get(8)?,
            });
        }
        Ok(rides)
    }

    /// All rides of a race in a class, in no order.
    pub(crate) fn rides(&self, race: RaceId, class: ClassId) -> Result<Vec<(RacerId, Ride)>, StoreError> {
        let db = self.reader();
        let mut select =
            db.prepare_cached("SELECT racer, name, ridden FROM ride WHERE race = ?1 AND class = ?2")?;
        let mut rows = select.query((race.get(), class.get()))?;
        let mut rides = Vec::new();
        while let Some(row) = rows.next()? {
            rides.push((valid(row.get::<_, u64>(0)?, "racer id")?, ride(row, 1)?));
        }
        Ok(rides)
    }

    /// Whose rides were deleted, and up to which race.
    pub(crate) fn deletions(&self) -> Result<Vec<DeletionRow>, StoreError> {
        let db = self.reader();
        let mut select = db.prepare("SELECT racer, race FROM deleted")?;
        let mut rows = select.query(())?;
        let mut deletions = Vec::new();
        while let Some(row) = rows.next()? {
            let racer = valid(row.get::<_, u64>(0)?, "racer id")?;
            deletions.push(DeletionRow { racer, race: valid(row.get::<_, u64>(1)?, "race id")? });
        }
        Ok(deletions)
    }

    /// Who wants to be named on the all-time boards.
    pub(crate) fn named(&self) -> Result<Vec<RacerId>, StoreError> {
        let db = self.reader();
        let mut select = db.prepare("SELECT racer FROM named")?;
        let mut rows = select.query(())?;
        let mut named = Vec::new();
        while let Some(row) = rows.next()? {
            named.push(valid(row.get::<_, u64>(0)?, "racer id")?);
        }
        Ok(named)
    }

    /// All verdicts of the host.
    pub(crate) fn verdicts(&self) -> Result<Vec<VerdictRow>, StoreError> {
        let db = self.reader();
        let mut select = db.prepare("SELECT race, class, racer, disqualified FROM verdict")?;
        let mut rows = select.query(())?;
        let mut verdicts = Vec::new();
        while let Some(row) = rows.next()? {
            verdicts.push(VerdictRow {
                race: valid(row.get::<_, u64>(0)?, "race id")?,
                class: valid(row.get::<_, u64>(1)?, "class id")?,
                racer: valid(row.get::<_, u64>(2)?, "racer id")?,
                verdict: Some(if row.get(3)? { Verdict::Disqualified } else { Verdict::Cleared }),
            });
        }
        Ok(verdicts)
    }

    /// Records with their traces: all of them, or one racer's.
    pub(crate) fn records(&self, racer: Option<RacerId>) -> Result<Vec<Best>, StoreError> {
        let db = self.reader();
        let mut select = db.prepare(
            "SELECT record.class, record.racer, record.race, ride.name, ride.ridden
             FROM record JOIN ride USING (race, class, racer) WHERE ?1 IS NULL OR record.racer = ?1",
        )?;
        let mut rows = select.query([racer.map(RacerId::get)])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            records.push(Best {
                class: valid(row.get::<_, u64>(0)?, "class id")?,
                racer: valid(row.get::<_, u64>(1)?, "racer id")?,
                race: valid(row.get::<_, u64>(2)?, "race id")?,
                ride: ride(row, 3)?,
            });
        }
        Ok(records)
    }

    /// Seats whose token is good after `now`.
    pub(crate) fn seats(&self, now: Millis) -> Result<Vec<SeatRow>, StoreError> {
        let db = self.reader();
        let mut select = db.prepare("SELECT racer, nonce, name, expires FROM seat WHERE expires > ?1")?;
        let mut rows = select.query([now])?;
        let mut seats = Vec::new();
        while let Some(row) = rows.next()? {
            seats.push(SeatRow {
                racer: valid(row.get::<_, u64>(0)?, "racer id")?,
                nonce: row.get::<_, i64>(1)?.cast_unsigned(),
                name: name(row, 2)?,
                expires: row.get(3)?,
            });
        }
        Ok(seats)
    }
}

fn name(row: &Row<'_>, column: usize) -> Result<RacerName, StoreError> {
    let text: String = row.get(column)?;
    RacerName::new(&text).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// The ride whose name is in a column and whose seconds are in the one after it.
fn ride(row: &Row<'_>, column: usize) -> Result<Ride, StoreError> {
    let mut ride = Ride::new(name(row, column)?, 0);
    let bytes = row.get_ref(column + 1)?.as_blob().map_err(rusqlite::Error::from)?;
    let (seconds, []) = bytes.as_chunks::<8>() else {
        return Err(StoreError::Damaged("a ride ends in the middle of a second".to_owned()));
    };
    for (number, second) in (RaceSecond::MIN..).zip(seconds) {
        let [a, b, c, d, cadence @ .., e, f] = *second;
        let output = u32::from_le_bytes([a, b, c, d]);
        if output != u32::MAX {
            let ridden = Ridden {
                output: Output::from_ten_thousandths(output),
                cadence_hundredths: u16::from_le_bytes(cadence),
                resistance_hundredths: u16::from_le_bytes([e, f]),
            };
            ride.count(valid(number, "second")?, ridden);
        }
    }
    Ok(ride)
}

fn valid<T: TryFrom<u64, Error: std::fmt::Display>>(value: u64, what: &str) -> Result<T, StoreError> {
    value.try_into().map_err(|error| StoreError::Damaged(format!("{what}: {error}")))
}
