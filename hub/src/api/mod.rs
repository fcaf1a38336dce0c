//! The HTTP API: thin, for all it tells is in [`crate::races`] and [`crate::identity`].

mod problem;

use std::sync::Arc;

use alleycat_shared::api::{Clock, Join, Joined, Leaderboard, RaceResult, Races};
use alleycat_shared::config::PageConfig;
use alleycat_shared::{ClassId, RaceId, RacerName};
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderValue};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::hub::Shared;
use crate::{metrics, time};
pub(crate) use problem::ApiError;

/// Routes of the API, of the page's configuration and of the watchers.
pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/config.json", get(config))
        .route("/api/clock", get(clock))
        .route("/api/join", post(join))
        .route("/api/races", get(races))
        .route("/api/races/{race}/classes/{class}", get(result))
        .route("/api/leaderboard", get(leaderboard))
        .route("/api/{*rest}", get(nothing))
        .route("/healthz", get(health))
        .route("/metrics", get(|| async { metrics::text() }))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .with_state(shared)
}

async fn config(State(shared): State<Arc<Shared>>) -> Json<PageConfig> {
    Json(shared.page_config.clone())
}

async fn clock() -> Json<Clock> {
    Json(Clock { now: time::now() })
}

async fn health(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let now = time::now();
    let race = shared.races.clock().at(now).race_id;
    Json(serde_json::json!({ "status": "ok", "raceId": race, "riders": shared.races.riders(now) }))
}

async fn join(
    State(shared): State<Arc<Shared>>,
    body: Result<Json<Join>, JsonRejection>,
) -> Result<Json<Joined>, ApiError> {
    let Json(join) = body.map_err(|rejection| {
        metrics::turned_away("join-malformed");
        ApiError::new(rejection.status(), &rejection.body_text())
    })?;
    let token = shared.identity.join(&join, time::now()).map_err(|_| {
        metrics::turned_away("join-taken");
        let detail = format!(
            "Racer {} is riding on another device: choose another number, or wait two minutes after it has left.",
            join.racer_id
        );
        ApiError::new(StatusCode::CONFLICT, &detail)
    })?;
    let Join { racer_id, name, .. } = join;
    tracing::debug!(%racer_id, name = RacerName::as_str(&name), "joined");
    Ok(Json(Joined { racer_id, name, token }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RacesQuery {
    class_id: String,
    before: Option<String>,
    limit: Option<String>,
}

async fn races(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<RacesQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Races>, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::bad(&rejection.body_text()))?;
    let class: ClassId = parse(&query.class_id, "classId")?;
    let before: Option<RaceId> = query.before.map(|before| parse(&before, "before")).transpose()?;
    let limit = limit(query.limit.as_deref(), 20, 100)?;
    Ok(Json(Races { races: shared.races.list(class, before, limit, time::now()) }))
}

async fn result(
    State(shared): State<Arc<Shared>>,
    Path((race, class)): Path<(String, String)>,
) -> Result<Json<RaceResult>, ApiError> {
    let (race, class): (RaceId, ClassId) = (parse(&race, "the race id")?, parse(&class, "the class id")?);
    let result = shared.races.result(race, class, time::now()).ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            &format!("Nobody has ridden race {race} in class {class}, or it is too long ago."),
        )
    })?;
    Ok(Json(Arc::unwrap_or_clone(result)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LeaderboardQuery {
    class_id: String,
    limit: Option<String>,
}

async fn leaderboard(
    State(shared): State<Arc<Shared>>,
    query: Result<Query<LeaderboardQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<Leaderboard>, ApiError> {
    let Query(query) = query.map_err(|rejection| ApiError::bad(&rejection.body_text()))?;
    let limit = limit(query.limit.as_deref(), 1_000, 1_000)?;
    Ok(Json(shared.races.leaderboard(parse(&query.class_id, "classId")?, limit)))
}

async fn nothing() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "There is nothing at this path of the API.")
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str, what: &str) -> Result<T, ApiError> {
    text.parse().map_err(|error| ApiError::bad(&format!("{what}: {error}")))
}

fn limit(text: Option<&str>, default: usize, most: usize) -> Result<usize, ApiError> {
    let Some(text) = text else { return Ok(default) };
    let limit: usize = parse(text, "limit")?;
    if (1..=most).contains(&limit) { Ok(limit) } else { Err(ApiError::bad(&format!("limit is 1 to {most}"))) }
}

/// The largest body of a request, in bytes.
const MAX_BODY: usize = 4 * 1024;
