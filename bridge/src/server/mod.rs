//! The page's side: the page itself, the sensor's WebSocket, and the hub's configuration and API.

mod access;
mod hub;
mod stream;

use std::future::Future;
use std::io;
use std::sync::Arc;

use alleycat_shared::api::Problem;
use alleycat_shared::config::SENSOR_PATH;
use alleycat_shared::message::SensorMessage;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router, middleware};
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
    let shared = Arc::new(Shared { board, hub, pages: Arc::new(Semaphore::new(MAX_PAGES)), stop });
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
    axum::serve(listener, router).with_graceful_shutdown(ended).await
}

async fn health(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let SensorMessage::State { state, driver, port, .. } = shared.board.state() else {
        return Json(serde_json::Value::Null);
    };
    let counters = shared.board.counters();
    Json(serde_json::json!({
        "status": "ok", "sensor": state, "driver": driver, "port": port, "goodFrames": counters.good,
        "badFrames": counters.bad, "skippedBytes": counters.skipped,
        "pages": MAX_PAGES - shared.pages.available_permits(),
    }))
}

/// An error as `application/problem+json` (RFC 9457).
fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Error").to_owned();
    let body = Problem { status: status.as_u16(), title, detail: detail.to_owned() };
    (status, [(CONTENT_TYPE, "application/problem+json")], Json(body)).into_response()
}

/// A tablet has one page; a few more are for looking.
const MAX_PAGES: usize = 16;

const NO_PAGE: &str =
    "This is an Alleycat bridge without a page. Start it with --page DIR; `cargo xtask run` builds one.\n";
