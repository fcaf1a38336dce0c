//! MQTT over WebSocket on the hub's port, joined to the broker over loopback.
//!
//! Packets and WebSocket messages need not line up in either direction. Towards the client everything
//! that the broker has written by then leaves as one message: in a browser the cost is per message, not
//! per packet. Nothing is queued here: who reads slowly is sent to slowly, and the broker's bounded queue
//! for that client fills up. Who takes nothing at all for a while is given up; without that, a client that
//! is gone without a word would hold its three descriptors until the system's TCP gives up, a quarter of
//! an hour later.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;

use super::MAX_PACKET;
use super::link::{Close, Inlet, Outlet, Patience, READ_BUFFER, link};
use crate::api::ApiError;
use crate::connections::{Full, Held};
use crate::hub::Shared;
use crate::journal::Journal;
use crate::limits::Rate;
use crate::metrics;
use crate::serve::Peer;

/// `GET /mqtt`.
pub(crate) async fn upgrade(
    State(shared): State<Arc<Shared>>,
    Extension(Peer(address)): Extension<Peer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade.protocols(SUB_PROTOCOLS),
        Err(_) => {
            metrics::turned_away("no-websocket");
            return ApiError::new(
                StatusCode::UPGRADE_REQUIRED,
                "This is MQTT over WebSocket: connect with an MQTT client.",
            )
            .into_response();
        }
    };
    if upgrade.selected_protocol().is_none() {
        metrics::turned_away("sub-protocol");
        return ApiError::bad("Ask for the WebSocket sub-protocol `mqtt` (or `mqttv3.1`).").into_response();
    }
    let held = match shared.connections.take(address.ip()) {
        Ok(held) => held,
        Err(full) => {
            metrics::turned_away(full.reason());
            let detail = match full {
                Full::Hub => {
                    "This hub holds as many riders as its limit of open files allows: raise it with `ulimit -n`."
                }
                Full::Address => {
                    "Half of this hub's connections are held by your address: close some. For a proxy in front, start \
                     the hub with --client-rate 0."
                }
            };
            return ApiError::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response();
        }
    };
    let broker = shared.broker.address;
    let (journal, rate) = (Arc::clone(&shared.journal), shared.client_rate);
    let mut stop = shared.stop.clone();
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .on_upgrade(move |socket| async move {
            tokio::select! {
                () = join(socket, broker, rate, journal, Patience::default(), held) => {}
                _ = async { _ = stop.wait_for(|stop| *stop).await } => {}
            }
        })
}

/// Carries bytes both ways until either side ends.
async fn join(
    socket: WebSocket,
    broker: SocketAddr,
    rate: Option<Rate>,
    journal: Arc<Journal>,
    patience: Patience,
    _held: Held,
) {
    metrics::websockets(1.0);
    let (to_client, from_client) = socket.split();
    let mut client = Outgoing(to_client);
    let close = link(
        broker,
        |to_broker| up(from_client, Inlet::new(to_broker, rate)),
        &mut client,
        &journal,
        patience,
    )
    .await;
    if let Some(Close { code, reason }) = close {
        say_goodbye(&mut client.0, code, reason).await;
    }
    metrics::websockets(-1.0);
}

/// The client's end, one message a call.
struct Outgoing(SplitSink<WebSocket, Message>);

impl Outlet for Outgoing {
    async fn put(&mut self, bytes: Bytes) -> bool {
        self.0.send(Message::Binary(bytes)).await.is_ok()
    }
}

/// Says why, if the client takes it in.
async fn say_goodbye(client: &mut SplitSink<WebSocket, Message>, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    _ = timeout(GOODBYE, client.send(Message::Close(Some(frame)))).await;
}

async fn up(mut client: SplitStream<WebSocket>, mut broker: Inlet) -> Option<Close> {
    while let Some(message) = client.next().await {
        match message {
            Ok(Message::Binary(bytes)) => {
                if let Err(close) = broker.take(&bytes).await {
                    return Some(close);
                }
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Text(_)) => {
                metrics::turned_away("text-frame");
                return Close::because(close_code::UNSUPPORTED, "MQTT is binary");
            }
            Ok(Message::Close(_)) => break,
            Err(error) => {
                metrics::turned_away("websocket-error");
                tracing::debug!(%error, "websocket ended");
                return Close::because(close_code::PROTOCOL, "malformed or too large");
            }
        }
    }
    None
}

/// What clients may ask for; the one asked for is echoed.
const SUB_PROTOCOLS: [&str; 2] = ["mqtt", "mqttv3.1"];
/// The largest WebSocket message from a client, in bytes.
const MAX_MESSAGE: usize = 2 * MAX_PACKET as usize;
/// How long a last word may take.
const GOODBYE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::any;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::connections::Connections;

    /// A front that joins its clients to `broker`; returns its address.
    async fn front(broker: SocketAddr, patience: Patience) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let upgrade = move |upgrade: WebSocketUpgrade| async move {
            let held = Connections::new(1, false).take(broker.ip()).unwrap_or_else(|_| unreachable!());
            let (_, journal, _) = crate::rig::open(None, 60);
            upgrade.on_upgrade(move |socket| join(socket, broker, None, journal, patience, held))
        };
        let router = Router::new().route("/mqtt", any(upgrade));
        tokio::spawn(axum::serve(listener, router).into_future());
        address
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_in_is_given_up() {
        let broker = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let patience = Patience { handshake: Duration::from_secs(60), stalled: Duration::from_millis(300) };
        let front = front(broker.local_addr().unwrap(), patience).await;
        let (_client, _) = tokio_tungstenite::connect_async(format!("ws://{front}/mqtt")).await.unwrap();
        let (mut stream, _) = broker.accept().await.unwrap();
        // More than all buffers on the way hold, to a client that never reads: the front must hang up.
        let flood = async { while stream.write_all(&[0; 64 * 1024]).await.is_ok() {} };
        timeout(Duration::from_secs(30), flood).await.expect("the front hangs up");
    }

    #[tokio::test]
    async fn a_client_that_is_never_answered_is_given_up() {
        let broker = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let patience = Patience { handshake: Duration::from_millis(200), stalled: Duration::from_secs(60) };
        let front = front(broker.local_addr().unwrap(), patience).await;
        let (mut client, _) = tokio_tungstenite::connect_async(format!("ws://{front}/mqtt")).await.unwrap();
        let (_silent, _) = broker.accept().await.unwrap();
        let last = timeout(Duration::from_secs(30), client.next()).await.expect("the front hangs up");
        let Some(Ok(tokio_tungstenite::tungstenite::Message::Close(Some(frame)))) = last else {
            panic!("a word of goodbye, not {last:?}");
        };
        assert_eq!(frame.reason.as_str(), "no valid CONNECT");
    }
}
