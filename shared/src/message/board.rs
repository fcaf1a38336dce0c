//! What the hub publishes once a second: the class's board, each rider's own view, the full field.

use serde::{Deserialize, Serialize};

use crate::{ClassId, Millis, Output, RaceId, RacerId, RacerName, Score};

/// One line of a board.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoardRow {
    /// Place of the field, from 1.
    pub rank: u32,
    /// The rider.
    pub racer_id: RacerId,
    /// The rider's display name.
    pub name: RacerName,
    /// The sum of the outputs so far.
    pub score: Score,
    /// Nothing heard for 5 s: shown dimmed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dim: bool,
    /// Nothing heard for 15 s: shown as gone; the score stays in the result.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gone: bool,
    /// Something in the ride no body does ([`crate::plausible`]), and the host has not cleared it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flagged: bool,
    /// Out of the ranking by the host's word: such lines come last.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disqualified: bool,
}

/// `alleycat-subscribe/{classId}/board`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BoardMessage {
    /// The class.
    pub class_id: ClassId,
    /// The race that runs.
    pub race_id: RaceId,
    /// The second of the race when this was made; 0 before the first.
    pub second: u16,
    /// The hub's clock when this was made.
    pub server_time: Millis,
    /// How many riders the field has.
    pub riders: u32,
    /// The first ten.
    pub top: Vec<BoardRow>,
}

/// A rider just above or below, seen from the receiving rider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Neighbour {
    /// The line.
    #[serde(rename = "row")]
    pub row: BoardRow,
    /// The neighbour's score minus one's own.
    pub gap: f64,
    /// How long ago the one ahead had the score that the one behind has now, in seconds, signed as `gap`.
    /// `None` while the one behind has no score yet.
    pub gap_seconds: Option<f64>,
}

/// How the rider stands against the own best official ride of the class, at the same second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OwnRecord {
    /// The score of the whole record ride.
    pub score: Score,
    /// The race in which it was ridden: its seconds are in the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub race_id: Option<RaceId>,
    /// Own score now minus the record ride's score at this second.
    pub ahead: f64,
    /// How many seconds ago the one ahead had the score that the one behind has now; positive if the rider
    /// leads. `None` while the one behind has no score yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ahead_seconds: Option<f64>,
}

/// How the rider stands among all record rides of the class at the same second, the own one left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AllTime {
    /// The place that the rider would have, from 1. Of equal scores the record ride is before.
    pub rank: u32,
    /// How many there are, the rider included.
    pub riders: u32,
    /// The record ride just above, if there is one.
    pub above: Vec<AllTimeRow>,
    /// The record ride just below, if there is one.
    pub below: Vec<AllTimeRow>,
}

/// A record ride at this second, seen from the receiving rider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AllTimeRow {
    /// Place among the record rides and the rider, from 1.
    pub rank: u32,
    /// Who rode it.
    pub racer_id: RacerId,
    /// The display name then.
    pub name: RacerName,
    /// Its score after the same second.
    pub score: Score,
    /// As [`Neighbour::gap_seconds`].
    pub gap_seconds: Option<f64>,
}

/// `alleycat-subscribe/{classId}/rider/{racerId}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RiderMessage {
    /// The class.
    pub class_id: ClassId,
    /// The race that runs.
    pub race_id: RaceId,
    /// The second of the race when this was made.
    pub second: u16,
    /// The hub's clock when this was made.
    pub server_time: Millis,
    /// How many riders the field has.
    pub riders: u32,
    /// The own line.
    pub own: BoardRow,
    /// The own best second so far.
    pub best: Output,
    /// Up to three riders above, nearest last.
    pub above: Vec<Neighbour>,
    /// Up to three riders below, nearest first.
    pub below: Vec<Neighbour>,
    /// Against the own record, if there is one.
    pub record: Option<OwnRecord>,
    /// Against everybody's record ride, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all_time: Option<AllTime>,
}
