//! MQTT over TCP, with TLS or without, for clients without WebSocket: the same way to the broker, the same
//! patience.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::link::{Close, Inlet, Outlet, Patience, READ_BUFFER, link};
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
        None => {
            let (from_client, to_client) = stream.into_split();
            join(from_client, to_client, &shared).await;
        }
        Some(tls) => {
            // Who speaks without TLS is hung up on: plain MQTT has no way to say why.
            if let Some(Arrival::Secure(stream)) = tls.accept(stream).await {
                let (from_client, to_client) = tokio::io::split(stream);
                join(from_client, to_client, &shared).await;
            }
        }
    }
}

async fn join<W: AsyncWrite + Unpin + Send>(
    from_client: impl AsyncRead + Unpin + Send,
    to_client: W,
    shared: &Shared,
) {
    let (address, mut client) = (shared.broker.address, Outgoing(to_client));
    let up = |to_broker| up(from_client, Inlet::new(to_broker, shared.client_rate));
    // MQTT over TCP has no way to say why.
    _ = link(address, up, &mut client, &shared.journal, Patience::default()).await;
}

struct Outgoing<W>(W);

impl<W: AsyncWrite + Unpin + Send> Outlet for Outgoing<W> {
    async fn put(&mut self, bytes: Bytes) -> bool {
        // TLS keeps what the socket does not take at once until it is flushed.
        self.0.write_all(&bytes).await.is_ok() && self.0.flush().await.is_ok()
    }
}

async fn up(mut client: impl AsyncRead + Unpin, mut broker: Inlet) -> Option<Close> {
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        let read: io::Result<usize> = client.read(&mut buffer).await;
        let Ok(length @ 1..) = read else { return None };
        if let Err(close) = broker.take(&buffer[..length]).await {
            return Some(close);
        }
    }
}
