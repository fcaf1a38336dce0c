//! The few MQTT packets that the load consists of, written and counted by hand: the generator must cost
//! little beside what it measures.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

pub(crate) const PUBACK: u8 = 4;
pub(crate) const PUBLISH: u8 = 3;
pub(crate) const PINGRESP: u8 = 13;

/// A connected client, as an MQTT session over a WebSocket.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<TcpStream>,
    buffer: Vec<u8>,
    /// WebSocket messages, and packets in them, that came.
    pub(crate) messages: u64,
    pub(crate) packets: u64,
}

impl Client {
    /// Connects, with a clean session.
    pub(crate) async fn connect(port: u16, id: &str) -> anyhow::Result<Self> {
        let mut request = format!("ws://127.0.0.1:{port}/mqtt").into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", "mqtt".parse()?);
        let stream = TcpStream::connect(("127.0.0.1", port)).await.context("the broker can't be reached")?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default().read_buffer_size(4 * 1024).write_buffer_size(0);
        let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
        let mut client = Self { socket, buffer: Vec::new(), messages: 0, packets: 0 };
        let mut body = b"\x00\x04MQTT\x04\x02\x00\x78".to_vec();
        text(id, &mut body);
        client.send(packet(0x10, &body)).await?;
        let mut accepted = false;
        client.receive(|kind, body| accepted = kind == 2 && body == [0, 0]).await?;
        if accepted { Ok(client) } else { bail!("the broker refuses a client: it must be open") }
    }

    pub(crate) async fn send(&mut self, bytes: Vec<u8>) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::Binary(bytes.into())).await?)
    }

    /// Waits for the next WebSocket message with at least one whole packet; `each` gets every packet's type
    /// and body.
    pub(crate) async fn receive(&mut self, each: impl FnMut(u8, &[u8])) -> anyhow::Result<()> {
        match tokio::time::timeout(LIMIT, self.socket.next()).await.context("the broker is silent")? {
            Some(Ok(Message::Binary(bytes))) => self.take(&bytes, each),
            Some(Ok(Message::Close(_))) | None => bail!("the broker closed a connection"),
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.into()),
        }
        Ok(())
    }

    /// Takes a WebSocket message in.
    pub(crate) fn take(&mut self, bytes: &[u8], mut each: impl FnMut(u8, &[u8])) {
        self.messages += 1;
        self.buffer.extend_from_slice(bytes);
        let mut rest = self.buffer.as_slice();
        while let Some((first, body, tail)) = cut(rest) {
            self.packets += 1;
            each(first >> 4, body);
            rest = tail;
        }
        let left = rest.len();
        self.buffer.drain(..self.buffer.len() - left);
    }
}

/// The first packet of `bytes`: its first byte, its body, and what follows.
fn cut(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (mut length, mut at) = (0, 1);
    loop {
        let byte = *bytes.get(at)?;
        length |= usize::from(byte & 0x7f) << (7 * (at - 1));
        at += 1;
        if byte & 0x80 == 0 {
            break;
        }
    }
    let body = bytes.get(at..at + length)?;
    Some((bytes[0], body, &bytes[at + length..]))
}

pub(crate) fn subscribe(id: u8, filters: &[String]) -> Vec<u8> {
    let mut body = vec![0, id];
    for filter in filters {
        text(filter, &mut body);
        body.push(0);
    }
    packet(0x82, &body)
}

/// Appends a race message as a PUBLISH at QoS 1.
pub(crate) fn publish(racer: u32, class: u32, race: u64, second: u64, id: u16, out: &mut Vec<u8>) {
    let now = now().as_millis();
    // A ride of its own for everybody, so that places change.
    let (cadence, resistance) = (60 + (racer + second as u32) % 30, 40 + racer % 37);
    let payload = format!(
        r#"{{"uuid":"6c4e2a37-32f0-4b14-a2c1-3e2e6f7c1b5d","event":"update","deviceTimestamp":{now},"second":{second},"raceId":{race},"name":"Rider {racer}","racerId":{racer},"classId":{class},"cadence":{cadence}.5,"resistance":{resistance}.3}}"#
    );
    let mut body = Vec::with_capacity(payload.len() + 40);
    text(&format!("alleycat-publish/{racer}"), &mut body);
    body.extend(id.to_be_bytes());
    body.extend(payload.as_bytes());
    out.extend(packet(0x32, &body));
}

pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(body.len() + 5);
    packet.push(first);
    let mut length = body.len();
    loop {
        let byte = (length & 0x7f) as u8;
        length >>= 7;
        packet.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

/// Since the epoch.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is after 1970")
}

fn text(text: &str, out: &mut Vec<u8>) {
    out.extend((text.len() as u16).to_be_bytes());
    out.extend(text.as_bytes());
}

/// Everything is waited for at most this long.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
