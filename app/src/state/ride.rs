//! The rider's own race: which seconds were sent, and what they add up to.

use alleycat_shared::message::{Event, RaceMessage};
use alleycat_shared::race::{RaceClock, RaceMoment};
use alleycat_shared::time::ClockOffset;
use alleycat_shared::{Cadence, ClassId, Millis, Output, RaceId, RaceSecond, Resistance, Score};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Rider;

/// One race of the rider at this page. It is kept across a reload, so that the race goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ride {
    /// The race.
    pub race: RaceId,
    /// The class.
    pub class: ClassId,
    /// Who rides.
    pub rider: Rider,
    pub(super) score: Score,
    pub(super) sent: u16,
    pub(super) last: Option<RaceSecond>,
    /// What each second put out that was sent.
    #[serde(default)]
    pub(super) outputs: Vec<(u16, Output)>,
    /// How many seconds of the race were over when the rider joined.
    #[serde(default)]
    pub(super) missed: u16,
    /// The hub's clock as it was known: after a reload the race goes on before the hub has answered.
    #[serde(default)]
    pub(super) clock: Option<ClockOffset>,
    /// Whether the rider came with a phone: this device forgets who it was.
    #[serde(default)]
    pub(super) guest: bool,
}

impl Ride {
    /// A ride without a second.
    pub fn new(race: RaceId, class: ClassId, rider: Rider) -> Self {
        Self {
            race,
            class,
            rider,
            score: Score::ZERO,
            sent: 0,
            last: None,
            outputs: Vec::new(),
            missed: 0,
            clock: None,
            guest: false,
        }
    }

    /// The message of the second that `moment` lies in, unless it was sent before or is of another race.
    /// The sum of what is handed out here is the score.
    ///
    /// The uuid is nil: the sender, who has randomness, fills it in.
    pub fn second(
        &mut self,
        clock: RaceClock,
        moment: RaceMoment,
        device_timestamp: Millis,
        (cadence, resistance): (Cadence, Resistance),
    ) -> Option<RaceMessage> {
        if moment.race_id != self.race || self.last.is_some_and(|last| last >= moment.second) {
            return None;
        }
        let (cadence, resistance) = (cadence.to_tenth(), resistance.to_tenth());
        self.last = Some(moment.second);
        self.sent = self.sent.saturating_add(1);
        let output = Output::of(cadence, resistance);
        self.score += output;
        self.outputs.push((moment.second.get(), output));
        Some(RaceMessage {
            uuid: Uuid::nil(),
            event: if moment.second == clock.last_second() { Event::Final } else { Event::Update },
            device_timestamp,
            second: moment.second,
            race_id: self.race,
            name: self.rider.name.clone(),
            racer_id: self.rider.racer,
            class_id: self.class,
            cadence,
            resistance,
        })
    }

    /// The sum of the outputs that were sent.
    pub fn score(&self) -> Score {
        self.score
    }

    /// How many seconds were sent.
    pub fn sent(&self) -> u16 {
        self.sent
    }
}

#[cfg(test)]
mod tests {
    use alleycat_shared::{RacerId, names};

    use super::*;

    fn ride() -> (RaceClock, Ride) {
        let racer = RacerId::try_from(7).unwrap();
        let rider = Rider { racer, name: names::default_name(racer), token: None };
        let race = RaceId::try_from(10).unwrap();
        (RaceClock::new(60).unwrap(), Ride::new(race, ClassId::try_from(1).unwrap(), rider))
    }

    fn reading(cadence: f64, resistance: f64) -> (Cadence, Resistance) {
        (cadence.try_into().unwrap(), resistance.try_into().unwrap())
    }

    const START: Millis = 600_000;

    #[test]
    fn each_second_is_sent_once_and_counted() {
        let (clock, mut ride) = ride();
        let mut at = |ms, value| ride.second(clock, clock.at(START + ms), 5, reading(value, 35.0));
        assert_eq!(at(0, 65.0).unwrap().second.get(), 1);
        assert_eq!(at(999, 165.0), None);
        assert_eq!(at(1_000, 75.0).unwrap().second.get(), 2);
        assert_eq!(at(500, 75.0), None, "a clock set back does not send again");
        assert_eq!((ride.score().get(), ride.sent()), (210.0, 2));
    }

    #[test]
    fn a_page_that_slept_goes_on_at_the_right_second() {
        let (clock, mut ride) = ride();
        let mut at =
            |ms| ride.second(clock, clock.at(START + ms), 5, reading(65.0, 35.0)).map(|m| m.second.get());
        assert_eq!([0, 30_000, 59_000, 60_000].map(&mut at), [Some(1), Some(31), Some(60), None]);
    }

    #[test]
    fn the_last_second_is_final_and_carries_the_ten_fields() {
        let (clock, mut ride) = ride();
        let message = ride.second(clock, clock.at(START + 59_500), 5, reading(80.04, 60.06)).unwrap();
        assert_eq!(message.event, Event::Final);
        let json: serde_json::Value = serde_json::from_slice(&message.to_json()).unwrap();
        assert_eq!(json.as_object().unwrap().len(), 10);
        assert_eq!((message.cadence.get(), message.resistance.get()), (80.0, 60.1));
        assert_eq!(ride.score().to_string(), "143.8650");
    }

    #[test]
    fn a_ride_survives_being_kept() {
        let (clock, mut ride) = ride();
        ride.second(clock, clock.at(START), 5, reading(88.0, 59.8));
        let text = serde_json::to_string(&ride).unwrap();
        assert_eq!(serde_json::from_str::<Ride>(&text).unwrap(), ride);
    }
}
