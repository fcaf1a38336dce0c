//! The broker's side: connecting, boards, acknowledgements, who may do what.

use crate::rig::{CONNACK, TestHub, connect, connect_with, packet, puback, publish, subscribe};

#[tokio::test]
async fn the_sub_protocol_asked_for_is_echoed() {
    let hub = TestHub::start(&[]).await;
    for protocol in ["mqtt", "mqttv3.1"] {
        assert_eq!(hub.websocket(Some(protocol)).await.unwrap().protocol.as_deref(), Some(protocol));
    }
    assert!(hub.websocket(Some("chat")).await.is_err());
    assert!(hub.websocket(None).await.is_err());
}

#[tokio::test]
async fn a_message_is_acknowledged_when_it_counts() {
    let hub = TestHub::start(&[]).await;
    let mut racer = hub.racer(7).await;
    let message = hub.message(7);
    racer.send(&publish(1, "alleycat-publish/7", message.to_string().as_bytes())).await;
    assert_eq!(racer.packet().await, puback(1));
    // No wait: the acknowledgement says that it is there.
    let (_, result) = hub.get(&format!("/api/races/{}/classes/1", message["raceId"])).await;
    assert_eq!(result["results"][0]["score"], 167.04, "{result}");
    assert_eq!(result["results"][0]["name"], "Ann", "the name of the join, not of the message");
}

#[tokio::test]
async fn boards_come_every_second_retained_and_the_own_view_does_too() {
    let hub = TestHub::start(&[]).await;
    let mut racer = hub.racer(7).await;
    racer.send(&subscribe(1, "alleycat-subscribe/1/rider/7")).await;
    racer.send(&publish(2, "alleycat-publish/7", hub.message(7).to_string().as_bytes())).await;
    // A second counts on the boards when it is over.
    let (topic, view) = loop {
        let (topic, view, _) = racer.publish().await;
        if view["own"]["score"] != 0.0 {
            break (topic, view);
        }
    };
    assert_eq!(topic, "alleycat-subscribe/1/rider/7");
    assert_eq!(
        (&view["own"]["rank"], &view["riders"], &view["own"]["score"]),
        (&1.into(), &1.into(), &167.04.into())
    );

    let mut reader = hub.reader().await;
    reader.send(&subscribe(1, "alleycat-subscribe/1/board")).await;
    let (topic, first, retained) = reader.publish().await;
    assert_eq!((topic.as_str(), retained), ("alleycat-subscribe/1/board", true), "at once");
    assert_eq!(first["top"][0]["racerId"], 7);
    let (_, second, retained) = reader.publish().await;
    assert!(!retained, "{second}");
    let apart = second["serverTime"].as_u64().unwrap() - first["serverTime"].as_u64().unwrap();
    assert!((500..=3_000).contains(&apart), "about a second apart: {apart} ms");
}

#[tokio::test]
async fn the_full_field_is_a_snapshot_and_then_changes() {
    let hub = TestHub::start(&[]).await;
    let mut racer = hub.racer(7).await;
    racer.send(&publish(1, "alleycat-publish/7", hub.message(7).to_string().as_bytes())).await;
    let mut reader = hub.reader().await;
    reader.send(&subscribe(1, "alleycat-subscribe/1/field")).await;
    loop {
        let (_, field, _) = reader.publish().await;
        if field["since"].is_u64() {
            return;
        }
        assert_eq!(field["rows"][0][0], 7, "{field}");
    }
}

#[tokio::test]
async fn packets_and_websocket_messages_need_not_line_up() {
    let hub = TestHub::start(&[]).await;
    let token = hub.join(8).await;
    let mut racer = hub.websocket(Some("mqtt")).await.unwrap();
    let message = hub.message(8).to_string();
    let publishes = (1..=3).flat_map(|id| publish(id, "alleycat-publish/8", message.as_bytes()));
    let stream: Vec<u8> = connect("c", Some(("8", &token))).into_iter().chain(publishes).collect();
    // Half of it all in one message, the rest byte by byte.
    let (first, rest) = stream.split_at(stream.len() / 2);
    racer.send(first).await;
    for byte in rest {
        racer.send(&[*byte]).await;
    }
    assert_eq!(racer.packet().await, CONNACK);
    for id in 1..=3 {
        assert_eq!(racer.packet().await, puback(id));
    }
}

#[tokio::test]
async fn what_the_broker_writes_at_once_leaves_in_few_messages() {
    let hub = TestHub::start(&[]).await;
    let mut racer = hub.racer(9).await;
    let message = hub.message(9).to_string();
    let burst: Vec<u8> =
        (1..=200).flat_map(|id| publish(id, "alleycat-publish/9", message.as_bytes())).collect();
    let before = racer.messages;
    racer.send(&burst).await;
    for id in 1..=200 {
        assert_eq!(racer.packet().await, puback(id));
    }
    let messages = racer.messages - before;
    assert!(messages < 100, "200 packets in {messages} messages");
}

#[tokio::test]
async fn a_wrong_password_is_refused_by_name() {
    let hub = TestHub::start(&[]).await;
    let token = hub.join(10).await;
    for (user, password) in [("10", "wrong"), ("11", token.as_str()), ("admin", token.as_str()), ("10", "")] {
        let mut mqtt = hub.websocket(Some("mqtt")).await.unwrap();
        mqtt.send(&connect("c", Some((user, password)))).await;
        assert_eq!(mqtt.packet().await, [0x20, 2, 0, 4], "{user}");
        mqtt.closed().await;
    }
}

#[tokio::test]
async fn a_will_could_forge_a_board_and_is_refused() {
    let hub = TestHub::start(&[]).await;
    let mut mqtt = hub.websocket(Some("mqtt")).await.unwrap();
    let will = [
        &[0, 4][..],
        b"MQTT",
        &[4, 0x06, 0, 60, 0, 1, b'c', 0, 26],
        b"alleycat-subscribe/1/board",
        &[0, 2],
        b"{}",
    ]
    .concat();
    mqtt.send(&packet(0x10, &will)).await;
    assert_eq!(mqtt.packet().await, [0x20, 2, 0, 5]);
}

#[tokio::test]
async fn riders_read_boards_and_nothing_else() {
    let hub = TestHub::start(&[]).await;
    let mut reader = hub.reader().await;
    for filter in [
        "#",
        "+/#",
        "alleycat-publish/#",
        "alleycat-publish/7",
        "alleycat-subscribe",
        "alleycat-subscribe-x/#",
    ] {
        reader.send(&subscribe(1, filter)).await;
        assert_eq!(reader.packet().await, [0x90, 3, 0, 1, 0x80], "{filter}");
    }
    reader.send(&subscribe(2, "alleycat-subscribe/#")).await;
    assert_eq!(reader.packet().await[..4], [0x90, 3, 0, 2]);
}

#[tokio::test]
async fn nobody_publishes_but_on_the_own_topic() {
    let hub = TestHub::start(&[]).await;
    let mut racer = hub.racer(12).await;
    let mut reader = hub.reader().await;
    let mut watcher = hub.reader().await;
    watcher.send(&subscribe(1, "alleycat-subscribe/1/board")).await;
    let before = hub.counted("alleycat_messages_refused_total{reason=\"wrong-topic\"}").await;
    let forged = b"{\"forged\":true}";
    for (id, topic) in
        [(1, "alleycat-subscribe/1/board"), (2, "alleycat-publish/13"), (3, "alleycat-publish"), (4, "x")]
    {
        racer.send(&publish(id, topic, forged)).await;
        assert_eq!(racer.packet().await, puback(id), "acknowledged, for sending it again would not mend it");
        reader.send(&publish(id, topic, forged)).await;
        assert_eq!(reader.packet().await, puback(id));
    }
    assert!(hub.counted("alleycat_messages_refused_total{reason=\"wrong-topic\"}").await >= before + 8);
    for _ in 0..3 {
        let (_, board, _) = watcher.publish().await;
        assert!(board.get("forged").is_none(), "{board}");
    }
}

#[tokio::test]
async fn an_open_hub_takes_old_clients() {
    let hub = TestHub::start(&["--open"]).await;
    let mut mqtt = hub.reader().await;
    mqtt.send(&publish(1, "alleycat-publish", hub.message(14).to_string().as_bytes())).await;
    assert_eq!(mqtt.packet().await, puback(1));
    let (_, races) = hub.get("/api/races?classId=1").await;
    assert_eq!(races["races"][0]["riders"], 1, "{races}");
}

#[tokio::test]
async fn the_newer_of_two_sessions_of_one_client_stays() {
    let hub = TestHub::start(&[]).await;
    let mut old = hub.reader_as("same").await;
    let mut new = hub.reader_as("same").await;
    old.closed().await;
    new.send(&[0xc0, 0]).await;
    assert_eq!(new.packet().await, [0xd0, 0]);
}

#[tokio::test]
async fn a_client_that_falls_silent_is_given_up() {
    let hub = TestHub::start(&[]).await;
    let mut mqtt = hub.websocket(Some("mqtt")).await.unwrap();
    mqtt.send(&connect_with("silent", None, 1)).await;
    assert_eq!(mqtt.packet().await, CONNACK);
    mqtt.closed().await;
}

#[tokio::test]
async fn a_session_is_taken_over_by_its_own_racer_only() {
    let hub = TestHub::start(&[]).await;
    let token = hub.join(16).await;
    let mut victim = hub.websocket(Some("mqtt")).await.unwrap();
    victim.send(&connect("known", Some(("16", &token)))).await;
    assert_eq!(victim.packet().await, CONNACK);
    let other = hub.join(17).await;
    for login in [None, Some(("17", other.as_str()))] {
        let mut thief = hub.websocket(Some("mqtt")).await.unwrap();
        thief.send(&connect("known", login)).await;
        assert_eq!(thief.packet().await, [0x20, 2, 0, 5], "{login:?}");
    }
    victim.send(&[0xc0, 0]).await;
    assert_eq!(victim.packet().await, [0xd0, 0], "still there");
    let mut again = hub.websocket(Some("mqtt")).await.unwrap();
    again.send(&connect("known", Some(("16", &token)))).await;
    assert_eq!(again.packet().await, CONNACK);
    victim.closed().await;
}

#[tokio::test]
async fn a_flood_is_slowed_and_the_others_do_not_notice() {
    // 1 KiB a second after the first MiB.
    let hub = TestHub::start(&["--client-rate", "1"]).await;
    let (mut flood, mut rider) = (hub.racer(18).await, hub.racer(19).await);
    let burst: Vec<u8> = (0..64).flat_map(|_| publish(1, "alleycat-publish/18", &[b'x'; 1_000])).collect();
    let before = hub.counted("alleycat_slowed_total").await;
    // Until its own buffers are full: nobody reads them any more.
    let flooding = async { while flood.try_send(&burst).await.is_ok() {} };
    _ = tokio::time::timeout(std::time::Duration::from_secs(3), flooding).await;
    assert!(hub.counted("alleycat_slowed_total").await > before);
    rider.send(&publish(1, "alleycat-publish/19", hub.message(19).to_string().as_bytes())).await;
    assert_eq!(rider.packet().await, puback(1));
}
