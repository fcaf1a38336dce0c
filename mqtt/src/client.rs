//! The session on tokio, over a WebSocket (sub-protocol `mqtt`): for native programs.
//!
//! The caller owns the client and its loop; nothing is spawned. All waiting is in [`Client::event`].

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::{Action, EncodeError, Event, Millis, Options, PublishError, Qos, Session, Ticket};

/// An MQTT client over a WebSocket.
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
    url: String,
    session: Session,
    socket: Socket,
    outgoing: VecDeque<Bytes>,
    unflushed: bool,
    epoch: Instant,
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Opening = Pin<Box<dyn Future<Output = Result<Box<Stream>, tungstenite::Error>> + Send>>;

enum Socket {
    None,
    Opening(u64, Opening),
    Open(u64, Box<Stream>),
}

/// What the socket did.
enum Step {
    Opened(Result<Box<Stream>, tungstenite::Error>),
    Writable(Result<(), tungstenite::Error>),
    Flushed(Result<(), tungstenite::Error>),
    Read(Option<Result<Message, tungstenite::Error>>),
    Deadline,
}

impl Client {
    /// A client that connects to `url` (`ws://…`) as soon as [`Client::event`] is awaited. `seed` is any
    /// random number: it spreads the waits between attempts.
    ///
    /// # Errors
    /// [`EncodeError`] for options that can't be sent.
    pub fn new(url: impl Into<String>, options: Options, seed: u64) -> Result<Self, EncodeError> {
        let mut session = Session::new(options, seed)?;
        session.start(0);
        Ok(Self {
            url: url.into(),
            session,
            socket: Socket::None,
            outgoing: VecDeque::new(),
            unflushed: false,
            epoch: Instant::now(),
        })
    }

    /// Adds a filter to the declared set; see [`Session::subscribe`].
    ///
    /// # Errors
    /// [`EncodeError::Filter`] for a filter that can't be subscribed to.
    pub fn subscribe(&mut self, filter: &str, qos: Qos) -> Result<(), EncodeError> {
        self.session.subscribe(self.now(), filter, qos)
    }

    /// Queues a message; it leaves when [`Client::event`] is next awaited. See [`Session::publish`].
    ///
    /// # Errors
    /// [`PublishError`] for a message that can't be sent or a queue that is full.
    pub fn publish(
        &mut self,
        topic: &str,
        payload: impl Into<Bytes>,
        qos: Qos,
    ) -> Result<Ticket, PublishError> {
        self.session.publish(self.now(), topic, payload, qos, false)
    }

    /// How many messages are queued or not yet acknowledged.
    pub fn queued(&self) -> usize {
        self.session.queued()
    }

    /// Does all the work until there is something to tell. Losing the future half-way loses nothing.
    pub async fn event(&mut self) -> Event {
        loop {
            self.act();
            if let Some(event) = self.session.poll_event() {
                return event;
            }
            match self.step().await {
                Step::Deadline => self.session.wake(self.now()),
                step => self.react(step),
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
        let left = self.session.queued();
        self.session.stop(self.now());
        // The goodbye itself; `Close` then drops the socket.
        if let Socket::Open(_, stream) = &mut self.socket {
            while let Some(Action::Send { bytes, .. }) = self.session.poll_action() {
                _ = tokio::time::timeout(GOODBYE, stream.send(Message::Binary(bytes))).await;
            }
            _ = tokio::time::timeout(GOODBYE, stream.as_mut().close(None)).await;
        }
        left
    }

    fn act(&mut self) {
        while let Some(action) = self.session.poll_action() {
            match action {
                Action::Open { generation } => {
                    self.outgoing.clear();
                    self.socket = Socket::Opening(generation, Box::pin(open(self.url.clone())));
                }
                Action::Send { bytes, .. } => self.outgoing.push_back(bytes),
                Action::Close { .. } => {
                    self.outgoing.clear();
                    self.socket = Socket::None;
                }
            }
        }
    }

    async fn step(&mut self) -> Step {
        let deadline = self.session.next_deadline().map(|at| self.epoch + Duration::from_millis(at));
        let timer = async {
            match deadline {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let (outgoing, unflushed) = (!self.outgoing.is_empty(), self.unflushed);
        let socket = poll_fn(|cx| match &mut self.socket {
            Socket::None => Poll::Pending,
            Socket::Opening(_, opening) => opening.as_mut().poll(cx).map(Step::Opened),
            Socket::Open(_, stream) => {
                if outgoing {
                    if let Poll::Ready(ready) = stream.poll_ready_unpin(cx) {
                        return Poll::Ready(Step::Writable(ready));
                    }
                } else if unflushed && let Poll::Ready(flushed) = stream.poll_flush_unpin(cx) {
                    return Poll::Ready(Step::Flushed(flushed));
                }
                stream.poll_next_unpin(cx).map(Step::Read)
            }
        });
        tokio::select! {
            biased;
            step = socket => step,
            () = timer => Step::Deadline,
        }
    }

    fn react(&mut self, step: Step) {
        let now = self.now();
        let (Socket::Opening(generation, _) | Socket::Open(generation, _)) = self.socket else { return };
        let failure = match step {
            Step::Deadline => return,
            Step::Opened(Ok(stream)) => {
                self.socket = Socket::Open(generation, stream);
                self.unflushed = false;
                self.session.opened(now, generation);
                return;
            }
            Step::Writable(Ok(())) => {
                let (Socket::Open(_, stream), Some(bytes)) = (&mut self.socket, self.outgoing.pop_front())
                else {
                    return;
                };
                self.unflushed = true;
                let Err(error) = stream.start_send_unpin(Message::Binary(bytes)) else { return };
                error.to_string()
            }
            Step::Flushed(Ok(())) => {
                self.unflushed = false;
                return;
            }
            Step::Read(Some(Ok(Message::Binary(bytes)))) => {
                self.session.received(now, generation, &bytes);
                return;
            }
            // Ping and Pong are answered by the WebSocket; text is not MQTT and is left alone.
            Step::Read(Some(Ok(
                Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_),
            ))) => return,
            Step::Read(Some(Ok(Message::Close(_))) | None) => "closed by the peer".to_owned(),
            Step::Opened(Err(error))
            | Step::Writable(Err(error))
            | Step::Flushed(Err(error))
            | Step::Read(Some(Err(error))) => error.to_string(),
        };
        tracing::debug!(url = self.url, %failure, "mqtt socket ended");
        self.socket = Socket::None;
        self.session.closed(now, generation);
    }

    fn now(&self) -> Millis {
        Millis::try_from(self.epoch.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }
}

async fn open(url: String) -> Result<Box<Stream>, tungstenite::Error> {
    let mut request = url.into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("mqtt"));
    let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(0);
    let (stream, _) = tokio_tungstenite::connect_async_with_config(request, Some(config), true).await?;
    Ok(Box::new(stream))
}

/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// Read buffer of a connection in bytes: a program may have thousands of them.
const BUFFER: usize = 4 * 1024;
