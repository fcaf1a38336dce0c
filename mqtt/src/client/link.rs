//! One connection to a broker: TCP, TLS over it, a WebSocket over either.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};

use super::tls::{Tls, TlsError};

/// Any stream of bytes.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) enum Link {
    /// MQTT on the stream itself.
    Bare { stream: Box<dyn Stream>, read: BytesMut },
    /// MQTT in binary messages.
    WebSocket(Box<WebSocketStream<Box<dyn Stream>>>),
}

/// Why a link could not be opened, or ended.
#[derive(Debug, Error)]
pub(super) enum LinkError {
    #[error("`{0}` is not an address of a broker: it starts with mqtt://, mqtts://, ws:// or wss://")]
    Address(String),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    WebSocket(#[from] tungstenite::Error),
    #[error("closed by the peer")]
    Closed,
}

impl Link {
    pub(super) async fn open(url: String, tls: Tls, largest: usize) -> Result<Self, LinkError> {
        let unusable = || LinkError::Address(url.clone());
        let uri: Uri = url.parse().map_err(|_| unusable())?;
        let (port, secure, web) = match uri.scheme_str() {
            Some("mqtt") => (1_883, false, false),
            Some("mqtts") => (8_883, true, false),
            Some("ws") => (80, false, true),
            Some("wss") => (443, true, true),
            _ => return Err(unusable()),
        };
        let host = uri.host().ok_or_else(unusable)?.trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(port))).await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = if secure { tls.wrap(host, stream).await? } else { Box::new(stream) };
        if !web {
            return Ok(Self::Bare { stream, read: BytesMut::new() });
        }
        let mut request = url.as_str().into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("mqtt"));
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(largest))
            .max_frame_size(Some(largest));
        let (socket, _) = tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await?;
        Ok(Self::WebSocket(Box::new(socket)))
    }

    /// Sends what is queued as far as the link takes it, and returns what comes in, unless `read` is false.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        outgoing: &mut VecDeque<Bytes>,
        read: bool,
    ) -> Poll<Result<Bytes, LinkError>> {
        if let Poll::Ready(Err(error)) = self.poll_send(cx, outgoing) {
            return Poll::Ready(Err(error));
        }
        if read { self.poll_read(cx) } else { Poll::Pending }
    }

    /// Ready once everything has left.
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        outgoing: &mut VecDeque<Bytes>,
    ) -> Poll<Result<(), LinkError>> {
        match self {
            Self::Bare { stream, .. } => {
                while let Some(bytes) = outgoing.front_mut() {
                    let count = ready!(Pin::new(&mut **stream).poll_write(cx, bytes))?;
                    bytes.advance(count);
                    if bytes.is_empty() {
                        outgoing.pop_front();
                    }
                }
                Pin::new(&mut **stream).poll_flush(cx).map_err(LinkError::from)
            }
            Self::WebSocket(socket) => {
                while !outgoing.is_empty() {
                    ready!(socket.poll_ready_unpin(cx))?;
                    if let Some(bytes) = outgoing.pop_front() {
                        socket.start_send_unpin(Message::Binary(bytes))?;
                    }
                }
                socket.poll_flush_unpin(cx).map_err(LinkError::from)
            }
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, LinkError>> {
        match self {
            Self::Bare { stream, read } => {
                read.resize(BUFFER, 0);
                let mut buffer = ReadBuf::new(read);
                ready!(Pin::new(&mut **stream).poll_read(cx, &mut buffer))?;
                let filled = buffer.filled().len();
                if filled == 0 {
                    return Poll::Ready(Err(LinkError::Closed));
                }
                Poll::Ready(Ok(Bytes::copy_from_slice(&read[..filled])))
            }
            Self::WebSocket(socket) => loop {
                match ready!(socket.poll_next_unpin(cx)) {
                    Some(Ok(Message::Binary(bytes))) => return Poll::Ready(Ok(bytes)),
                    // Pings are answered by the WebSocket itself; text is not MQTT and is left alone.
                    Some(Ok(Message::Text(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                    Some(Ok(Message::Close(_))) | None => return Poll::Ready(Err(LinkError::Closed)),
                    Some(Err(error)) => return Poll::Ready(Err(error.into())),
                }
            },
        }
    }
}

/// Read buffer of a connection in bytes: a program may have thousands of them.
const BUFFER: usize = 4 * 1024;
