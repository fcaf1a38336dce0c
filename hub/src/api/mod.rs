//! The HTTP API: thin, for all it tells is in [`crate::races`] and [`crate::identity`].

mod problem;

use std::sync::Arc;

use alleycat_shared::api::{Clock, Join, Joined, Leaderboard, RaceResult, Races, RideTrace, TraceSecond};
use alleycat_shared::config::PageConfig;
use alleycat_shared::{ClassId, RaceId, RacerId, RacerName};
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
use crate::store::StoreError;
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
        .route("/api/races/{race}/classes/{class}/racers/{racer}", get(ride))
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
    let failing = shared.journal.failing();
    let status = if failing.is_some() { "degraded" } else { "ok" };
    let store = match failing {
        Some(reason) => format!("can't be written, so nothing is acknowledged: {reason}"),
        None if shared.store.is_kept() => "ok".to_owned(),
        None => "in memory".to_owned(),
    };
    let riders = shared.races.riders(now);
    Json(serde_json::json!({ "status": status, "raceId": race, "riders": riders, "store": store }))
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
    let races = blocking(move || shared.races.list(class, before, limit, time::now())).await?;
    Ok(Json(Races { races }))
}

async fn result(
    State(shared): State<Arc<Shared>>,
    Path((race, class)): Path<(String, String)>,
) -> Result<Json<RaceResult>, ApiError> {
    let (race, class): (RaceId, ClassId) = (parse(&race, "the race id")?, parse(&class, "the class id")?);
    let result = blocking(move || shared.races.result(race, class, time::now())).await?.ok_or_else(|| {
        ApiError::new(
            StatusCode::NOT_FOUND,
            &format!("Nobody has ridden race {race} in class {class}, or it is too long ago."),
        )
    })?;
    Ok(Json(result))
}

async fn ride(
    State(shared): State<Arc<Shared>>,
    Path((race, class, racer)): Path<(String, String, String)>,
) -> Result<Json<RideTrace>, ApiError> {
    let (race_id, class_id): (RaceId, ClassId) =
        (parse(&race, "the race id")?, parse(&class, "the class id")?);
    let racer_id: RacerId = parse(&racer, "the racer id")?;
    let found = blocking(move || shared.races.ride(race_id, class_id, racer_id, time::now())).await?;
    let (state, ride) = found.ok_or_else(|| {
        let detail = format!(
            "Racer {racer_id} has not ridden race {race_id} in class {class_id}, or it is too long ago."
        );
        ApiError::new(StatusCode::NOT_FOUND, &detail)
    })?;
    let ridden = (1..).zip(ride.ridden()).zip(ride.trace());
    let seconds = ridden.filter_map(|((second, ridden), score)| {
        let ridden = (*ridden)?;
        let (cadence, resistance) = (ridden.cadence(), ridden.resistance());
        Some(TraceSecond { second, cadence, resistance, output: ridden.output, score: *score })
    });
    let (seconds, score, name) = (seconds.collect(), ride.score(), ride.name);
    Ok(Json(RideTrace { race_id, class_id, racer_id, name, state, score, seconds }))
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

/// Asks the store without holding up others.
async fn blocking<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, ApiError> {
    let answer = tokio::task::spawn_blocking(ask).await;
    let failed = |error: &dyn std::error::Error| {
        tracing::error!(%error, "the store can't be read");
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "The hub's store can't be read: see its log.")
    };
    answer.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
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
