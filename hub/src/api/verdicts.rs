//! The host's word on a ride: out of the ranking, or well whatever was flagged.

use std::sync::Arc;

use alleycat_shared::api::{Judge, Problem};
use alleycat_shared::{ClassId, RaceId, RacerId};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};

use super::identity::host;
use super::{ApiError, blocking, parse, until_kept};
use crate::hub::Shared;
use crate::store::VerdictRow;
use crate::time;

/// Disqualifies a ride, clears what was flagged in it, or takes an earlier verdict back. For the host:
/// `Authorization: Bearer` and the host's key. A disqualified ride stays in the result, without a rank, and is no
/// record.
#[utoipa::path(put, path = "/api/host/races/{raceId}/classes/{classId}/racers/{racerId}/verdict",
    params(("raceId" = u64, Path), ("classId" = u64, Path), ("racerId" = u64, Path)), request_body = Judge,
    responses(
        (status = 204, description = "the verdict is kept"), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem, description = "the disk can't be written"),
    ),
)]
pub(super) async fn judge(
    State(shared): State<Arc<Shared>>,
    Path((race, class, racer)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Result<Json<Judge>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    host(&shared, &headers).await?;
    let (race, class): (RaceId, ClassId) = (parse(&race, "the race id")?, parse(&class, "the class id")?);
    let racer: RacerId = parse(&racer, "the racer id")?;
    let Json(Judge { verdict }) =
        body.map_err(|rejection| ApiError::new(rejection.status(), &rejection.body_text()))?;
    let races = Arc::clone(&shared.races);
    if blocking(move || races.ride(race, class, racer, time::now())).await?.is_none() {
        let detail =
            format!("Racer {racer} has not ridden race {race} in class {class}, or it is too long ago.");
        return Err(ApiError::new(StatusCode::NOT_FOUND, &detail));
    }
    let number = shared.races.judge(VerdictRow { race, class, racer, verdict });
    until_kept(&shared, number).await?;
    let races = Arc::clone(&shared.races);
    blocking(move || races.record_again(class, racer)).await?;
    tracing::info!(race_id = %race, class_id = %class, racer_id = %racer, ?verdict, "judged by the host");
    Ok(StatusCode::NO_CONTENT)
}
