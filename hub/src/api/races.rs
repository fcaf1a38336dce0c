//! Races, their results, and the leaderboard.
#![expect(unused_qualifications, reason = "utoipa's macro writes paths out")]

use std::sync::Arc;

use alleycat_shared::api::{Leaderboard, Problem, RaceResult, Races};
use alleycat_shared::{ClassId, RaceId};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{ApiError, blocking, limit, parse};
use crate::export;
use crate::hub::Shared;
use crate::time;

/// Which races.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct RacesQuery {
    /// The class, 1 to 6.
    class_id: String,
    /// Only races before this one: the last one of the page before.
    before: Option<String>,
    /// 1 to 100, 20 if left out.
    limit: Option<String>,
}

/// Races of a class that had riders, newest first.
#[utoipa::path(get, path = "/api/races", params(RacesQuery), responses(
    (status = 200, body = Races), (status = 400, body = Problem),
))]
pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<RacesQuery>, QueryRejection>,
) -> Result<Json<Races>, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::bad(&rejection.body_text()))?;
    let class: ClassId = parse(&query.class_id, "classId")?;
    let before: Option<RaceId> = query.before.map(|before| parse(&before, "before")).transpose()?;
    let limit = limit(query.limit.as_deref(), 20, 100)?;
    let races = blocking(move || shared.races.list(class, before, limit, time::now())).await?;
    Ok(Json(Races { races }))
}

/// The result of a race: so far, or official.
#[utoipa::path(get, path = "/api/races/{raceId}/classes/{classId}",
    params(("raceId" = u64, Path), ("classId" = u64, Path)),
    responses((status = 200, body = RaceResult), (status = 404, body = Problem)),
)]
pub(super) async fn result(
    State(shared): State<Arc<Shared>>,
    Path((race, class)): Path<(String, String)>,
) -> Result<Json<RaceResult>, ApiError> {
    Ok(Json(found(shared, &race, &class).await?))
}

/// The result of a race as CSV.
#[utoipa::path(get, path = "/api/races/{raceId}/classes/{classId}/results.csv",
    params(("raceId" = u64, Path), ("classId" = u64, Path)),
    responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = Problem)),
)]
pub(super) async fn result_csv(
    State(shared): State<Arc<Shared>>,
    Path((race, class)): Path<(String, String)>,
) -> Result<impl IntoResponse, ApiError> {
    let result = found(shared, &race, &class).await?;
    let table = export::result(&result).map_err(|error| ApiError::failed(&error))?;
    let name = format!("attachment; filename=\"alleycat-{}-class-{}.csv\"", result.race_id, result.class_id);
    let kind = export::Format::Csv.media_type().to_owned();
    Ok(([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], table))
}

/// Which part of the leaderboard.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct LeaderboardQuery {
    /// The class, 1 to 6.
    class_id: String,
    /// 1 to 1000, 1000 if left out.
    limit: Option<String>,
    /// Skips the ranks up to this one.
    after: Option<String>,
}

/// The best official scores of a class.
#[utoipa::path(get, path = "/api/leaderboard", params(LeaderboardQuery), responses(
    (status = 200, body = Leaderboard), (status = 400, body = Problem),
))]
pub(super) async fn leaderboard(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<LeaderboardQuery>, QueryRejection>,
) -> Result<Json<Leaderboard>, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::bad(&rejection.body_text()))?;
    let limit = limit(query.limit.as_deref(), 1_000, 1_000)?;
    let after = query.after.map_or(Ok(0), |after| parse(&after, "after"))?;
    Ok(Json(shared.races.leaderboard(parse(&query.class_id, "classId")?, after, limit)))
}

async fn found(shared: Arc<Shared>, race: &str, class: &str) -> Result<RaceResult, ApiError> {
    let (race, class): (RaceId, ClassId) = (parse(race, "the race id")?, parse(class, "the class id")?);
    let result = blocking(move || shared.races.result(race, class, time::now())).await?;
    result.ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            &format!("Nobody has ridden race {race} in class {class}, or it is too long ago."),
        )
    })
}
