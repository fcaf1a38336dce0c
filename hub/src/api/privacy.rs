//! What riders may say of their rides: their records and whether all-time boards name them, and that all of it is to
//! be gone.

use std::sync::Arc;

use alleycat_shared::RacerId;
use alleycat_shared::api::{Named, Problem, Records};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};

use super::identity::host;
use super::links::is_riders;
use super::{ApiError, parse, until_kept};
use crate::hub::Shared;
use crate::time;

/// A racer's best official ride in each class, and whether the all-time boards show the racer's name.
#[utoipa::path(get, path = "/api/racers/{racerId}/records", params(("racerId" = u64, Path)),
    responses((status = 200, body = Records), (status = 400, body = Problem)),
)]
pub(super) async fn records(
    State(shared): State<Arc<Shared>>,
    Path(racer): Path<String>,
) -> Result<Json<Records>, ApiError> {
    Ok(Json(shared.races.records_of(parse(&racer, "the racer id")?)))
}

/// Says whether the all-time boards may show the racer's name; until then they show `Rider` and the racer id. Wants
/// the rider's token, or the host's key, as `Authorization: Bearer`. An open hub names everybody.
#[utoipa::path(put, path = "/api/racers/{racerId}/named", params(("racerId" = u64, Path)), request_body = Named,
    responses(
        (status = 204, description = "the boards do so from now on"), (status = 401, body = Problem),
        (status = 503, body = Problem, description = "the disk can't be written"),
    ),
)]
pub(super) async fn name(
    State(shared): State<Arc<Shared>>,
    Path(racer): Path<String>,
    headers: HeaderMap,
    body: Result<Json<Named>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let racer: RacerId = parse(&racer, "the racer id")?;
    riders_or_host(&shared, &headers, racer).await?;
    let Json(Named { named }) =
        body.map_err(|rejection| ApiError::new(rejection.status(), &rejection.body_text()))?;
    let number = shared.races.set_named(racer, named);
    until_kept(&shared, number).await?;
    tracing::info!(racer_id = %racer, named, "the rider's will on being named");
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes all rides of a racer: results, seconds, records. Others move up. A race which the racer is in does not
/// count either. Wants the rider's token, or the host's key, as `Authorization: Bearer`. What went to the journal's
/// archive, to backups or through rules to others before is not reached.
#[utoipa::path(delete, path = "/api/racers/{racerId}/rides", params(("racerId" = u64, Path)),
    responses(
        (status = 204, description = "they are gone"), (status = 401, body = Problem),
        (status = 503, body = Problem, description = "the disk can't be written"),
    ),
)]
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    Path(racer): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let racer: RacerId = parse(&racer, "the racer id")?;
    riders_or_host(&shared, &headers, racer).await?;
    let number = shared.races.delete_rides(racer, time::now());
    until_kept(&shared, number).await?;
    tracing::info!(racer_id = %racer, "all rides deleted at the rider's word, or the host's");
    Ok(StatusCode::NO_CONTENT)
}

async fn riders_or_host(shared: &Shared, headers: &HeaderMap, racer: RacerId) -> Result<(), ApiError> {
    if is_riders(shared, headers, racer, time::now()) { Ok(()) } else { host(shared, headers).await }
}
