//! What the peer's page needs: its files, npm's packages, and a board that changes.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use axum::Router;
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;

/// Serves on a free port until it is aborted.
pub(crate) async fn serve(
    node: &Path,
    page: &Path,
    riders: u32,
) -> anyhow::Result<(JoinHandle<std::io::Result<()>>, SocketAddr)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let start = Instant::now();
    let board = move || async move { axum::Json(board(riders, start.elapsed().as_secs_f64())) };
    let router = Router::new()
        .route("/board", get(board))
        .nest_service("/node", ServeDir::new(node))
        .fallback_service(ServeDir::new(page))
        .layer(CompressionLayer::new());
    Ok((tokio::spawn(axum::serve(listener, router).into_future()), address))
}

/// Scores that all rise, each at a pace of its own that changes, so that riders overtake each other.
fn board(riders: u32, seconds: f64) -> serde_json::Value {
    let rows = (0..riders).map(|racer| {
        let own = f64::from(racer);
        let output = seconds * (150.0 + own % 20.0) + 60.0 * (seconds / 7.0 + own).sin() + 1_000.0;
        json!({ "racerId": racer, "name": format!("Rider {racer}"), "output": output })
    });
    rows.collect()
}
