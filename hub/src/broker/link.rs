//! What joins a client to the broker over loopback, whatever carries the client's bytes.
//!
//! Towards the client everything that the broker has written by then leaves at once: in a browser the cost
//! is per message, not per packet. Nothing is queued here: who reads slowly is sent to slowly, and the
//! broker's bounded queue for that client fills up. Who takes nothing at all for a while is given up;
//! without that, a client that is gone without a word would hold its three descriptors until the system's
//! TCP gives up, a quarter of an hour later. Acknowledgements leave when what they acknowledge is on the
//! disk ([`super::acks`]).

use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::extract::ws::close_code;
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;
use tokio::time::timeout;

use super::STALLED;
use super::acks::Acks;
use crate::journal::Journal;
use crate::limits::{Flow, Rate, Verdict};
use crate::metrics;

/// Where a client's bytes go.
pub(super) trait Outlet {
    /// Sends bytes; returns whether the client is still there.
    fn put(&mut self, bytes: Bytes) -> impl Future<Output = bool> + Send;
}

/// Why the hub ends a connection, for the client to read.
pub(super) struct Close {
    /// As WebSocket numbers them.
    pub(super) code: u16,
    pub(super) reason: &'static str,
}

impl Close {
    /// A reason to give.
    pub(super) fn because(code: u16, reason: &'static str) -> Option<Self> {
        Some(Self { code, reason })
    }
}

/// How long a client may take.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    /// To be accepted or refused.
    pub(super) handshake: Duration,
    /// To take in anything of what it is sent.
    pub(super) stalled: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { handshake: Duration::from_secs(8), stalled: STALLED }
    }
}

/// Passes on what a client sends, no faster than it may.
pub(super) struct Inlet {
    broker: OwnedWriteHalf,
    flow: Flow,
}

impl Inlet {
    pub(super) fn new(broker: OwnedWriteHalf, rate: Option<Rate>) -> Self {
        Self { broker, flow: Flow::new(rate) }
    }

    /// Passes bytes on and waits until more may be read.
    ///
    /// # Errors
    /// Why the connection ends.
    pub(super) async fn take(&mut self, bytes: &[u8]) -> Result<(), Close> {
        let verdict = self.flow.look(bytes.len(), Instant::now());
        if verdict == Verdict::Cut {
            metrics::turned_away("flood");
            return Err(Close { code: close_code::POLICY, reason: "sends too much" });
        }
        if self.broker.write_all(bytes).await.is_err() {
            return Err(Close { code: close_code::NORMAL, reason: "the broker closed" });
        }
        if let Verdict::Slow(wait) = verdict {
            metrics::slowed();
            // Nothing is read meanwhile, so the client's own buffers fill up and it waits as well.
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }
}

/// Carries bytes both ways until either side ends; `up` does the client's half. Returns what to tell the
/// client, if it is there to be told.
pub(super) async fn link<U: Future<Output = Option<Close>>>(
    broker: SocketAddr,
    up: impl FnOnce(OwnedWriteHalf) -> U,
    client: &mut impl Outlet,
    journal: &Journal,
    patience: Patience,
) -> Option<Close> {
    match TcpStream::connect(broker).await {
        Ok(stream) => {
            _ = stream.set_nodelay(true);
            let (from_broker, to_broker) = stream.into_split();
            tokio::select! {
                close = up(to_broker) => close,
                close = down(from_broker, client, journal, patience) => close,
            }
        }
        Err(error) => {
            tracing::error!(%error, "the embedded broker can't be reached");
            Close::because(close_code::AGAIN, "the broker can't be reached")
        }
    }
}

async fn down(
    mut broker: OwnedReadHalf,
    client: &mut impl Outlet,
    journal: &Journal,
    patience: Patience,
) -> Option<Close> {
    let (mut buffer, mut out) = (BytesMut::new(), BytesMut::new());
    let (mut acks, mut durable) = (Acks::default(), journal.durable());
    // The broker's first word is CONNACK. It waits for some malformed CONNECTs for ever; we do not.
    if timeout(patience.handshake, broker.readable()).await.is_err() {
        metrics::turned_away("no-connect");
        return Close::because(close_code::POLICY, "no valid CONNECT");
    }
    loop {
        buffer.reserve(READ_BUFFER);
        let waits_for = acks.waits_for();
        tokio::select! {
            read = broker.read_buf(&mut buffer) => {
                if !matches!(read, Ok(1..)) {
                    return Close::because(close_code::NORMAL, "the broker closed");
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
            return Close::because(close_code::AGAIN, "nothing can be acknowledged now");
        }
        if out.is_empty() {
            continue;
        }
        match timeout(patience.stalled, client.put(out.split().freeze())).await {
            Ok(true) => {}
            Ok(false) => return None,
            Err(_) => {
                metrics::turned_away("stalled");
                return Close::because(close_code::POLICY, "takes nothing in");
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

/// Buffer of one connection and direction, in bytes: there may be thousands.
pub(super) const READ_BUFFER: usize = 2 * 1024;
/// What goes to a client leaves at this size at the latest, in bytes.
const COALESCE: usize = 16 * 1024;
