//! What lies between a client and the hub: it can withhold what the hub says, and cut.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A port in front of one of the hub's.
pub(crate) struct Tap {
    pub(crate) port: u16,
    state: Arc<watch::Sender<State>>,
    _clients: JoinSet<()>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct State {
    /// Nothing that the hub says reaches a client.
    withhold: bool,
    /// How often all connections were cut.
    cuts: u32,
}

impl Tap {
    pub(crate) async fn start(hub: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let state = Arc::new(watch::Sender::new(State::default()));
        let (mut accepting, watched) = (JoinSet::new(), Arc::clone(&state));
        accepting.spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                clients.spawn(carry(client, hub, watched.subscribe()));
            }
        });
        Ok(Self { port, state, _clients: accepting })
    }

    /// From now on the hub hears and is not heard.
    pub(crate) fn withhold(&self) {
        self.state.send_modify(|state| state.withhold = true);
    }

    /// Cuts all connections; later ones are as if nothing had been.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| *state = State { withhold: false, cuts: state.cuts + 1 });
    }
}

async fn carry(client: TcpStream, hub: u16, mut state: watch::Receiver<State>) {
    let Ok(hub) = TcpStream::connect(("127.0.0.1", hub)).await else { return };
    let cuts = state.borrow().cuts;
    let mut other = state.clone();
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_hub, mut to_hub) = hub.into_split();
    let up = async { _ = tokio::io::copy(&mut from_client, &mut to_hub).await };
    let down = async {
        let mut buffer = vec![0; 4_096];
        while let Ok(length @ 1..) = from_hub.read(&mut buffer).await {
            _ = other.wait_for(|state| !state.withhold || state.cuts > cuts).await;
            if other.borrow().cuts > cuts || to_client.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
        _ = state.wait_for(|state| state.cuts > cuts) => {}
    }
}
