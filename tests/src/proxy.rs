//! A TCP link between a client and a broker that fails on demand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing happens to it.
    Passes,
    /// It is reset after so many bytes from the client.
    CutUp(usize),
    /// It is reset after so many bytes from the broker.
    CutDown(usize),
    /// After so many bytes from the client nothing passes any more, and neither side hears of it.
    Stalls(usize),
    /// Every piece takes so long, either way.
    Slow(Duration),
}

/// Takes connections on a port of its own and passes them on. All ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    said: Arc<Mutex<Vec<Vec<u8>>>>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// A proxy before a port of this machine. Each connection takes the next fate; when there are no more,
    /// they pass.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(
        to: u16,
        fates: impl IntoIterator<Item = Fate, IntoIter: Send + 'static>,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let said = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&said);
        let mut fates = fates.into_iter().collect::<VecDeque<_>>();
        let task = tokio::spawn(async move {
            let mut links = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let fate = fates.pop_front().unwrap_or(Fate::Passes);
                let connection = {
                    let mut said = record.lock().unwrap_or_else(PoisonError::into_inner);
                    said.push(Vec::new());
                    said.len() - 1
                };
                let record = Arc::clone(&record);
                links.spawn(async move {
                    // A broker that is away closes the client's connection too.
                    if let Ok(broker) = TcpStream::connect(("127.0.0.1", to)).await {
                        pass(client, broker, fate, &record, connection).await;
                    }
                });
            }
        });
        Ok(Self { port, said, task })
    }

    /// What the client said, a piece for each connection.
    pub fn said(&self) -> Vec<Vec<u8>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(
    client: TcpStream,
    broker: TcpStream,
    fate: Fate,
    said: &Mutex<Vec<Vec<u8>>>,
    connection: usize,
) {
    for stream in [&client, &broker] {
        _ = stream.set_nodelay(true);
        // A link that is cut is reset, it does not say goodbye.
        _ = stream.set_zero_linger();
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_broker, mut to_broker) = broker.into_split();
    let (up, down) = match fate {
        Fate::Passes | Fate::Slow(_) => (usize::MAX, usize::MAX),
        Fate::CutUp(bytes) | Fate::Stalls(bytes) => (bytes, usize::MAX),
        Fate::CutDown(bytes) => (usize::MAX, bytes),
    };
    let pause = match fate {
        Fate::Slow(pause) => pause,
        _ => Duration::ZERO,
    };
    let record = |bytes: &[u8]| {
        said.lock().unwrap_or_else(PoisonError::into_inner)[connection].extend_from_slice(bytes);
    };
    // Both sides stay open until the end of this function, whichever falls silent first.
    let stalled = tokio::select! {
        limit = copy(&mut from_client, &mut to_broker, up, pause, record) => limit,
        _ = copy(&mut from_broker, &mut to_client, down, pause, |_| {}) => false,
    };
    if stalled && matches!(fate, Fate::Stalls(_)) {
        std::future::pending::<()>().await;
    }
}

/// Passes bytes on, at most `limit`. Returns whether the limit was what ended it.
async fn copy(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    limit: usize,
    pause: Duration,
    mut see: impl FnMut(&[u8]),
) -> bool {
    let mut left = limit;
    let mut chunk = [0; 4_096];
    loop {
        if left == 0 {
            return true;
        }
        let most = chunk.len().min(left);
        let Ok(count @ 1..) = from.read(&mut chunk[..most]).await else { return false };
        see(&chunk[..count]);
        tokio::time::sleep(pause).await;
        if to.write_all(&chunk[..count]).await.is_err() {
            return false;
        }
        left -= count;
    }
}
