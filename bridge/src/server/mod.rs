//! The page's side: the page itself, the sensor's WebSocket, and the hub's configuration and API.

mod access;
mod hub;
mod stream;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use alleycat_shared::api::Problem;
use alleycat_shared::config::SENSOR_PATH;
use alleycat_shared::message::SensorState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router, middleware};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::config::Serve;
use crate::sensor::Board;
use access::Access;
use hub::Hub;

/// What the routes share.
pub(crate) struct Shared {
    board: Board,
    hub: Hub,
    /// One permit a page.
    pages: Arc<Semaphore>,
    /// Messages that pages were too slow for.
    skipped: AtomicU64,
    stop: watch::Receiver<bool>,
}

/// Serves until `shutdown` is done.
pub(crate) async fn serve(
    serve: Serve,
    board: Board,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let port = listener.local_addr()?.port();
    let access = Arc::new(Access::new(&serve, port));
    let (stop_sender, stop) = watch::channel(false);
    let hub = Hub::new(serve.hub).map_err(io::Error::other)?;
    let mut stopping = stop.clone();
    let shared = Arc::new(Shared {
        board,
        hub,
        pages: Arc::new(Semaphore::new(MAX_PAGES)),
        skipped: AtomicU64::new(0),
        stop,
    });
    let page = match &serve.page {
        Some(folder) => Router::new().fallback_service(ServeDir::new(folder)),
        None => Router::new().route("/", get(|| async { NO_PAGE })),
    };
    let router = Router::new()
        .route(SENSOR_PATH, any(stream::upgrade))
        .route("/config.json", get(hub::config))
        .route("/api/{*path}", any(hub::api))
        .route("/healthz", get(health))
        .with_state(shared)
        .merge(page)
        // Asking on this machine costs nothing, and a page is never an old one.
        .layer(SetResponseHeaderLayer::if_not_present(CACHE_CONTROL, HeaderValue::from_static("no-cache")))
        .layer(middleware::from_fn_with_state(access, access::check));
    let ended = async move {
        shutdown.await;
        _ = stop_sender.send(true);
    };
    let late = async move {
        _ = stopping.wait_for(|stop| *stop).await;
        tokio::time::sleep(PARTING).await;
    };
    tokio::select! {
        served = axum::serve(listener, router).with_graceful_shutdown(ended) => served,
        // Somebody holds a connection open and says nothing.
        () = late => Ok(()),
    }
}

/// Body of `GET /healthz`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    status: &'static str,
    sensor: SensorState,
    driver: &'static str,
    port: String,
    good_frames: u64,
    bad_frames: BadFrames,
    skipped_bytes: u64,
    pages: usize,
    skipped_messages: u64,
}

#[derive(Serialize)]
struct BadFrames {
    checksum: u64,
    form: u64,
    range: u64,
    unchecked: u64,
}

async fn health(State(shared): State<Arc<Shared>>) -> Json<Health> {
    let (board, counters) = (&shared.board, shared.board.counters());
    let bad = counters.bad;
    Json(Health {
        status: "ok",
        sensor: board.state(),
        driver: board.driver(),
        port: board.port().to_owned(),
        good_frames: counters.good,
        bad_frames: BadFrames {
            checksum: bad.checksum,
            form: bad.form,
            range: bad.range,
            unchecked: bad.unchecked,
        },
        skipped_bytes: counters.skipped,
        pages: MAX_PAGES - shared.pages.available_permits(),
        skipped_messages: shared.skipped.load(Ordering::Relaxed),
    })
}

/// An error as `application/problem+json` (RFC 9457).
fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Error").to_owned();
    let body = Problem { status: status.as_u16(), title, detail: detail.to_owned() };
    (status, [(CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
}

/// A tablet has one page; a few more are for looking.
const MAX_PAGES: usize = 16;
/// How long connections may take to end.
const PARTING: Duration = Duration::from_secs(3);

const NO_PAGE: &str =
    "This is an Alleycat bridge without a page. Start it with --page DIR; `cargo xtask run` builds one.\n";
