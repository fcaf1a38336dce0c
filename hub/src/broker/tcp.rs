//! MQTT over TCP, with TLS or without, for clients without WebSocket: the same sessions, the same patience.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::READ_BUFFER;
use super::session::{Close, Patience, Wire, serve as session};
use crate::connections::Held;
use crate::hub::Shared;
use crate::metrics;
use crate::tls::{Arrival, Tls};

/// Takes connections in until the hub ends; they end with it.
pub(crate) async fn serve(listener: TcpListener, tls: Option<Tls>, shared: Arc<Shared>) {
    let mut clients = JoinSet::new();
    let mut stop = shared.stop.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = clients.join_next() => continue,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, address)) => match shared.connections.take(address.ip()) {
                Ok(held) => _ = clients.spawn(arrive(stream, tls.clone(), Arc::clone(&shared), held)),
                Err(full) => metrics::turned_away(full.reason()),
            },
            Err(error) => {
                // Mostly a lack of descriptors, which does not mend itself at once.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn arrive(stream: TcpStream, tls: Option<Tls>, shared: Arc<Shared>, _held: Held) {
    _ = stream.set_nodelay(true);
    match tls {
        None => join(stream, &shared).await,
        Some(tls) => {
            // Who speaks without TLS is hung up on: plain MQTT has no way to say why.
            if let Some(Arrival::Secure(stream)) = tls.accept(stream).await {
                join(stream, &shared).await;
            }
        }
    }
}

async fn join(stream: impl AsyncRead + AsyncWrite + Unpin + Send, shared: &Shared) {
    let mut client = Client { stream, buffer: BytesMut::new() };
    // MQTT over TCP has no way to say why it ends.
    _ = session(&mut client, &shared.broker, shared.client_rate, Patience::default()).await;
}

struct Client<S> {
    stream: S,
    buffer: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Wire for Client<S> {
    async fn receive(&mut self) -> Result<Bytes, Option<Close>> {
        self.buffer.reserve(READ_BUFFER);
        match self.stream.read_buf(&mut self.buffer).await {
            Ok(1..) => Ok(self.buffer.split().freeze()),
            _ => Err(None),
        }
    }

    async fn send(&mut self, bytes: Bytes) -> bool {
        // TLS keeps what the socket does not take at once until it is flushed.
        self.stream.write_all(&bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }
}
