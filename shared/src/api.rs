//! The bodies of the HTTP API, as the hub writes and everybody else reads them.

use serde::{Deserialize, Serialize};

use crate::plausible::Flags;
use crate::{ClassId, Millis, Output, RaceId, RacerId, RacerName, Score};

/// `GET /api/clock`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Clock {
    /// The hub's clock, epoch ms.
    pub now: Millis,
}

/// Body of `POST /api/join`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Join {
    /// The racer id that is asked for.
    pub racer_id: RacerId,
    /// The display name.
    pub name: RacerName,
    /// The token of an earlier join on this device: keeps the id although it is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Answer to `POST /api/join`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// The racer id.
    pub racer_id: RacerId,
    /// The display name.
    pub name: RacerName,
    /// The MQTT password, bound to the id.
    pub token: String,
}

/// Body of `POST /api/leave`: frees the racer id at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Leave {
    /// The racer id that is given back.
    pub racer_id: RacerId,
    /// Its token, which is void from now on.
    pub token: String,
}

/// Answer to `POST /api/pair`: a code to show, with which a phone hands its rider over to this device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PairOffer {
    /// The half that everybody may see.
    pub code: String,
    /// The half that this device keeps: only with it the rider is given out.
    pub secret: String,
    /// Until when the code is good, epoch ms by the hub's clock.
    pub until: Millis,
    /// The whole address for the phone, if the hub knows by what name it is asked.
    #[serde(default)]
    pub url: String,
    /// The same as a QR code: an SVG.
    #[serde(default)]
    pub qr: String,
}

/// `GET /api/host/seats`, with the host's key: who has taken which racer id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Seats {
    /// In order of racer id.
    pub seats: Vec<Seat>,
}

/// A racer id that somebody has taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Seat {
    /// The racer id.
    pub racer_id: RacerId,
    /// The name given on joining.
    pub name: RacerName,
    /// When the racer was last heard of, epoch ms.
    pub last_seen: Millis,
}

/// Body of `PUT /api/host/seats/{racerId}`: gives the racer another name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rename {
    /// The display name.
    pub name: RacerName,
}

/// Where a race is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RaceState {
    /// Its window is now.
    Running,
    /// Its window is over; late messages still count.
    Grace,
    /// Nothing changes any more.
    Official,
}

/// One race of a class in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RaceEntry {
    /// The race.
    pub race_id: RaceId,
    /// The class.
    pub class_id: ClassId,
    /// Where it is in its life.
    pub state: RaceState,
    /// How many riders took part so far.
    pub riders: u32,
}

/// `GET /api/races?classId=1&limit=20&before=5402746`, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Races {
    /// The races of the class that had riders.
    pub races: Vec<RaceEntry>,
}

/// `GET /api/races/{raceId}/classes/{classId}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RaceResult {
    /// The race.
    pub race_id: RaceId,
    /// The class.
    pub class_id: ClassId,
    /// Where it is in its life.
    pub state: RaceState,
    /// Everybody in order of rank.
    pub results: Vec<ResultRow>,
    /// Whom the host has taken out of the ranking, best score first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disqualified: Vec<DisqualifiedRow>,
}

impl RaceResult {
    /// The result with the host's verdicts in effect: who is disqualified has no rank, and all others move up.
    #[must_use]
    pub fn judged(mut self, verdict: impl Fn(RacerId) -> Option<Verdict>) -> Self {
        let is_out = |row: &mut ResultRow| verdict(row.racer_id) == Some(Verdict::Disqualified);
        self.disqualified = self.results.extract_if(.., is_out).map(DisqualifiedRow::from).collect();
        for (row, rank) in self.results.iter_mut().zip(1..) {
            row.rank = rank;
            row.cleared = verdict(row.racer_id) == Some(Verdict::Cleared);
        }
        self
    }
}

/// What the host says of a ride.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is not ranked and is no record.
    Disqualified,
    /// Whatever was flagged, it is well.
    Cleared,
}

/// Body of `PUT /api/host/races/{raceId}/classes/{classId}/racers/{racerId}/verdict`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Judge {
    /// The verdict; `null` takes an earlier one back.
    pub verdict: Option<Verdict>,
}

/// The line of a ride that the host has disqualified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DisqualifiedRow {
    /// The rider.
    pub racer_id: RacerId,
    /// The rider's display name.
    pub name: RacerName,
    /// The sum of the outputs.
    pub score: Score,
    /// The best single second.
    pub best: Output,
    /// How many seconds counted.
    pub seconds: u16,
    /// What in the ride no body does.
    #[serde(default, skip_serializing_if = "Flags::is_empty")]
    pub flags: Flags,
}

impl From<ResultRow> for DisqualifiedRow {
    fn from(row: ResultRow) -> Self {
        let ResultRow { racer_id, name, score, best, seconds, flags, .. } = row;
        Self { racer_id, name, score, best, seconds, flags }
    }
}

/// One rider's line of a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ResultRow {
    /// Place of the field, from 1.
    pub rank: u32,
    /// The rider.
    pub racer_id: RacerId,
    /// The rider's display name.
    pub name: RacerName,
    /// The sum of the outputs.
    pub score: Score,
    /// The best single second.
    pub best: Output,
    /// How many seconds counted.
    pub seconds: u16,
    /// What in the ride no body does.
    #[serde(default, skip_serializing_if = "Flags::is_empty")]
    pub flags: Flags,
    /// The host has looked at it, and it is well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cleared: bool,
}

/// `GET /api/races/{raceId}/classes/{classId}/racers/{racerId}`: a ride, second by second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RideTrace {
    /// The race.
    pub race_id: RaceId,
    /// The class.
    pub class_id: ClassId,
    /// The rider.
    pub racer_id: RacerId,
    /// The rider's display name.
    pub name: RacerName,
    /// Where the race is in its life.
    pub state: RaceState,
    /// The sum of the outputs.
    pub score: Score,
    /// The seconds that counted, in order.
    pub seconds: Vec<TraceSecond>,
}

/// `GET /api/races/{raceId}/classes/{classId}/racers/{racerId}/places`: a rider's place over the race.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RacePlaces {
    /// The race.
    pub race_id: RaceId,
    /// The class.
    pub class_id: ClassId,
    /// The rider.
    pub racer_id: RacerId,
    /// Where the race is in its life.
    pub state: RaceState,
    /// How many riders the field has, without those who are not ranked.
    pub riders: u32,
    /// Seconds from one place to the next; the first one is after so many.
    pub every: u16,
    /// The places, from 1; 0 as long as the rider had no point. At most 300.
    pub places: Vec<u16>,
}

/// `POST /api/rides/{raceId}/{racerId}/link`: where a ride's files are for a while, for example as a QR code.
/// The query of one is also good for the ride's seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RideLink {
    /// Until when, in epoch ms.
    pub until: Millis,
    /// Path and query of the FIT file.
    pub fit: String,
    /// Path and query of the TCX file.
    pub tcx: String,
    /// Path and query of the CSV file.
    pub csv: String,
    /// The whole address of the FIT file as a QR code for a phone: an SVG.
    #[serde(default)]
    pub qr: String,
}

/// One second that counted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TraceSecond {
    /// The second of the race, from 1.
    pub second: u16,
    /// The cadence in rpm, to hundredths.
    pub cadence: f64,
    /// The resistance in per cent, to hundredths.
    pub resistance: f64,
    /// What the second counted.
    pub output: Output,
    /// The score after it.
    pub score: Score,
}

/// `GET /api/mqtt-url`: where to connect now, and not for long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MqttUrl {
    /// A signed WebSocket address.
    pub url: String,
}

/// `GET /api/racers/{racerId}/rides`, newest first: the official rides of a racer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The rides.
    pub rides: Vec<HistoryEntry>,
}

/// One official ride of a racer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// The race.
    pub race_id: RaceId,
    /// The class.
    pub class_id: ClassId,
    /// The display name under which it was ridden.
    pub name: RacerName,
    /// Place of the field, from 1.
    pub rank: u32,
    /// How many riders the field had.
    pub riders: u32,
    /// The sum of the outputs.
    pub score: Score,
    /// The best single second.
    pub best: Output,
    /// How many seconds counted.
    pub seconds: u16,
    /// Taken out of the ranking by the host: `rank` is where it would be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disqualified: bool,
}

/// `GET /api/racers/{racerId}/records`: what of a racer is on the all-time boards.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Records {
    /// Whether the all-time boards show the racer's name. They don't unless the racer wants it.
    pub named: bool,
    /// The best official ride in each class that the racer has ridden in, by class.
    pub records: Vec<RecordEntry>,
}

/// A racer's best official ride in a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RecordEntry {
    /// The class.
    pub class_id: ClassId,
    /// The race in which it was ridden.
    pub race_id: RaceId,
    /// Its score.
    pub score: Score,
    /// Place among all records of the class, from 1.
    pub rank: u32,
    /// How many riders have a record in the class.
    pub riders: u32,
}

/// Body of `PUT /api/racers/{racerId}/named`: whether the all-time boards may show the racer's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Named {
    /// The racer's will.
    pub named: bool,
}

/// `GET /api/leaderboard?classId=1&limit=1000`: best official scores of the class.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Leaderboard {
    /// Everybody with a record, best first.
    pub entries: Vec<LeaderboardEntry>,
}

/// One rider's record in a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LeaderboardEntry {
    /// Place of all, from 1.
    pub rank: u32,
    /// The rider.
    pub racer_id: RacerId,
    /// The rider's display name, if the rider wants it shown here; else `Rider` and the racer id.
    pub name: RacerName,
    /// The best official score.
    pub score: Score,
    /// The race in which it was ridden.
    pub race_id: RaceId,
}

/// An error, as `application/problem+json` (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The kind of error in a few words.
    pub title: String,
    /// What happened and what to do.
    pub detail: String,
}
