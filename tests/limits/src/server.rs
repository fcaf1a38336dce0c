//! The port before the emulator.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use reqwest::Body;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::calls::{Call, Service};
use crate::gate::Gate;
use crate::{Counts, Settings, answers};

/// The limits before an emulator, on a port of their own, until they are dropped.
#[derive(Debug)]
pub struct Limits {
    address: SocketAddr,
    service: Arc<Service>,
    away: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// The limits can't be put before an emulator.
#[derive(Debug, Error)]
pub enum LimitsError {
    /// The address is taken, or not this machine's.
    #[error("{address} can't be listened on")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no client for the emulator.
    #[error("the emulator can't be asked")]
    Client(#[from] reqwest::Error),
}

impl Limits {
    /// Listens on an address, port 0 for any free one, before the emulator at a URL.
    ///
    /// # Errors
    /// [`LimitsError`]. Whether the emulator is there is seen at the first call.
    pub async fn start(listen: SocketAddr, upstream: &str, settings: Settings) -> Result<Self, LimitsError> {
        let wrong = |source| LimitsError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(wrong)?;
        let address = listener.local_addr().map_err(wrong)?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let service = Arc::new(Service::new(Gate::new(settings), client, upstream));
        let (away, is_away) = watch::channel(false);
        let task = tokio::spawn(serve(listener, Arc::clone(&service), is_away));
        Ok(Self { address, service, away, task })
    }

    /// Where they listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same for a client: the endpoint of the service.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes the stream away, or gives it back: all connections are cut, and new ones are reset. What was asked
    /// before may still be done, as with a service whose answer is lost.
    pub fn away(&self, away: bool) {
        self.away.send_replace(away);
    }

    /// What each shard took, gave and refused.
    pub fn counts(&self) -> Counts {
        self.service.gate().counts()
    }
}

impl Drop for Limits {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, service: Arc<Service>, mut away: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if *away.borrow() => {
                    // Reset, not closed in good order.
                    _ = stream.set_zero_linger();
                }
                Ok((stream, _)) => {
                    _ = stream.set_nodelay(true);
                    connections.spawn(connection(stream, Arc::clone(&service)));
                }
                Err(error) => tracing::warn!(%error, "a connection can't be taken"),
            },
            changed = away.changed() => match changed {
                Ok(()) if *away.borrow() => connections.abort_all(),
                Ok(()) => {}
                Err(_) => return,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, service: Arc<Service>) {
    let answer = service_fn(|request| {
        let service = Arc::clone(&service);
        async move { Ok::<_, Infallible>(answer(request, service).await) }
    });
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await {
        tracing::debug!(%error, "a connection ended");
    }
}

async fn answer(request: Request<Incoming>, service: Arc<Service>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            return answers::error(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLarge", &error.to_string());
        }
    };
    let call = Call { method: parts.method, uri: parts.uri, headers: parts.headers, body };
    // A call that has begun is done, whoever still waits for it: so it is with the service, and an emulator
    // would not survive a request that breaks off.
    let done = tokio::spawn(async move { service.answer(call).await });
    done.await.unwrap_or_else(|_| answers::call_failed())
}

/// A request of 5 MiB as JSON, and then some, in bytes.
const LARGEST: usize = 16 * 1024 * 1024;
