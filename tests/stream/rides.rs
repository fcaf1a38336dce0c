//! A race as simulated riders ride it, and its result by the shared rules alone.

use std::time::{SystemTime, UNIX_EPOCH};

use alleycat_shared::message::{Event, RaceMessage};
use alleycat_shared::race::{Race, RaceClock, Standing};
use alleycat_shared::{ClassId, Millis, RaceId, RacerName};
use alleycat_sim::RiderModel;
use anyhow::Context;
use uuid::Uuid;

/// All riders of one race in one class. Racer ids are 1 and up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rides {
    pub(crate) clock: RaceClock,
    pub(crate) race: RaceId,
    pub(crate) riders: u16,
}

/// A line of a result: rank, racer id, score, best second, seconds that counted.
pub(crate) type Row = (u32, u32, String, String, u16);

/// The class that is ridden in.
pub(crate) const CLASS: u64 = 1;
/// What the riders' form of the day comes from.
pub(crate) const SEED: u64 = 1;

impl Rides {
    /// The race before the one that runs: all its seconds have been, and may be told at once while its grace
    /// lasts.
    pub(crate) fn of_last_race(race_seconds: u16, riders: u16) -> anyhow::Result<Self> {
        let clock = RaceClock::new(race_seconds).context("a race's length")?;
        let race = clock.at(now()?).race_id.get() - 1;
        Ok(Self { clock, race: race.try_into()?, riders })
    }

    /// All messages of these seconds, second by second.
    pub(crate) fn messages(self, seconds: impl Iterator<Item = u16>) -> anyhow::Result<Vec<RaceMessage>> {
        let mut messages = Vec::new();
        for second in seconds {
            for racer in 1..=self.riders {
                messages.push(self.message(racer, second)?);
            }
        }
        Ok(messages)
    }

    /// All seconds of the race.
    pub(crate) fn seconds(self) -> std::ops::RangeInclusive<u16> {
        1..=self.clock.seconds()
    }

    /// The race before anybody rides.
    pub(crate) fn nobody(self) -> anyhow::Result<Race> {
        Ok(Race::new(CLASS.try_into()?, self.race, self.clock))
    }

    /// What the race comes to.
    pub(crate) fn result(self) -> anyhow::Result<Vec<Row>> {
        let mut race = self.nobody()?;
        for message in self.messages(self.seconds())? {
            race.take(&message, self.clock.end(self.race))?;
        }
        Ok(self.rows(&race))
    }

    /// What a race has come to.
    pub(crate) fn rows(self, race: &Race) -> Vec<Row> {
        let row = |standing: &Standing<'_>| {
            let ride = standing.ride;
            let (score, best) = (standing.score.to_string(), ride.best().to_string());
            (standing.rank, standing.racer_id.get(), score, best, ride.seconds())
        };
        race.standings(self.clock.end(self.race)).iter().map(row).collect()
    }

    fn message(self, racer: u16, second: u16) -> anyhow::Result<RaceMessage> {
        let id = u64::from(racer).try_into()?;
        let last = self.clock.seconds();
        let model = RiderModel::new(id, self.race, SEED);
        let (cadence, resistance) = model.at(f64::from(second) / f64::from(last));
        let trace = u128::from(self.race.get()) << 64 | u128::from(racer) << 32 | u128::from(second);
        Ok(RaceMessage {
            uuid: Uuid::from_u128(trace),
            event: if second == last { Event::Final } else { Event::Update },
            device_timestamp: self.clock.second_starts(self.race, u64::from(second).try_into()?),
            second: u64::from(second).try_into()?,
            race_id: self.race,
            name: RacerName::new(&format!("Rider {racer}"))?,
            racer_id: id,
            class_id: ClassId::try_from(CLASS)?,
            cadence,
            resistance,
        })
    }
}

/// This machine's clock.
pub(crate) fn now() -> anyhow::Result<Millis> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis().try_into()?)
}
