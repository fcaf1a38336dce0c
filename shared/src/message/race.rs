//! What a rider sends once a second: the seed's ten fields, typed and ranged.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::ids::InvalidId;
use crate::units::OutOfRange;
use crate::{Cadence, ClassId, Millis, RaceId, RaceSecond, RacerId, RacerName, Resistance};

/// The largest payload that is looked at, in bytes.
pub const MAX_PAYLOAD: usize = 4 * 1024;

/// Whether more seconds are to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// Any second but the last.
    Update,
    /// The race's last second, or the last one before leaving.
    Final,
}

/// One second of one rider, published to `alleycat-publish/{racerId}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Wire")]
pub struct RaceMessage {
    /// Traces this message through the whole system.
    pub uuid: Uuid,
    /// Whether this is the last one.
    pub event: Event,
    /// The sender's clock, epoch ms. For diagnosis only: nothing is decided by it.
    pub device_timestamp: Millis,
    /// Which second of the race this is.
    pub second: RaceSecond,
    /// Which race.
    pub race_id: RaceId,
    /// The rider's display name.
    pub name: RacerName,
    /// The rider.
    pub racer_id: RacerId,
    /// The class.
    pub class_id: ClassId,
    /// Cadence in rpm.
    pub cadence: Cadence,
    /// Resistance in per cent.
    pub resistance: Resistance,
}

/// Why a message was not taken. [`Refusal::reason`] is the name under which it is counted.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum Refusal {
    /// More than [`MAX_PAYLOAD`] bytes.
    #[error("payload of {0} bytes is over {MAX_PAYLOAD}")]
    TooLarge(usize),
    /// Not JSON, or cut off.
    #[error("not JSON: {0}")]
    Malformed(String),
    /// JSON without the ten fields, or with one of a wrong type.
    #[error("wrong fields: {0}")]
    WrongFields(String),
    /// A racer, class, race, second or name that can't be one.
    #[error(transparent)]
    Id(#[from] InvalidId),
    /// A cadence or a resistance out of range.
    #[error(transparent)]
    Value(#[from] OutOfRange),
    /// The payload names another racer than the topic.
    #[error("racer {payload} on the topic of racer {topic}")]
    ForeignRacer {
        /// The racer who owns the topic.
        topic: RacerId,
        /// The racer in the payload.
        payload: RacerId,
    },
    /// The racer has left, or the id was given to somebody else.
    #[error("racer {0} has not joined")]
    NotJoined(RacerId),
    /// A topic that riders can't publish to.
    #[error("no topic for race messages")]
    WrongTopic,
    /// A second beyond this race's length.
    #[error("second {second} of a race of {length} s")]
    NotInRace {
        /// The second in the message.
        second: RaceSecond,
        /// The race's length in seconds.
        length: u16,
    },
    /// A second that has not begun yet by the hub's clock.
    #[error("second {second} of race {race} has not begun")]
    AheadOfClock {
        /// The race in the message.
        race: RaceId,
        /// The second in the message.
        second: RaceSecond,
    },
    /// The race's grace has ended: its result is official.
    #[error("race {0} is over")]
    TooLate(RaceId),
    /// The race already holds as many riders as it may.
    #[error("race {0} is full")]
    RaceFull(RaceId),
    /// The rider has had the rides up to this race deleted.
    #[error("the rides up to race {0} were deleted by their rider")]
    Deleted(RaceId),
}

impl Refusal {
    /// A short fixed name for metrics and logs.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too-large",
            Self::Malformed(_) => "malformed",
            Self::WrongFields(_) => "wrong-fields",
            Self::Id(InvalidId::Racer(_)) => "racer-id",
            Self::Id(InvalidId::Class(_)) => "class-id",
            Self::Id(InvalidId::Second(_)) => "second",
            Self::Id(InvalidId::Race(_)) => "race-id",
            Self::Id(InvalidId::Name | InvalidId::NotANumber(_)) => "name",
            Self::Value(OutOfRange::Cadence(_)) => "cadence",
            Self::Value(OutOfRange::Resistance(_)) => "resistance",
            Self::ForeignRacer { .. } => "foreign-racer",
            Self::NotJoined(_) => "not-joined",
            Self::WrongTopic => "wrong-topic",
            Self::NotInRace { .. } => "not-in-race",
            Self::AheadOfClock { .. } => "ahead-of-clock",
            Self::TooLate(_) => "too-late",
            Self::RaceFull(_) => "race-full",
            Self::Deleted(_) => "deleted",
        }
    }
}

impl RaceMessage {
    /// Reads a payload from outside.
    ///
    /// # Errors
    /// A [`Refusal`] that says what is wrong; never a panic, whatever the bytes.
    pub fn parse(payload: &[u8]) -> Result<Self, Refusal> {
        if payload.len() > MAX_PAYLOAD {
            return Err(Refusal::TooLarge(payload.len()));
        }
        let wire: Wire = serde_json::from_slice(payload).map_err(|error| {
            if error.is_data() {
                Refusal::WrongFields(error.to_string())
            } else {
                Refusal::Malformed(error.to_string())
            }
        })?;
        wire.try_into()
    }

    /// The payload as it is published.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("numbers are finite and keys are text")
    }
}

/// The fields with the types of JSON, before their ranges are checked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    uuid: Uuid,
    event: Event,
    device_timestamp: Millis,
    second: u64,
    race_id: u64,
    name: String,
    racer_id: u64,
    class_id: u64,
    cadence: f64,
    resistance: f64,
}

impl TryFrom<Wire> for RaceMessage {
    type Error = Refusal;

    fn try_from(wire: Wire) -> Result<Self, Refusal> {
        Ok(Self {
            uuid: wire.uuid,
            event: wire.event,
            device_timestamp: wire.device_timestamp,
            second: wire.second.try_into()?,
            race_id: wire.race_id.try_into()?,
            name: RacerName::new(&wire.name)?,
            racer_id: wire.racer_id.try_into()?,
            class_id: wire.class_id.try_into()?,
            cadence: wire.cadence.try_into()?,
            resistance: wire.resistance.try_into()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = include_str!("../../tests/golden/race-message.json");

    fn edited(field: &str, value: &str) -> Result<RaceMessage, Refusal> {
        let mut json: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
        json[field] = serde_json::from_str(value).unwrap();
        RaceMessage::parse(json.to_string().as_bytes())
    }

    #[test]
    fn the_golden_message_reads_and_writes_back_to_the_letter() {
        let message = RaceMessage::parse(GOLDEN.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(message.to_json()).unwrap(), GOLDEN.trim_end());
        assert_eq!(message.race_id.get(), 5_402_746);
    }

    #[test]
    fn unknown_fields_are_read_over() {
        assert!(edited("heartRate", "140").is_ok());
    }

    #[test]
    fn each_bad_field_has_its_own_reason() {
        let table = [
            ("cadence", "\"81\"", "wrong-fields"),
            ("cadence", "null", "wrong-fields"),
            ("cadence", "-0.1", "cadence"),
            ("cadence", "251", "cadence"),
            ("resistance", "100.5", "resistance"),
            ("second", "0", "second"),
            ("second", "3601", "second"),
            ("second", "1.5", "wrong-fields"),
            ("second", "-1", "wrong-fields"),
            ("classId", "7", "class-id"),
            ("racerId", "40001", "racer-id"),
            ("racerId", "1e99", "wrong-fields"),
            ("raceId", "18446744073709551615", "race-id"),
            ("name", "\"\"", "name"),
            ("name", "\"a\\u0000b\"", "name"),
            ("uuid", "\"not-one\"", "wrong-fields"),
            ("event", "\"start\"", "wrong-fields"),
        ];
        for (field, value, reason) in table {
            assert_eq!(edited(field, value).unwrap_err().reason(), reason, "{field} = {value}");
        }
    }

    #[test]
    fn junk_is_refused_and_counted() {
        assert_eq!(RaceMessage::parse(b"").unwrap_err().reason(), "malformed");
        assert_eq!(RaceMessage::parse(b"{\"uuid\":").unwrap_err().reason(), "malformed");
        assert_eq!(RaceMessage::parse(b"[]").unwrap_err().reason(), "wrong-fields");
        assert_eq!(RaceMessage::parse(b"{\"cadence\":NaN}").unwrap_err().reason(), "malformed");
        assert_eq!(RaceMessage::parse(&[b'['; MAX_PAYLOAD]).unwrap_err().reason(), "wrong-fields");
        assert_eq!(RaceMessage::parse(&[b' '; MAX_PAYLOAD + 1]).unwrap_err().reason(), "too-large");
        assert_eq!(RaceMessage::parse(&[0xff, 0xfe]).unwrap_err().reason(), "malformed");
    }
}
