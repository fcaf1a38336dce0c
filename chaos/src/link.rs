//! All riders' way to their broker: one port in front of another, which cuts, stalls and refuses on demand.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{broadcast, watch};
use tokio::task::{JoinHandle, JoinSet};

/// What the links do for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// They pass everything on.
    Fair,
    /// They pass nothing on, and nobody hears of it.
    Stalled,
    /// New ones are reset at once.
    Refused,
}

/// What happens to all of them at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    Cut,
    HalfOpen,
}

/// A port before a port of this machine; all ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) port: u16,
    weather: watch::Sender<Weather>,
    blows: broadcast::Sender<Blow>,
    task: JoinHandle<()>,
}

impl Link {
    pub(crate) async fn start(to: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (weather, seen) = watch::channel(Weather::Fair);
        let (blows, _) = broadcast::channel(16);
        let felt = blows.clone();
        let task = tokio::spawn(async move {
            let mut links = JoinSet::new();
            loop {
                let client = tokio::select! {
                    client = listener.accept() => client,
                    Some(_) = links.join_next() => continue,
                };
                let Ok((client, _)) = client else { break };
                _ = client.set_zero_linger();
                if *seen.borrow() != Weather::Refused {
                    links.spawn(carry(client, to, seen.clone(), felt.subscribe()));
                }
            }
        });
        Ok(Self { port, weather, blows, task })
    }

    pub(crate) fn weather(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Resets all links, at both ends.
    pub(crate) fn cut(&self) {
        // Nobody listens if there are no links.
        _ = self.blows.send(Blow::Cut);
    }

    /// Resets the broker's end of all links, and lets the other end believe that nothing has happened.
    pub(crate) fn half_open(&self) {
        _ = self.blows.send(Blow::HalfOpen);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(
    client: TcpStream,
    to: u16,
    weather: watch::Receiver<Weather>,
    mut blows: broadcast::Receiver<Blow>,
) {
    // Whoever connects to a port that nobody listens on is told at once, by a reset.
    let Ok(broker) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    for stream in [&client, &broker] {
        _ = stream.set_nodelay(true);
        _ = stream.set_zero_linger();
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_broker, mut to_broker) = broker.into_split();
    let blow = tokio::select! {
        () = copy(&mut from_client, &mut to_broker, weather.clone()) => return,
        () = copy(&mut from_broker, &mut to_client, weather) => return,
        // One who has missed a blow has missed it for good; the next one comes.
        blow = blows.recv() => blow,
    };
    if blow == Ok(Blow::HalfOpen) {
        drop((from_broker, to_broker));
        // It talks into the void until it gives up.
        let mut void = [0; 4_096];
        while matches!(from_client.read(&mut void).await, Ok(1..)) {}
    }
}

async fn copy(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, mut weather: watch::Receiver<Weather>) {
    let mut chunk = [0; 16_384];
    loop {
        let Ok(count @ 1..) = from.read(&mut chunk).await else { return };
        if weather.wait_for(|weather| *weather != Weather::Stalled).await.is_err() {
            return;
        }
        if to.write_all(&chunk[..count]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn pair() -> (Link, TcpStream, TcpStream) {
        let broker = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let link = Link::start(broker.local_addr().unwrap().port()).await.unwrap();
        let client = TcpStream::connect(("127.0.0.1", link.port)).await.unwrap();
        let (served, _) = broker.accept().await.unwrap();
        (link, client, served)
    }

    async fn said(from: &mut TcpStream, to: &mut TcpStream) -> bool {
        let mut byte = [0];
        from.write_all(b"x").await.is_ok() && matches!(to.read(&mut byte).await, Ok(1))
    }

    #[tokio::test]
    async fn what_is_stalled_comes_later_and_what_is_cut_never() {
        let (link, mut client, mut broker) = pair().await;
        assert!(said(&mut client, &mut broker).await && said(&mut broker, &mut client).await);
        link.weather(Weather::Stalled);
        client.write_all(b"late").await.unwrap();
        let mut four = [0; 4];
        let nothing = tokio::time::timeout(Duration::from_millis(100), broker.read_exact(&mut four)).await;
        assert!(nothing.is_err(), "a stalled link passed {four:?}");
        link.weather(Weather::Fair);
        broker.read_exact(&mut four).await.unwrap();
        assert_eq!(&four, b"late");
        link.cut();
        assert!(
            !matches!(broker.read(&mut four).await, Ok(1..))
                && !matches!(client.read(&mut four).await, Ok(1..))
        );
    }

    #[tokio::test]
    async fn half_open_is_heard_by_one_end_only() {
        let (link, mut client, mut broker) = pair().await;
        assert!(said(&mut client, &mut broker).await);
        link.half_open();
        let mut byte = [0];
        assert!(!matches!(broker.read(&mut byte).await, Ok(1..)));
        client.write_all(b"hello?").await.unwrap();
        let silence = tokio::time::timeout(Duration::from_millis(100), client.read(&mut byte)).await;
        assert!(silence.is_err(), "the client heard {silence:?}");
    }

    #[tokio::test]
    async fn refused_is_reset_at_once() {
        let (link, ..) = pair().await;
        link.weather(Weather::Refused);
        let mut client = TcpStream::connect(("127.0.0.1", link.port)).await.unwrap();
        assert!(!matches!(client.read(&mut [0]).await, Ok(1..)));
    }
}
