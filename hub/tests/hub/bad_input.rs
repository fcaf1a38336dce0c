//! Malformed, oversized and out of range: a counted refusal or a closed connection, and the hub goes on.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::rig::{TestHub, connect, packet, puback, publish};

/// Sends a payload as racer `racer`; returns how often `reason` was counted meanwhile.
async fn refused(hub: &TestHub, racer: u32, payload: &[u8], reason: &str) -> u64 {
    let metric = format!("alleycat_messages_refused_total{{reason=\"{reason}\"}}");
    let before = hub.counted(&metric).await;
    let mut mqtt = hub.racer(racer).await;
    mqtt.send(&publish(1, &format!("alleycat-publish/{racer}"), payload)).await;
    assert_eq!(mqtt.packet().await, puback(1), "{reason}");
    hub.counted(&metric).await - before
}

#[tokio::test]
async fn bad_messages_are_counted_by_reason_and_never_ranked() {
    let hub = TestHub::start(&[]).await;
    let edited = |racer: u32, field: &str, value: Value| {
        let mut message = hub.message(racer);
        message[field] = value;
        message.to_string().into_bytes()
    };
    let moment = hub.message(20)["raceId"].as_u64().unwrap();
    let table = [
        (b"{not json".to_vec(), "malformed"),
        (b"[1,2]".to_vec(), "wrong-fields"),
        (edited(22, "cadence", json!("81")), "wrong-fields"),
        (edited(23, "cadence", json!(251)), "cadence"),
        (edited(24, "resistance", json!(-1)), "resistance"),
        (edited(25, "classId", json!(7)), "class-id"),
        (edited(26, "racerId", json!(7)), "foreign-racer"),
        (edited(27, "racerId", json!(40_001)), "racer-id"),
        (edited(28, "second", json!(301)), "not-in-race"),
        (edited(29, "raceId", json!(moment + 1)), "ahead-of-clock"),
        (edited(30, "raceId", json!(moment - 2)), "too-late"),
        (edited(31, "name", json!("x".repeat(5_000))), "too-large"),
    ];
    for (racer, (payload, reason)) in (20..).zip(table) {
        assert_eq!(refused(&hub, racer, &payload, reason).await, 1, "{reason}");
    }
    let (_, races) = hub.get("/api/races?classId=1").await;
    assert!(races["races"].as_array().unwrap().iter().all(|race| race["riders"] == 0), "{races}");
}

#[tokio::test]
async fn malformed_packets_close_their_connection_only() {
    let hub = TestHub::start(&[]).await;
    let mut other = hub.racer(40).await;
    let garbage: [&[u8]; 6] = [
        &[0x00, 0x00],
        &[0xf0, 0x00],
        &[0x30, 0xff, 0xff, 0xff, 0xff, 0x7f],
        &[0x10, 0x04, 0x00, 0x04, b'M', b'Q'],
        b"GET / HTTP/1.1\r\n\r\n",
        &[0x32, 0x05, 0x00, 0x01, b'x', 0x00, 0x01],
    ];
    for bytes in garbage {
        let mut mqtt = hub.websocket(Some("mqtt")).await.unwrap();
        mqtt.send(bytes).await;
        mqtt.closed().await;
    }
    // After CONNECT as well.
    for bytes in [&[0x00, 0x00][..], &[0x30, 0x80, 0x80, 0x80, 0x80, 0x01], &[0x82, 0x02, 0x00, 0x01]] {
        let mut mqtt = hub.reader().await;
        mqtt.send(bytes).await;
        mqtt.closed().await;
    }
    other.send(&publish(1, "alleycat-publish/40", hub.message(40).to_string().as_bytes())).await;
    assert_eq!(other.packet().await, puback(1), "the others do not notice");
}

#[tokio::test]
async fn a_packet_over_the_limit_closes_the_connection() {
    let hub = TestHub::start(&[]).await;
    let mut mqtt = hub.racer(41).await;
    mqtt.send(&publish(1, "alleycat-publish/41", &vec![b'x'; 80_000])).await;
    mqtt.closed().await;
    let mut huge = hub.websocket(Some("mqtt")).await.unwrap();
    huge.send(&packet(0x10, &vec![0; 200_000])).await;
    huge.closed().await;
}

#[tokio::test]
async fn text_on_the_websocket_is_not_mqtt() {
    let hub = TestHub::start(&[]).await;
    let mut mqtt = hub.websocket(Some("mqtt")).await.unwrap();
    mqtt.send(&connect("c", None)).await;
    mqtt.send_text("hello").await;
    mqtt.closed().await;
}

#[tokio::test]
async fn late_duplicate_and_shuffled_messages_change_nothing() {
    let hub = TestHub::start(&["--race-seconds", "4", "--grace-seconds", "2"]).await;
    let mut racer = hub.racer(42).await;
    hub.race_start().await;
    let message = hub.message(42);
    let race = message["raceId"].clone();
    tokio::time::sleep(std::time::Duration::from_millis(3_200)).await;
    let mut id = 0;
    for second in [4, 1, 3, 1, 4] {
        let mut message = message.clone();
        message["second"] = json!(second);
        id += 1;
        racer.send(&publish(id, "alleycat-publish/42", message.to_string().as_bytes())).await;
        assert_eq!(racer.packet().await, puback(id));
    }
    let official = async {
        loop {
            let (_, result) = hub.get(&format!("/api/races/{race}/classes/1")).await;
            if result["state"] == "official" {
                return result;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let result = tokio::time::timeout(std::time::Duration::from_secs(15), official).await.unwrap();
    let row = &result["results"][0];
    assert_eq!((&row["seconds"], &row["score"], &row["best"]), (&json!(3), &json!(501.12), &json!(167.04)));
    let (_, board) = hub.get("/api/leaderboard?classId=1").await;
    assert_eq!(board["entries"][0]["score"], 501.12);
}

#[tokio::test]
async fn half_a_request_and_none_at_all_are_hung_up_on() {
    let hub = TestHub::start(&[]).await;
    for half in ["", "GET /api/clock HTTP/1.1\r\nHost:"] {
        let mut stream = tokio::net::TcpStream::connect(hub.address()).await.unwrap();
        stream.write_all(half.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(std::time::Duration::from_secs(30), stream.read_to_end(&mut rest));
        _ = ended.await.expect("the hub hangs up");
    }
}
