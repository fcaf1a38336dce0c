//! MQTT over plain TCP, for clients without WebSocket: the same way to the broker, the same patience.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;

use super::link::{Close, Inlet, Outlet, Patience, READ_BUFFER, link};
use crate::hub::Shared;
use crate::metrics;

/// Takes connections in until the hub ends; they end with it.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut clients = JoinSet::new();
    let mut stop = shared.stop.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = clients.join_next() => continue,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let Ok(permit) = Arc::clone(&shared.connections).try_acquire_owned() else {
                    metrics::turned_away("full");
                    continue;
                };
                clients.spawn(join(stream, Arc::clone(&shared), permit));
            }
            Err(error) => {
                // Mostly a lack of descriptors, which does not mend itself at once.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn join(stream: TcpStream, shared: Arc<Shared>, _permit: OwnedSemaphorePermit) {
    _ = stream.set_nodelay(true);
    let (from_client, to_client) = stream.into_split();
    let (address, mut client) = (shared.broker.address, Outgoing(to_client));
    let up = |to_broker| up(from_client, Inlet::new(to_broker, shared.client_rate));
    // Plain TCP has no way to say why.
    _ = link(address, up, &mut client, &shared.journal, Patience::default()).await;
}

struct Outgoing(OwnedWriteHalf);

impl Outlet for Outgoing {
    async fn put(&mut self, bytes: Bytes) -> bool {
        self.0.write_all(&bytes).await.is_ok()
    }
}

async fn up(mut client: OwnedReadHalf, mut broker: Inlet) -> Option<Close> {
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        let read: io::Result<usize> = client.read(&mut buffer).await;
        let Ok(length @ 1..) = read else { return None };
        if let Err(close) = broker.take(&buffer[..length]).await {
            return Some(close);
        }
    }
}
