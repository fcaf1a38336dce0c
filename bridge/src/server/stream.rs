//! `/sensor`: the state at once, then states and readings as they come.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use alleycat_shared::message::SensorMessage;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures_util::{Sink, SinkExt};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use super::{Shared, problem};

pub(super) async fn upgrade(
    State(shared): State<Arc<Shared>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let Ok(permit) = Arc::clone(&shared.pages).try_acquire_owned() else {
        return problem(StatusCode::SERVICE_UNAVAILABLE, "Too many pages read this bike: close one.");
    };
    upgrade.max_message_size(MAX_INBOUND).max_frame_size(MAX_INBOUND).on_upgrade(async move |socket| {
        stream(socket, &shared).await;
        drop(permit);
    })
}

async fn stream(mut socket: WebSocket, shared: &Shared) {
    // Subscribed first: a change in between is told twice rather than never.
    let mut messages = shared.board.subscribe();
    let mut stop = shared.stop.clone();
    let board = &shared.board;
    if send(&mut socket, &board.state_message()).await.is_none() {
        return;
    }
    loop {
        tokio::select! {
            told = messages.recv() => match told {
                Ok(told) => {
                    if send(&mut socket, &board.message(told)).await.is_none() {
                        return;
                    }
                }
                Err(RecvError::Lagged(missed)) => {
                    tracing::debug!(missed, "a page reads slowly");
                    // What still waits is old as well: on with the newest.
                    let waiting = u64::try_from(messages.len()).unwrap_or(u64::MAX);
                    shared.skipped.fetch_add(missed + waiting, Ordering::Relaxed);
                    messages = messages.resubscribe();
                    if send(&mut socket, &board.state_message()).await.is_none() {
                        return;
                    }
                }
                Err(RecvError::Closed) => return,
            },
            // What pages say means that they are alive, and nothing else.
            inbound = socket.recv() => match inbound {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                    shared.heartbeat.send_replace(Some(Instant::now()));
                }
                Some(Ok(_)) => {}
            },
            () = async { _ = stop.wait_for(|stop| *stop).await } => return,
        }
    }
}

/// Sends a message; `None` when the page is gone or takes nothing.
async fn send(socket: &mut (impl Sink<Message> + Unpin), message: &SensorMessage) -> Option<()> {
    let text = serde_json::to_string(message).expect("sensor messages are plain data");
    let sent = tokio::time::timeout(SEND_LIMIT, socket.send(Message::Text(text.into()))).await;
    sent.ok()?.ok()
}

/// The largest message from a page, in bytes.
const MAX_INBOUND: usize = 1_024;
/// A page that takes nothing in for this long has hung.
const SEND_LIMIT: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use std::future::pending;

    use alleycat_shared::message::SensorState;
    use futures_util::sink::unfold;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_page_that_takes_nothing_is_given_up() {
        let mut page = Box::pin(unfold((), |(), _: Message| pending::<Result<(), axum::Error>>()));
        let (driver, port, hint) = Default::default();
        let message = SensorMessage::State { state: SensorState::Live, driver, port, hint };
        let start = Instant::now();
        assert_eq!(send(&mut page, &message).await, None);
        assert_eq!(start.elapsed(), Duration::from_secs(5));
    }
}
