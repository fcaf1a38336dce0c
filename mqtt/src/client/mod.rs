//! The session on tokio, over TCP, TLS or a WebSocket: for native programs.
//!
//! The caller owns the client and its loop; nothing is spawned. All waiting is in [`Client::event`].

#[cfg(feature = "file")]
mod file;
mod link;
mod tls;

#[cfg(feature = "file")]
pub use file::{FileStore, StoreError};
/// For [`Client::tls`].
#[cfg(feature = "tls")]
pub use tokio_rustls::rustls;

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::endpoint::{Endpoint, EndpointError};
use crate::{
    Action, Attempt, Event, Login, Millis, Options, Publish, Qos, Receipt, RequestError, Session, Ticket,
};
use link::{Link, LinkError};
use tls::Tls;

/// An MQTT client.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use alleycat_mqtt::client::Client;
/// use alleycat_mqtt::{Event, Options, Qos};
///
/// let mut client = Client::new("ws://127.0.0.1:8080/mqtt", Options::new("watcher"), 1)?;
/// client.subscribe("alleycat-subscribe/1/board", Qos::AtMostOnce)?;
/// loop {
///     if let Event::Message { topic, payload, .. } = client.event().await {
///         println!("{topic}: {} bytes", payload.len());
///     }
/// }
/// # }
/// ```
pub struct Client {
    endpoints: Endpoints,
    tls: Tls,
    session: Session,
    #[cfg(feature = "file")]
    store: Option<FileStore>,
    max_message: usize,
    socket: Socket,
    outgoing: VecDeque<Bytes>,
    epoch: Instant,
}

type Endpoints = Box<dyn FnMut(Attempt) -> Asking + Send>;
type Asking = Pin<Box<dyn Future<Output = Result<Endpoint, EndpointError>> + Send>>;
type Opening = Pin<Box<dyn Future<Output = Result<(Option<Login>, Link), Failure>> + Send>>;

enum Socket {
    None,
    Opening(u64, Opening),
    Open(u64, Link),
}

enum Failure {
    Endpoint(EndpointError),
    Link(LinkError),
}

/// What the socket did.
enum Step {
    Opened(Result<(Option<Login>, Link), Failure>),
    Read(Result<Bytes, LinkError>),
    Deadline,
}

impl Client {
    /// A client that connects to this address as soon as [`Client::event`] is awaited. `seed` is any
    /// random number: it spreads the waits between attempts.
    ///
    /// # Errors
    /// [`RequestError`] for options that can't be sent or that the limits forbid.
    pub fn new(endpoint: impl Into<Endpoint>, options: Options, seed: u64) -> Result<Self, RequestError> {
        let endpoint = endpoint.into();
        Self::with_endpoints(move |_| std::future::ready(Ok(endpoint.clone())), options, seed)
    }

    /// A client that asks where to connect, and as whom, before every attempt. The answer counts against
    /// [`Options::connect_timeout`].
    ///
    /// # Errors
    /// [`RequestError`] for options that can't be sent or that the limits forbid.
    pub fn with_endpoints<F>(
        mut endpoints: impl FnMut(Attempt) -> F + Send + 'static,
        options: Options,
        seed: u64,
    ) -> Result<Self, RequestError>
    where
        F: Future<Output = Result<Endpoint, EndpointError>> + Send + 'static,
    {
        let max_message = options.max_packet.saturating_add(COALESCED);
        let mut session = Session::new(options, seed)?;
        session.start(0);
        Ok(Self {
            endpoints: Box::new(move |attempt| Box::pin(endpoints(attempt))),
            tls: Tls::default(),
            session,
            #[cfg(feature = "file")]
            store: None,
            max_message,
            socket: Socket::None,
            outgoing: VecDeque::new(),
            epoch: Instant::now(),
        })
    }

    /// Speaks TLS in this way, for a broker with a certificate of its own or one that asks for the
    /// client's.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, config: std::sync::Arc<rustls::ClientConfig>) -> Self {
        self.tls.config = Some(config);
        self
    }

    /// Keeps unacknowledged messages in this store, which survives the program, and takes up what an
    /// earlier run left there. To be called before the first event; [`Options::keep`] must be set. What is
    /// published is on the disk before it is sent.
    ///
    /// # Errors
    /// [`StoreError`] when the store can't be read.
    #[cfg(feature = "file")]
    pub fn keep_in(mut self, store: FileStore) -> Result<Self, StoreError> {
        let nonsense = self.session.restore(store.records()?);
        if nonsense > 0 {
            tracing::warn!(nonsense, "kept messages that can't be read were dropped");
        }
        self.store = Some(store);
        Ok(self)
    }

    /// Says who connects from the next attempt on, unless the endpoint has a login of its own. See
    /// [`Session::set_login`].
    ///
    /// # Errors
    /// [`RequestError`] for a login that can't be sent.
    pub fn set_login(&mut self, login: Login) -> Result<(), RequestError> {
        self.session.set_login(login)
    }

    /// Adds a filter to the declared set; see [`Session::subscribe`].
    ///
    /// # Errors
    /// [`RequestError`] for a filter that can't be subscribed to or that the limits forbid.
    pub fn subscribe(&mut self, filter: &str, qos: Qos) -> Result<(), RequestError> {
        self.session.subscribe(self.now(), filter, qos)
    }

    /// Takes a filter out of the declared set.
    pub fn unsubscribe(&mut self, filter: &str) {
        self.session.unsubscribe(self.now(), filter);
    }

    /// Queues a message; it leaves when [`Client::event`] is next awaited. See [`Session::publish`].
    ///
    /// # Errors
    /// [`RequestError`] for a message that can't be sent, that the limits forbid, or a queue that is full.
    pub fn publish(&mut self, publish: Publish) -> Result<Ticket, RequestError> {
        self.session.publish(self.now(), publish)
    }

    /// The message is taken over and may be acknowledged; see [`Session::accept`].
    pub fn accept(&mut self, receipt: Receipt) {
        self.session.accept(self.now(), receipt);
    }

    /// How many messages are queued or not yet acknowledged.
    pub fn queued(&self) -> usize {
        self.session.queued()
    }

    /// Does all the work until there is something to tell. Losing the future half-way loses nothing.
    pub async fn event(&mut self) -> Event {
        loop {
            if let Some(event) = self.session.poll_event() {
                return event;
            }
            self.act();
            match self.step().await {
                Step::Deadline => self.session.wake(self.now()),
                Step::Opened(opened) => self.opened(opened),
                Step::Read(read) => self.read(read),
            }
        }
    }

    /// Waits until everything is acknowledged, at most `limit`, then says goodbye. Returns how many
    /// messages were not acknowledged.
    pub async fn finish(mut self, limit: Duration) -> usize {
        let acknowledged = async {
            while self.session.queued() > 0 {
                self.event().await;
            }
        };
        _ = tokio::time::timeout(limit, acknowledged).await;
        self.session.stop(self.now());
        // The goodbye itself is sent before `Close` drops the socket.
        if let Socket::Open(_, link) = &mut self.socket {
            while let Some(Action::Send { bytes, .. }) = self.session.poll_action() {
                self.outgoing.push_back(bytes);
            }
            let sent = poll_fn(|cx| link.poll_send(cx, &mut self.outgoing));
            _ = tokio::time::timeout(GOODBYE, sent).await;
        }
        self.keep();
        self.session.queued()
    }

    fn act(&mut self) {
        self.keep();
        while let Some(action) = self.session.poll_action() {
            match action {
                Action::Open { generation, attempt } => {
                    self.outgoing.clear();
                    let (endpoint, tls) = ((self.endpoints)(attempt), self.tls.clone());
                    let max_message = self.max_message;
                    let opening = async move {
                        let Endpoint { url, login } = endpoint.await.map_err(Failure::Endpoint)?;
                        let link = Link::open(url, tls, max_message).await.map_err(Failure::Link)?;
                        Ok((login, link))
                    };
                    self.socket = Socket::Opening(generation, Box::pin(opening));
                }
                Action::Send { bytes, .. } => self.outgoing.push_back(bytes),
                Action::Close { .. } => {
                    self.outgoing.clear();
                    self.socket = Socket::None;
                }
            }
        }
    }

    /// Keeps what is to survive, before it is sent.
    fn keep(&mut self) {
        let changes: Vec<_> = std::iter::from_fn(|| self.session.poll_change()).collect();
        #[cfg(feature = "file")]
        if let Some(store) = &mut self.store
            && !changes.is_empty()
            && let Err(error) = store.apply(&changes)
        {
            tracing::error!(%error, "unacknowledged messages are not kept on the disk");
        }
        drop(changes);
    }

    async fn step(&mut self) -> Step {
        let deadline = self.session.next_deadline().map(|at| self.epoch + Duration::from_millis(at));
        let timer = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let read = self.session.wants_bytes();
        let socket = poll_fn(|cx| match &mut self.socket {
            Socket::None => Poll::Pending,
            Socket::Opening(_, opening) => opening.as_mut().poll(cx).map(Step::Opened),
            Socket::Open(_, link) => link.poll(cx, &mut self.outgoing, read).map(Step::Read),
        });
        tokio::select! {
            biased;
            step = socket => step,
            () = timer => Step::Deadline,
        }
    }

    fn opened(&mut self, opened: Result<(Option<Login>, Link), Failure>) {
        let Socket::Opening(generation, _) = self.socket else { return };
        let now = self.now();
        self.socket = Socket::None;
        match opened {
            Ok((login, link)) => {
                if let Some(Err(error)) = login.map(|login| self.session.set_login(login)) {
                    tracing::warn!(%error, "the login can't be sent");
                    return self.session.no_endpoint(now, generation);
                }
                self.socket = Socket::Open(generation, link);
                self.session.opened(now, generation);
            }
            Err(Failure::Endpoint(error)) => {
                tracing::debug!(%error, "no endpoint to connect to");
                self.session.no_endpoint(now, generation);
            }
            Err(Failure::Link(error)) => {
                tracing::debug!(%error, "the broker can't be reached");
                self.session.closed(now, generation);
            }
        }
    }

    fn read(&mut self, read: Result<Bytes, LinkError>) {
        let Socket::Open(generation, _) = self.socket else { return };
        let now = self.now();
        match read {
            Ok(bytes) => self.session.received(now, generation, &bytes),
            Err(error) => {
                tracing::debug!(%error, "the connection ended");
                self.socket = Socket::None;
                self.session.closed(now, generation);
            }
        }
    }

    fn now(&self) -> Millis {
        Millis::try_from(self.epoch.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }
}

/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// How much more than one packet a WebSocket message may hold, in bytes.
const COALESCED: usize = 1024 * 1024;
