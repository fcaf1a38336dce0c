//! The hub as a process and clients that write every byte by hand, over TCP and in a WebSocket.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use alleycat_tests::RaceHub;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::packet;

/// What carries the bytes; every claim is tried on both.
pub(crate) const CARRIERS: [Carrier; 2] = [Carrier::Tcp, Carrier::Web];

/// Long enough for anything that happens at all, on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Tries a claim about a hub of its own on both carriers at the same time.
pub(crate) async fn on_both(claim: impl AsyncFn(&Hub, Carrier) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    tokio::try_join!(claim(&hub, Carrier::Tcp), claim(&hub, Carrier::Web))?;
    Ok(())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carrier {
    Tcp,
    Web,
}

/// A running hub.
pub(crate) struct Hub(RaceHub);

impl Hub {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        Ok(Self(RaceHub::start().await?))
    }

    /// A connection on which nothing has been said.
    pub(crate) async fn silent(&self, carrier: Carrier) -> anyhow::Result<Link> {
        let wire = match carrier {
            Carrier::Tcp => Wire::Tcp(TcpStream::connect(("127.0.0.1", self.0.tcp)).await?),
            Carrier::Web => Wire::Web(Box::new(self.websocket(Some("mqtt")).await?.0)),
        };
        Ok(Link { wire, buffer: Vec::new() })
    }

    /// A WebSocket and the sub-protocol that was answered.
    pub(crate) async fn websocket(&self, protocol: Option<&str>) -> anyhow::Result<(Socket, Option<String>)> {
        let mut request = format!("ws://127.0.0.1:{}/mqtt", self.0.web).into_client_request()?;
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse()?);
        }
        let (socket, response) = tokio_tungstenite::connect_async(request).await?;
        let answered = response.headers().get("sec-websocket-protocol");
        let answered = answered.map(|value| value.to_str().map(str::to_owned)).transpose()?;
        Ok((socket, answered))
    }

    /// A connection on which these bytes were said first.
    pub(crate) async fn said(&self, carrier: Carrier, bytes: &[u8]) -> anyhow::Result<Link> {
        let mut link = self.silent(carrier).await?;
        link.send(bytes).await;
        Ok(link)
    }

    /// A client whose CONNECT was accepted, with what the CONNACK says of its session.
    pub(crate) async fn accepted(&self, carrier: Carrier, connect: &[u8]) -> anyhow::Result<(Link, bool)> {
        let mut link = self.said(carrier, connect).await?;
        let answer = link.packet().await;
        let present = answer.get(2) == Some(&1);
        assert_eq!(answer, packet::connack(u8::from(present), 0), "{carrier:?}");
        Ok((link, present))
    }

    /// A client that nobody has to know: it reads.
    pub(crate) async fn reader(&self, carrier: Carrier) -> anyhow::Result<Link> {
        Ok(self.accepted(carrier, &packet::connect(&unique("reader"))).await?.0)
    }

    /// A racer who has joined and is connected.
    pub(crate) async fn racer(&self, carrier: Carrier) -> anyhow::Result<Racer> {
        let (id, connect) = self.joined(2).await?;
        Ok(Racer { id, link: self.accepted(carrier, &connect).await?.0 })
    }

    /// A racer who has joined, with the CONNECT to say; `flags` without those of the login.
    pub(crate) async fn joined(&self, flags: u8) -> anyhow::Result<(u32, Vec<u8>)> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let racer = NEXT.fetch_add(1, Ordering::Relaxed);
        let (name, token) = (racer.to_string(), self.0.join(racer).await?);
        let fields = [unique("racer"), name, token].map(|field| packet::text(field.as_bytes())).concat();
        Ok((racer, packet::connect_with(flags | 0xc0, 60, &fields)))
    }

    /// A racer says these bytes, on each carrier; the hub must hang up without a word.
    pub(crate) async fn closes(&self, bytes: &[u8]) -> anyhow::Result<()> {
        for carrier in CARRIERS {
            let Racer { mut link, .. } = self.racer(carrier).await?;
            link.send(bytes).await;
            let answers = link.until_closed().await;
            assert!(answers.is_empty(), "{answers:?} to {bytes:02x?}, {carrier:?}");
        }
        Ok(())
    }

    /// Somebody says these bytes first; the hub must hang up without a word.
    pub(crate) async fn refuses(&self, bytes: &[u8]) -> anyhow::Result<()> {
        for carrier in CARRIERS {
            let answers = self.said(carrier, bytes).await?.until_closed().await;
            assert!(answers.is_empty(), "{answers:?} to {bytes:02x?}, {carrier:?}");
        }
        Ok(())
    }

    /// How many seconds of a racer count.
    pub(crate) async fn seconds(&self, racer: u32) -> anyhow::Result<u32> {
        self.0.seconds(racer).await
    }

    /// A valid message of a past second of this race.
    pub(crate) fn message(&self, racer: u32, second: u16) -> Vec<u8> {
        self.0.message(racer, second).into_bytes()
    }
}

pub(crate) struct Racer {
    pub(crate) id: u32,
    pub(crate) link: Link,
}

impl Racer {
    /// The topic that is this racer's own.
    pub(crate) fn topic(&self) -> String {
        topic(self.id)
    }
}

/// The topic of a racer.
pub(crate) fn topic(racer: u32) -> String {
    format!("alleycat-publish/{racer}")
}

/// A client id that nobody else has.
pub(crate) fn unique(name: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{name}{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One connection.
pub(crate) struct Link {
    wire: Wire,
    buffer: Vec<u8>,
}

enum Wire {
    Tcp(TcpStream),
    Web(Box<Socket>),
}

impl Link {
    /// Sends bytes. What the hub has closed by then is seen when it is read from.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        _ = match &mut self.wire {
            Wire::Tcp(stream) => stream.write_all(bytes).await.is_ok(),
            Wire::Web(socket) => socket.send(Message::Binary(bytes.to_vec().into())).await.is_ok(),
        };
    }

    /// The next packet, which must come.
    pub(crate) async fn packet(&mut self) -> Vec<u8> {
        self.next().await.expect("the hub closed instead of an answer")
    }

    /// The next packet that is not a board.
    pub(crate) async fn answer(&mut self) -> Vec<u8> {
        loop {
            let packet = self.packet().await;
            if packet[0] >> 4 != packet::PUBLISH {
                return packet;
            }
        }
    }

    /// The next board: first byte, topic and payload.
    pub(crate) async fn board(&mut self) -> (u8, String, Vec<u8>) {
        loop {
            let packet = self.packet().await;
            if packet[0] >> 4 == packet::PUBLISH {
                let body = packet::body(&packet);
                let (topic, payload) =
                    body[2..].split_at(usize::from(u16::from_be_bytes([body[0], body[1]])));
                return (packet[0], String::from_utf8(topic.to_vec()).unwrap(), payload.to_vec());
            }
        }
    }

    /// All packets until the hub closes, which it must.
    pub(crate) async fn until_closed(&mut self) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        while let Some(packet) = self.next().await {
            packets.push(packet);
        }
        packets
    }

    /// Whether the hub still answers on this connection.
    pub(crate) async fn lives(&mut self) -> bool {
        self.send(&packet::PINGREQ).await;
        loop {
            match self.next().await {
                Some(packet) if packet == packet::PINGRESP => return true,
                Some(_) => {}
                None => return false,
            }
        }
    }

    async fn next(&mut self) -> Option<Vec<u8>> {
        let found = async {
            loop {
                if let Some(length) = packet::length(&self.buffer)
                    && self.buffer.len() >= length
                {
                    return Some(self.buffer.drain(..length).collect());
                }
                if !self.more().await {
                    return None;
                }
            }
        };
        tokio::time::timeout(LIMIT, found).await.expect("the hub says something or closes")
    }

    async fn more(&mut self) -> bool {
        match &mut self.wire {
            Wire::Tcp(stream) => matches!(stream.read_buf(&mut self.buffer).await, Ok(1..)),
            Wire::Web(socket) => match socket.next().await {
                Some(Ok(Message::Binary(bytes))) => {
                    self.buffer.extend_from_slice(&bytes);
                    true
                }
                Some(Ok(Message::Text(text))) => panic!("the hub sent text: {text}"),
                Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                Some(Ok(_)) => true,
            },
        }
    }
}
