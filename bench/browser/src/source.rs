//! The broker of the bench: real MQTT over a WebSocket, as fast as the client takes it.
//!
//! A SUBSCRIBE to `flood/P/N` is answered by N race messages of QoS 0, P in each WebSocket message. Publishes
//! are acknowledged, all of one WebSocket message together.

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use bytes::{BufMut, Bytes, BytesMut};

/// A race message of 259 bytes, as a page sends it.
pub(crate) const PAYLOAD: &str = r#"{"uuid":"6c4e2a37-32f0-4b14-a2c1-3e2e6f7c1b5d","event":"update","deviceTimestamp":1620824038331,"second":38,"raceId":5402746,"name":"Hubert of the Cobbles","racerId":12345,"classId":1,"cadence":79.8,"resistance":79.0,"note":"made 259 bytes long by this part"}"#;

pub(crate) async fn upgrade(upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols(["mqtt"]).write_buffer_size(0).on_upgrade(serve)
}

async fn serve(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Binary(bytes) = message else { continue };
        let mut out = BytesMut::new();
        let mut flood = None;
        for (first, body) in packets(&bytes) {
            match first >> 4 {
                1 => out.put_slice(&[0x20, 2, 0, 0]),
                3 if first & 2 != 0 => {
                    let topic = usize::from(body[0]) * 256 + usize::from(body[1]);
                    out.put_slice(&[0x40, 2, body[2 + topic], body[3 + topic]]);
                }
                8 => {
                    out.put_slice(&[0x90, 3, body[0], body[1], 0]);
                    flood = Some(String::from_utf8_lossy(&body[4..body.len() - 1]).into_owned());
                }
                12 => out.put_slice(&[0xd0, 0]),
                14 => return,
                _ => {}
            }
        }
        if !out.is_empty() && socket.send(Message::Binary(out.freeze())).await.is_err() {
            return;
        }
        if let Some(topic) = flood
            && send(&mut socket, &topic).await.is_none()
        {
            return;
        }
    }
}

/// Sends what the topic asks for. `None` when the client is gone.
async fn send(socket: &mut WebSocket, topic: &str) -> Option<()> {
    let mut parts = topic.split('/').skip(1);
    let (each, mut left): (usize, usize) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let frame = publish(topic);
    let whole = Bytes::from(frame.repeat(each));
    while left > 0 {
        let count = each.min(left);
        left -= count;
        socket.send(Message::Binary(whole.slice(..frame.len() * count))).await.ok()?;
    }
    Some(())
}

fn publish(topic: &str) -> Vec<u8> {
    let mut frame = vec![0x30];
    let mut left = 2 + topic.len() + PAYLOAD.len();
    while left > 127 {
        frame.push(low(left) | 128);
        left >>= 7;
    }
    frame.extend([low(left), low(topic.len() >> 7), low(topic.len())]);
    frame.extend_from_slice(topic.as_bytes());
    frame.extend_from_slice(PAYLOAD.as_bytes());
    frame
}

/// The lowest seven bits.
fn low(number: usize) -> u8 {
    u8::try_from(number & 127).expect("seven bits fit")
}

/// The packets of one WebSocket message: the clients of this bench send whole ones.
fn packets(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (&first, mut rest) = bytes.split_first()?;
        let (mut length, mut shift) = (0, 0);
        loop {
            let (&byte, after) = rest.split_first()?;
            rest = after;
            length |= usize::from(byte & 127) << shift;
            shift += 7;
            if byte & 128 == 0 {
                break;
            }
        }
        let (body, next) = rest.split_at_checked(length)?;
        bytes = next;
        Some((first, body))
    })
}
