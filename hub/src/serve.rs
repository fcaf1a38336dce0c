//! The hub's HTTP port, with TLS or without: connections with time-outs, and limits on what one address asks.
//!
//! hyper itself is driven here because a client that sends half a request, or none, must not hold a
//! descriptor for ever: [`HEADER_TIMEOUT`] is for both.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::api::ApiError;
use crate::connections::Connections;
use crate::limits::Addresses;
use crate::metrics;
use crate::tls::{Arrival, Tls};

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves `router` until told to stop; then ends what is idle, and waits a moment for the rest. At most
/// `connections` are served at once, WebSockets not counted; more wait to be accepted.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    connections: Arc<Connections>,
    mut stop: watch::Receiver<bool>,
) {
    let mut clients = JoinSet::new();
    loop {
        let accepted = async {
            let permit = connections.room().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            accepted = accepted => accepted,
            Some(_) = clients.join_next() => continue,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match accepted {
            Ok((stream, address)) => match connections.seat(permit, address.ip()) {
                Ok(held) => {
                    let client = arrive(stream, tls.clone(), Peer(address), router.clone(), stop.clone());
                    clients.spawn(async move {
                        client.await;
                        drop(held);
                    });
                }
                // Without a word: a word would take a task and a time-out each.
                Err(full) => metrics::turned_away(full.reason()),
            },
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

async fn arrive(
    stream: TcpStream,
    tls: Option<Tls>,
    peer: Peer,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
    _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return client(stream, peer, router, stop).await };
    let arrival = tokio::select! {
        arrival = tls.accept(stream) => arrival,
        _ = stop.wait_for(|stop| *stop) => return,
    };
    match arrival {
        Some(Arrival::Secure(stream)) => client(stream, peer, router, stop).await,
        Some(Arrival::Plain(stream)) => client(stream, peer, Router::new().fallback(use_https), stop).await,
        None => {}
    }
}

async fn client(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    router: Router,
    mut stop: watch::Receiver<bool>,
) {
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

/// Answers who speaks plain HTTP to a port with TLS: browsers are sent on, programs are told.
async fn use_https(request: Request) -> Response {
    let detail = "This port speaks TLS: use https:// and wss:// addresses.";
    let mut response = ApiError::new(StatusCode::UPGRADE_REQUIRED, detail).into_response();
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let reads =
        [Method::GET, Method::HEAD].contains(request.method()) && !headers.contains_key(header::UPGRADE);
    if let Some(host) = host.filter(|_| reads)
        && let Ok(location) = HeaderValue::from_str(&format!("https://{host}{}", request.uri()))
    {
        // Not for ever: a hub may be without TLS tomorrow.
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        response.headers_mut().insert(header::LOCATION, location);
    }
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// Turns away who asks too often, and gives up who does not come to an end with asking.
pub(crate) async fn limit(State(addresses): State<Arc<Addresses>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    if peer.is_none_or(|Peer(address)| addresses.may(address.ip(), Instant::now())) {
        if let Ok(answer) = tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
            return answer;
        }
        metrics::turned_away("slow-request");
        let detail = "The request took too long to come: ask again.";
        let mut response = ApiError::new(StatusCode::REQUEST_TIMEOUT, detail).into_response();
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        return response;
    }
    metrics::turned_away("address-rate");
    let detail = "Too many requests come from your address: wait a second.";
    let mut response = ApiError::new(StatusCode::TOO_MANY_REQUESTS, detail).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// How long the head of a request may take, and how long a connection may idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request's body may take to come, and its answer to be ready.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long requests that are under way may take at the hub's end.
const GOODBYE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpSocket;

    use super::*;

    /// A connection from another address of this machine.
    async fn from(address: [u8; 4], to: SocketAddr) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((address, 0).into()).unwrap();
        socket.connect(to).await.unwrap()
    }

    async fn is_answered(stream: &mut TcpStream) -> bool {
        // The hub may have hung up already, which is an answer too.
        _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n").await;
        let mut answer = [0; 12];
        let read = tokio::time::timeout(Duration::from_secs(15), stream.read_exact(&mut answer));
        read.await.expect("an answer or an end").is_ok() && answer == *b"HTTP/1.1 200"
    }

    #[tokio::test]
    async fn one_address_that_holds_connections_open_locks_nobody_else_out() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_stop, stopped) = watch::channel(false);
        let router = Router::new().route("/", get(|| async { "well" }));
        let connections = Arc::new(Connections::new(4, true));
        tokio::spawn(serve(listener, None, router, connections, stopped));
        let mut greedy = [from([127, 0, 0, 2], address).await, from([127, 0, 0, 2], address).await];
        for stream in &mut greedy {
            assert!(is_answered(stream).await, "half of the room is for anybody");
        }
        for _ in 0..10 {
            assert!(!is_answered(&mut from([127, 0, 0, 2], address).await).await, "and not more");
        }
        assert!(is_answered(&mut from([127, 0, 0, 3], address).await).await, "the others do not notice");
        let [first, _second] = greedy;
        drop(first);
        let room = async { while !is_answered(&mut from([127, 0, 0, 2], address).await).await {} };
        tokio::time::timeout(Duration::from_secs(15), room).await.expect("what is given back is free again");
    }
}
