//! The hub's HTTP port: connections with time-outs, and a limit on what one address asks.
//!
//! hyper itself is driven here because a client that sends half a request, or none, must not hold a
//! descriptor for ever: [`HEADER_TIMEOUT`] is for both.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::api::ApiError;
use crate::limits::Addresses;
use crate::metrics;

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves `router` until told to stop; then ends what is idle, and waits a moment for the rest. At most
/// `connections` are served at once, WebSockets not counted; more wait to be accepted.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    connections: usize,
    mut stop: watch::Receiver<bool>,
) {
    let permits = Arc::new(Semaphore::new(connections));
    let mut clients = JoinSet::new();
    loop {
        let accepted = async {
            let permit = Arc::clone(&permits).acquire_owned().await.expect("never closed");
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            accepted = accepted => accepted,
            Some(_) = clients.join_next() => continue,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let client = client(stream, Peer(address), router.clone(), stop.clone());
                clients.spawn(async move {
                    client.await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Mostly a lack of descriptors, which does not mend itself at once.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    let rest = async { while clients.join_next().await.is_some() {} };
    _ = tokio::time::timeout(GOODBYE, rest).await;
}

async fn client(stream: TcpStream, peer: Peer, router: Router, mut stop: watch::Receiver<bool>) {
    _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer);
        hyper::service::Service::call(&router, request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A client that goes or breaks the protocol is its own affair.
        _ = connection.as_mut() => return,
        _ = stop.wait_for(|stop| *stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    _ = connection.await;
}

/// Turns away who asks too often.
pub(crate) async fn limit(State(addresses): State<Arc<Addresses>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    if peer.is_none_or(|Peer(address)| addresses.may(address.ip(), Instant::now())) {
        return next.run(request).await;
    }
    metrics::turned_away("address-rate");
    let detail = "Too many requests come from your address: wait a second.";
    let mut response = ApiError::new(StatusCode::TOO_MANY_REQUESTS, detail).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// How long the head of a request may take, and how long a connection may idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long requests that are under way may take at the hub's end.
const GOODBYE: Duration = Duration::from_secs(1);
