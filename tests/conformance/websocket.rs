//! What MQTT demands of the WebSocket that carries it. That the hub's own frames are binary is checked in
//! every test of the others: the rig takes nothing else.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use crate::packet::{connack, connect, id_only, publish};
use crate::rig::{Carrier, Hub, LIMIT, topic, unique};

#[tokio::test]
async fn the_sub_protocol_is_mqtt_and_none_is_refused() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    for offered in ["mqtt", "mqtt, chat", "chat, mqtt"] {
        assert_eq!(hub.websocket(Some(offered)).await?.1.as_deref(), Some("mqtt"), "{offered}");
    }
    for offered in [None, Some("chat"), Some("MQTT5")] {
        assert!(hub.websocket(offered).await.is_err(), "{offered:?}");
    }
    Ok(())
}

#[tokio::test]
async fn text_frames_close() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    for first in [Some(connect(&unique("text"))), None] {
        let (mut socket, _) = hub.websocket(Some("mqtt")).await?;
        if let Some(connect) = first {
            socket.send(Message::Binary(connect.into())).await?;
            assert_eq!(socket.next().await.unwrap()?, Message::Binary(connack(0, 0).into()));
        }
        socket.send(Message::Text("\u{c0}\0".into())).await?;
        let end = tokio::time::timeout(LIMIT, socket.next()).await?;
        assert!(matches!(end, Some(Ok(Message::Close(_)) | Err(_)) | None), "{end:?}");
    }
    Ok(())
}

#[tokio::test]
async fn packets_may_be_cut_and_joined_anyhow() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    for size in [1, 2, 3, 7, 64, 10_000] {
        let (racer, connect) = hub.joined(2).await?;
        let messages = (1..=3).map(|second| publish(1, second, &topic(racer), &hub.message(racer, second)));
        let bytes = [connect, messages.collect::<Vec<_>>().concat()].concat();
        let mut link = hub.silent(Carrier::Web).await?;
        for piece in bytes.chunks(size) {
            link.send(piece).await;
            // A frame without a byte is one of a stream all the same.
            link.send(&[]).await;
        }
        assert_eq!(link.packet().await, connack(0, 0));
        for id in 1..=3 {
            assert_eq!(link.packet().await, id_only(0x40, id));
        }
        assert_eq!(hub.seconds(racer).await?, 3);
    }
    Ok(())
}
