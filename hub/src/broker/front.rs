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

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::BytesMut;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

use super::acks::Acks;
use super::{MAX_PACKET, STALLED};
use crate::api::ApiError;
use crate::hub::Shared;
use crate::journal::Journal;
use crate::metrics;

/// `GET /mqtt`.
pub(crate) async fn upgrade(
    State(shared): State<Arc<Shared>>,
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
    let Ok(permit) = Arc::clone(&shared.connections).try_acquire_owned() else {
        metrics::turned_away("full");
        let detail =
            "This hub holds as many riders as its limit of open files allows: raise it with `ulimit -n`.";
        return ApiError::new(StatusCode::SERVICE_UNAVAILABLE, detail).into_response();
    };
    let broker = shared.broker.address;
    let journal = Arc::clone(&shared.journal);
    let mut stop = shared.stop.clone();
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .on_upgrade(move |socket| async move {
            tokio::select! {
                () = join(socket, broker, journal, Patience::default(), permit) => {}
                _ = async { _ = stop.wait_for(|stop| *stop).await } => {}
            }
        })
}

/// How long a client may take.
#[derive(Clone, Copy)]
struct Patience {
    /// To be accepted or refused.
    handshake: Duration,
    /// To take in anything of what it is sent.
    stalled: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { handshake: Duration::from_secs(8), stalled: STALLED }
    }
}

/// Carries bytes both ways until either side ends.
async fn join(
    socket: WebSocket,
    broker: SocketAddr,
    journal: Arc<Journal>,
    patience: Patience,
    _permit: OwnedSemaphorePermit,
) {
    metrics::websockets(1.0);
    let (mut to_client, from_client) = socket.split();
    match TcpStream::connect(broker).await {
        Ok(stream) => {
            _ = stream.set_nodelay(true);
            let (from_broker, to_broker) = stream.into_split();
            let close = tokio::select! {
                close = up(from_client, to_broker) => close,
                close = down(from_broker, &mut to_client, &journal, patience) => close,
            };
            if let Some((code, reason)) = close {
                say_goodbye(&mut to_client, code, reason).await;
            }
        }
        Err(error) => {
            tracing::error!(%error, "the embedded broker can't be reached");
            say_goodbye(&mut to_client, close_code::AGAIN, "the broker can't be reached").await;
        }
    }
    metrics::websockets(-1.0);
}

/// Says why, if the client takes it in.
async fn say_goodbye(client: &mut SplitSink<WebSocket, Message>, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    _ = timeout(GOODBYE, client.send(Message::Close(Some(frame)))).await;
}

type Close = Option<(u16, &'static str)>;

async fn up(mut client: SplitStream<WebSocket>, mut broker: OwnedWriteHalf) -> Close {
    while let Some(message) = client.next().await {
        match message {
            Ok(Message::Binary(bytes)) => {
                if broker.write_all(&bytes).await.is_err() {
                    return Some((close_code::NORMAL, "the broker closed"));
                }
            }
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Text(_)) => {
                metrics::turned_away("text-frame");
                return Some((close_code::UNSUPPORTED, "MQTT is binary"));
            }
            Ok(Message::Close(_)) => break,
            Err(error) => {
                metrics::turned_away("websocket-error");
                tracing::debug!(%error, "websocket ended");
                return Some((close_code::PROTOCOL, "malformed or too large"));
            }
        }
    }
    None
}

async fn down(
    mut broker: OwnedReadHalf,
    client: &mut SplitSink<WebSocket, Message>,
    journal: &Journal,
    patience: Patience,
) -> Close {
    let (mut buffer, mut out) = (BytesMut::new(), BytesMut::new());
    let (mut acks, mut durable) = (Acks::default(), journal.durable());
    // The broker's first word is CONNACK. It waits for some malformed CONNECTs for ever; we do not.
    if timeout(patience.handshake, broker.readable()).await.is_err() {
        metrics::turned_away("no-connect");
        return Some((close_code::POLICY, "no valid CONNECT"));
    }
    loop {
        buffer.reserve(READ_BUFFER);
        let waits_for = acks.waits_for();
        tokio::select! {
            read = broker.read_buf(&mut buffer) => {
                if !matches!(read, Ok(1..)) {
                    return Some((close_code::NORMAL, "the broker closed"));
                }
                // Let the broker write what else it has for this client before the message goes.
                tokio::task::yield_now().await;
                while buffer.len() < COALESCE {
                    buffer.reserve(READ_BUFFER);
                    if !matches!(broker.try_read_buf(&mut buffer), Ok(1..)) {
                        break;
                    }
                }
                // The number is asked for after the reading: what was acknowledged was appended before.
                acks.take(&buffer, journal.appended(), &mut out);
                buffer.clear();
            }
            () = reached(&mut durable, waits_for) => {}
        }
        let reached = *durable.borrow_and_update();
        acks.release(reached, &mut out);
        if acks.is_full() {
            return Some((close_code::AGAIN, "nothing can be acknowledged now"));
        }
        if out.is_empty() {
            continue;
        }
        match timeout(patience.stalled, client.send(Message::Binary(out.split().freeze()))).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return None,
            Err(_) => {
                metrics::turned_away("stalled");
                return Some((close_code::POLICY, "takes nothing in"));
            }
        }
    }
}

/// Waits until the journal is on the disk up to a number; for ever without one.
async fn reached(durable: &mut watch::Receiver<u64>, number: Option<u64>) {
    if number.is_none() || durable.wait_for(|durable| Some(*durable) >= number).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What clients may ask for; the one asked for is echoed.
const SUB_PROTOCOLS: [&str; 2] = ["mqtt", "mqttv3.1"];
/// The largest WebSocket message from a client, in bytes.
const MAX_MESSAGE: usize = 2 * MAX_PACKET as usize;
/// How long a last word may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// Buffer of one connection and direction, in bytes: there may be thousands.
const READ_BUFFER: usize = 2 * 1024;
/// A message to a client is sent at this size at the latest, in bytes.
const COALESCE: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::any;
    use tokio::net::TcpListener;
    use tokio::sync::Semaphore;

    use super::*;

    /// A front that joins its clients to `broker`; returns its address.
    async fn front(broker: SocketAddr, patience: Patience) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let upgrade = move |upgrade: WebSocketUpgrade| async move {
            let permit = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
            let (_, journal, _) = crate::rig::open(None, 60);
            upgrade.on_upgrade(move |socket| join(socket, broker, journal, patience, permit))
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
