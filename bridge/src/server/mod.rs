//! The page's side: the page itself, the sensor's WebSocket, and the hub's configuration and API.

mod access;
mod hub;
mod mirror;
mod status;
mod store;
mod stream;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use alleycat_shared::api::Problem;
use alleycat_shared::config::SENSOR_PATH;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Json, Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::config::Serve;
use crate::sensor::Board;
use access::Access;
use hub::Hub;
use store::Store;

/// What the routes share.
pub(crate) struct Shared {
    board: Board,
    hub: Hub,
    /// One permit a page.
    pages: Arc<Semaphore>,
    /// Messages that pages were too slow for.
    skipped: AtomicU64,
    /// When a page last said that it is alive.
    heartbeat: watch::Sender<Option<Instant>>,
    started: Instant,
    /// Why the hub's page was not fetched the last time.
    page_problem: watch::Sender<Option<String>>,
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
    let store = serve.state.as_deref().map(Store::open).transpose()?;
    let kept = store.as_ref().map(|store| (store.page(), store.page_before()));
    let hub = Hub::new(serve.hub, serve.hub_ca.as_deref(), store)?;
    let mut stopping = stop.clone();
    let shared = Arc::new(Shared {
        board,
        hub,
        pages: Arc::new(Semaphore::new(MAX_PAGES)),
        skipped: AtomicU64::new(0),
        heartbeat: watch::Sender::default(),
        started: Instant::now(),
        page_problem: watch::Sender::default(),
        stop,
    });
    let mirrored = serve.page.is_none().then(|| mirror::run(Arc::clone(&shared)));
    let page = match (&serve.page, kept) {
        (Some(folder), _) => Router::new().fallback_service(ServeDir::new(folder)),
        (None, Some((page, before))) => {
            // Whoever has the index of the page before gets the rest of it as well.
            let last = ServeDir::new(before).fallback(get(|| async { (StatusCode::NOT_FOUND, NOT_KEPT) }));
            Router::new().fallback_service(ServeDir::new(page).fallback(last))
        }
        (None, None) => Router::new().route("/", get(|| async { NO_PAGE })),
    };
    let router = Router::new()
        .route(SENSOR_PATH, any(stream::upgrade))
        .route("/config.json", get(hub::config))
        .route("/api/{*path}", any(hub::api))
        .route("/healthz", get(status::status))
        .route("/status", get(status::status))
        .route("/metrics", get(status::metrics))
        .with_state(Arc::clone(&shared))
        .merge(page.layer(middleware::from_fn_with_state(shared, hub::guard)))
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
        () = async { match mirrored { Some(mirrored) => mirrored.await, None => std::future::pending().await } } => Ok(()),
    }
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

const NO_PAGE: &str = "This is an Alleycat bridge without a page. Start it with --page DIR (`cargo xtask page` builds one), \
    or with --state DIR to get the hub's.\n";
const NOT_KEPT: &str =
    "Not here. If the page has never been fetched from the hub: start the hub, and wait a minute.\n";
