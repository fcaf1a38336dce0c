//! The HTTP API: thin, for all it tells is in [`crate::races`], [`crate::store`] and [`crate::identity`].
//!
//! Each handler carries its own documentation; `/api/openapi.json` is made of it.

mod conditional;
mod identity;
mod links;
mod mqtt_url;
mod pair;
mod privacy;
mod problem;
mod races;
mod rides;
mod service;
mod verdicts;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::routing::get;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::host::status;
use crate::hub::Shared;
use crate::metrics;
use crate::store::StoreError;
pub(crate) use identity::host;
pub(crate) use mqtt_url::Signer;
pub(crate) use problem::ApiError;

#[derive(OpenApi)]
#[openapi(info(
    title = "Alleycat hub",
    description = "Races, results, rides and records. Errors are `application/problem+json` with a `detail` that \
                   says what to do. Whatever carries an `ETag` may be asked for with `If-None-Match`."
))]
struct Document;

/// Routes of the API, of the page's configuration and of the watchers.
pub(crate) fn routes(shared: Arc<Shared>) -> Router {
    let kept = OpenApiRouter::new()
        .routes(routes!(races::list))
        .routes(routes!(races::result))
        .routes(routes!(races::result_csv))
        .routes(routes!(races::leaderboard))
        .routes(routes!(rides::trace))
        .routes(routes!(rides::places))
        .routes(routes!(privacy::records))
        .routes(routes!(rides::file))
        .routes(routes!(rides::history, privacy::delete))
        .layer(middleware::from_fn(conditional::etag));
    let never_kept = OpenApiRouter::new()
        .routes(routes!(service::config))
        .routes(routes!(service::clock))
        .routes(routes!(service::health))
        .routes(routes!(identity::join))
        .routes(routes!(identity::leave))
        .routes(routes!(links::link))
        .routes(routes!(pair::offer))
        .routes(routes!(pair::hand, pair::claim))
        .routes(routes!(privacy::name))
        .routes(routes!(mqtt_url::mqtt_url))
        .routes(routes!(identity::seats))
        .routes(routes!(identity::free))
        .routes(routes!(verdicts::judge))
        .routes(routes!(identity::rename))
        .routes(routes!(status::status))
        .route("/metrics", get(|| async { metrics::text() }))
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-store")));
    let (router, document) =
        OpenApiRouter::with_openapi(Document::openapi()).merge(kept).merge(never_kept).split_for_parts();
    let document = document.to_json().expect("a description is plain data");
    router
        .route("/api/openapi.json", get(|| async { ([("content-type", "application/json")], document) }))
        .route("/api/{*rest}", get(nothing))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(shared)
}

async fn nothing() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "There is nothing at this path of the API.")
}

/// Asks the store without holding up others.
async fn blocking<T: Send + 'static>(
    ask: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, ApiError> {
    let answer = tokio::task::spawn_blocking(ask).await;
    answer.map_err(|error| ApiError::failed(&error))?.map_err(|error| ApiError::failed(&error))
}

/// Waits until the journal's entry of a number is on the disk.
async fn until_kept(shared: &Shared, number: u64) -> Result<(), ApiError> {
    let mut durable = shared.journal.durable();
    let kept = tokio::time::timeout(PATIENCE, durable.wait_for(|durable| *durable >= number)).await;
    kept.map(drop).map_err(|_| {
        let detail = "It counts, but the disk can't be written: free some room, then send it again.";
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    })
}

/// The token or key that a request shows as `Authorization: Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str, what: &str) -> Result<T, ApiError> {
    text.parse().map_err(|error| ApiError::bad(&format!("{what}: {error}")))
}

/// A number of lines, 1 to `most`.
fn limit(text: Option<&str>, default: usize, most: usize) -> Result<usize, ApiError> {
    let Some(text) = text else { return Ok(default) };
    let limit: usize = parse(text, "limit")?;
    if (1..=most).contains(&limit) { Ok(limit) } else { Err(ApiError::bad(&format!("limit is 1 to {most}"))) }
}

/// How long a disk is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest body of a request, in bytes.
const MAX_BODY: usize = 4 * 1024;
