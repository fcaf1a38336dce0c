//! One rider's rides: second by second, as files, and all of them.
#![expect(unused_qualifications, reason = "utoipa's macro writes paths out")]

use std::sync::Arc;

use alleycat_shared::api::{History, Problem, RacePlaces, RaceState, RideTrace, TraceSecond};
use alleycat_shared::race::Ride;
use alleycat_shared::{ClassId, RaceId, RacerId};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::links::{Shown, permit};
use super::{ApiError, blocking, limit, parse};
use crate::export::{Exported, Format};
use crate::hub::Shared;
use crate::time;

/// A ride, second by second.
#[utoipa::path(get, path = "/api/races/{raceId}/classes/{classId}/racers/{racerId}",
    params(("raceId" = u64, Path), ("classId" = u64, Path), ("racerId" = u64, Path), Shown),
    responses(
        (status = 200, body = RideTrace),
        (status = 401, body = Problem, description = "rides are private here"),
        (status = 404, body = Problem),
    ),
)]
pub(super) async fn trace(
    State(shared): State<Arc<Shared>>,
    Path((race, class, racer)): Path<(String, String, String)>,
    headers: HeaderMap,
    shown: Result<Query<Shown>, QueryRejection>,
) -> Result<Json<RideTrace>, ApiError> {
    let Query(shown) = shown.map_err(|rejection| ApiError::bad(&rejection.body_text()))?;
    let (race_id, class_id): (RaceId, ClassId) =
        (parse(&race, "the race id")?, parse(&class, "the class id")?);
    let racer_id = parse(&racer, "the racer id")?;
    permit(&shared, &headers, &shown, race_id, racer_id).await?;
    let (_, state, ride) = found(shared, race_id, Some(class_id), racer_id).await?;
    let ridden = (1..).zip(ride.ridden()).zip(ride.trace());
    let seconds = ridden.filter_map(|((second, ridden), score)| {
        let ridden = (*ridden)?;
        let (cadence, resistance) = (ridden.cadence(), ridden.resistance());
        Some(TraceSecond { second, cadence, resistance, output: ridden.output, score: *score })
    });
    let (seconds, score, name) = (seconds.collect(), ride.score(), ride.name);
    Ok(Json(RideTrace { race_id, class_id, racer_id, name, state, score, seconds }))
}

/// A rider's place of the field over a race, second by second; in a long race at up to 300 moments.
#[utoipa::path(get, path = "/api/races/{raceId}/classes/{classId}/racers/{racerId}/places",
    params(("raceId" = u64, Path), ("classId" = u64, Path), ("racerId" = u64, Path)),
    responses((status = 200, body = RacePlaces), (status = 404, body = Problem)),
)]
pub(super) async fn places(
    State(shared): State<Arc<Shared>>,
    Path((race, class, racer)): Path<(String, String, String)>,
) -> Result<Json<RacePlaces>, ApiError> {
    let (race, class): (RaceId, ClassId) = (parse(&race, "the race id")?, parse(&class, "the class id")?);
    let racer = parse(&racer, "the racer id")?;
    let places = blocking(move || shared.races.places(race, class, racer, time::now())).await?;
    places.map(Json).ok_or_else(|| nobody(race, racer))
}

/// Which class's ride.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct FileQuery {
    /// The class; if left out, the one in which most seconds were ridden.
    class_id: Option<String>,
}

/// A ride as a file: FIT, TCX or CSV, by its extension, for example `7.fit`.
#[utoipa::path(get, path = "/api/rides/{raceId}/{file}",
    params(("raceId" = u64, Path), ("file" = String, Path, example = "7.fit"), FileQuery, Shown),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 401, body = Problem, description = "rides are private here"),
        (status = 404, body = Problem),
    ),
)]
pub(super) async fn file(
    State(shared): State<Arc<Shared>>,
    Path((race, file)): Path<(String, String)>,
    headers: HeaderMap,
    query: Result<Query<FileQuery>, QueryRejection>,
    shown: Result<Query<Shown>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let Query(shown) = shown.map_err(|rejection| ApiError::bad(&rejection.body_text()))?;
    let Query(query) = query.map_err(|rejection| ApiError::bad(&rejection.body_text()))?;
    let (racer, extension) = file.rsplit_once('.').unwrap_or((&file, ""));
    let (race, racer): (RaceId, RacerId) = (parse(&race, "the race id")?, parse(racer, "the racer id")?);
    let format = Format::of(extension)
        .ok_or_else(|| ApiError::bad("A ride is a file of the kind .fit, .tcx or .csv."))?;
    let class = query.class_id.map(|class| parse(&class, "classId")).transpose()?;
    permit(&shared, &headers, &shown, race, racer).await?;
    let start = shared.races.clock().start(race);
    let (class, _, ride) = found(shared, race, class, racer).await?;
    let exported = Exported { race, class, racer, start, ride };
    let bytes = format.write(&exported).map_err(|error| ApiError::failed(&error))?;
    let name = format!("attachment; filename=\"alleycat-{race}-{racer}.{}\"", format.extension());
    Ok(([(CONTENT_TYPE, format.media_type().to_owned()), (CONTENT_DISPOSITION, name)], bytes))
}

/// Which rides of a racer.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct HistoryQuery {
    /// Only rides in races before this one.
    before: Option<String>,
    /// 1 to 100, 20 if left out.
    limit: Option<String>,
}

/// The official rides of a racer, newest first.
#[utoipa::path(get, path = "/api/racers/{racerId}/rides",
    params(("racerId" = u64, Path), HistoryQuery),
    responses((status = 200, body = History), (status = 400, body = Problem)),
)]
pub(super) async fn history(
    State(shared): State<Arc<Shared>>,
    Path(racer): Path<String>,
    query: Result<Query<HistoryQuery>, QueryRejection>,
) -> Result<Json<History>, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::bad(&rejection.body_text()))?;
    let racer: RacerId = parse(&racer, "the racer id")?;
    let before: Option<RaceId> = query.before.map(|before| parse(&before, "before")).transpose()?;
    let limit = limit(query.limit.as_deref(), 20, 100)?;
    let rides = blocking(move || shared.store.history(racer, before, limit)).await?;
    Ok(Json(History { rides }))
}

/// The ride in a class, or in the class in which the racer rode most of this race.
async fn found(
    shared: Arc<Shared>,
    race: RaceId,
    class: Option<ClassId>,
    racer: RacerId,
) -> Result<(ClassId, RaceState, Ride), ApiError> {
    let ride = blocking(move || {
        let mut best: Option<(ClassId, RaceState, Ride)> = None;
        for class in ClassId::all().filter(|id| class.is_none_or(|class| class == *id)) {
            if let Some((state, ride)) = shared.races.ride(race, class, racer, time::now())?
                && best.as_ref().is_none_or(|(_, _, best)| ride.seconds() > best.seconds())
            {
                best = Some((class, state, ride));
            }
        }
        Ok(best)
    });
    ride.await?.ok_or_else(|| nobody(race, racer))
}

fn nobody(race: RaceId, racer: RacerId) -> ApiError {
    let detail = format!("Racer {racer} has not ridden race {race} there, or it is too long ago.");
    ApiError::new(StatusCode::NOT_FOUND, &detail)
}
