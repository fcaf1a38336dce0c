//! MQTT over WebSocket on the hub's port. Packets and WebSocket messages need not line up in either
//! direction; see [`super::session`] for what leaves when.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::time::timeout;

use super::session::{Close, Patience, Wire, serve};
use super::{Broker, MAX_PACKET, READ_BUFFER};
use crate::api::ApiError;
use crate::connections::{Full, Held};
use crate::hub::Shared;
use crate::limits::Rate;
use crate::metrics;
use crate::serve::Peer;

/// `GET /mqtt`.
pub(crate) async fn upgrade(
    State(shared): State<Arc<Shared>>,
    Extension(Peer(address)): Extension<Peer>,
    headers: HeaderMap,
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
    if !shared.origins.may(&headers) {
        metrics::turned_away("origin");
        let detail = "Pages of this origin may not speak to this hub: start it with --allow-origin, or let the proxy \
                      in front pass on the Host header.";
        return ApiError::new(StatusCode::FORBIDDEN, detail).into_response();
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
    let (broker, rate) = (Arc::clone(&shared.broker), shared.client_rate);
    let mut stop = shared.stop.clone();
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .on_upgrade(move |socket| async move {
            tokio::select! {
                () = join(socket, broker, rate, Patience::default(), held) => {}
                _ = async { _ = stop.wait_for(|stop| *stop).await } => {}
            }
        })
}

/// Serves a client until either side ends.
async fn join(socket: WebSocket, broker: Arc<Broker>, rate: Option<Rate>, patience: Patience, _held: Held) {
    metrics::websockets(1.0);
    let mut client = Client(socket);
    if let Some(Close { code, reason }) = serve(&mut client, &broker, rate, patience).await {
        // Says why, if the client takes it in.
        let frame = CloseFrame { code, reason: reason.into() };
        _ = timeout(GOODBYE, client.0.send(Message::Close(Some(frame)))).await;
    }
    metrics::websockets(-1.0);
}

struct Client(WebSocket);

impl Wire for Client {
    async fn receive(&mut self) -> Result<Bytes, Option<Close>> {
        let because = |code, reason| Err(Some(Close { code, reason }));
        loop {
            match self.0.recv().await {
                Some(Ok(Message::Binary(bytes))) => return Ok(bytes),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Text(_))) => {
                    metrics::turned_away("text-frame");
                    return because(close_code::UNSUPPORTED, "MQTT is binary");
                }
                Some(Ok(Message::Close(_))) | None => return Err(None),
                Some(Err(error)) => {
                    metrics::turned_away("websocket-error");
                    tracing::debug!(%error, "websocket ended");
                    return because(close_code::PROTOCOL, "malformed or too large");
                }
            }
        }
    }

    async fn send(&mut self, bytes: Bytes) -> bool {
        self.0.send(Message::Binary(bytes)).await.is_ok()
    }
}

/// What clients may ask for; the one asked for is echoed.
const SUB_PROTOCOLS: [&str; 2] = ["mqtt", "mqttv3.1"];
/// The largest WebSocket message from a client, in bytes.
const MAX_MESSAGE: usize = 2 * MAX_PACKET;
/// How long a last word may take.
const GOODBYE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use alleycat_shared::ClassId;
    use alleycat_shared::topic::Topic;
    use axum::Router;
    use axum::routing::any;
    use futures_util::{SinkExt, StreamExt};
    use tokio::net::TcpListener;
    use tokio_tungstenite::connect_async;
    use tokio_tungstenite::tungstenite::Message;

    use super::*;
    use crate::boards::Outgoing;
    use crate::connections::Connections;

    /// A front for one client with a broker behind it; returns its address.
    async fn front(patience: Patience) -> (SocketAddr, Arc<Broker>, Arc<Connections>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (broker, connections) = (Arc::new(crate::rig::broker()), Arc::new(Connections::new(1, false)));
        let kept = (Arc::clone(&broker), Arc::clone(&connections));
        let upgrade = move |upgrade: WebSocketUpgrade| async move {
            let held = kept.1.take(address.ip()).unwrap_or_else(|_| unreachable!());
            upgrade.on_upgrade(move |socket| join(socket, kept.0, None, patience, held))
        };
        let router = Router::new().route("/mqtt", any(upgrade));
        tokio::spawn(axum::serve(listener, router).into_future());
        (address, broker, connections)
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_in_is_given_up() {
        let patience = Patience { handshake: Duration::from_secs(60), stalled: Duration::from_millis(300) };
        let (front, broker, connections) = front(patience).await;
        let (mut client, _) = connect_async(format!("ws://{front}/mqtt")).await.unwrap();
        let hello =
            b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01c\x82\x19\x00\x01\x00\x14alleycat-subscribe/#\x00";
        client.send(Message::Binary(hello.to_vec().into())).await.unwrap();
        client.next().await.unwrap().unwrap();
        // More than all buffers on the way hold, to a client that reads no more: the front must hang up.
        let topic = Topic::Board(ClassId::try_from(1).unwrap());
        let payload = Bytes::from(vec![b'x'; 1024 * 1024]);
        let flood = async {
            while connections.take(front.ip()).is_err() {
                broker.publish(&[Outgoing { topic, payload: payload.clone(), retain: false }]);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(30), flood).await.expect("the front hangs up");
    }

    #[tokio::test]
    async fn a_client_that_never_says_who_it_is_is_given_up() {
        let patience = Patience { handshake: Duration::from_millis(200), stalled: Duration::from_secs(60) };
        let (front, ..) = front(patience).await;
        let (mut client, _) = connect_async(format!("ws://{front}/mqtt")).await.unwrap();
        let last = timeout(Duration::from_secs(30), client.next()).await.expect("the front hangs up");
        let Some(Ok(Message::Close(Some(frame)))) = last else {
            panic!("a word of goodbye, not {last:?}");
        };
        assert_eq!(frame.reason.as_str(), "no valid CONNECT");
    }
}
