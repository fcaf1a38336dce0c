//! Clients that mean harm: they hold connections, forge, replay, climb out of folders, come from pages of others.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::rig::{CONNACK, TestHub, connect, connect_with, free_address, packet, puback, publish, subscribe};

/// Says the beginning at once and the rest byte by byte, until the hub hangs up; within 30 s it must.
async fn drips(address: SocketAddr, beginning: Vec<u8>, byte: u8) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&beginning).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let mut heard = Vec::new();
    let dripping = async {
        while to.write_all(&[byte]).await.is_ok() {
            sleep(Duration::from_millis(200)).await;
        }
        std::future::pending::<()>().await;
    };
    let ended = async {
        tokio::select! {
            _ = from.read_to_end(&mut heard) => {}
            () = dripping => {}
        }
    };
    let said = String::from_utf8_lossy(&beginning).into_owned();
    timeout(Duration::from_secs(30), ended).await.unwrap_or_else(|_| panic!("hangs up on {said:?}"));
    heard
}

/// The head of a WebSocket's greeting.
fn greeting(address: SocketAddr) -> String {
    format!(
        "GET /mqtt HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: mqtt\r\n"
    )
}

#[tokio::test]
async fn who_sends_byte_by_byte_holds_no_connection() {
    let mqtt = free_address();
    let hub = TestHub::start(&["--mqtt-tcp", &mqtt.to_string()]).await;
    let (web, greeting) = (hub.address(), greeting(hub.address()));
    let whole = format!("{greeting}\r\n");
    // A CONNECT that announces 10,000 bytes, and a frame that announces as many.
    let half_connect = [&[0x10, 0x90, 0x4e, 0, 4][..], b"MQTT", &[4, 2, 0, 0, 0x20, 0]].concat();
    let half_frame = [whole.as_bytes(), &[0x82, 0xfe, 0x27, 0x10, 0, 0, 0, 0]].concat();
    // Accepted, and then a message that takes for ever, within a keep-alive of a second.
    let half_message = [connect_with("drip", None, 1), vec![0x32, 0x90, 0x4e, 0, 5]].concat();
    let mut all = JoinSet::new();
    for (address, beginning) in [
        (web, b"GET / HTTP/1.1\r\nhost: ".to_vec()),
        (web, b"POST /api/join HTTP/1.1\r\nhost: x\r\nx: ".to_vec()),
        (web, greeting.into_bytes()),
        (web, half_frame),
        (mqtt, vec![0x10]),
        (mqtt, half_connect),
        (mqtt, half_message),
    ] {
        all.spawn(drips(address, beginning, b'a'));
    }
    // A body that does not come, after a head that did.
    let join = "POST /api/join HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4000\r\n\r\n{";
    all.spawn(drips(web, join.into(), b' '));
    // And who says nothing at all, in a WebSocket and without.
    for (address, beginning) in [(web, whole.as_str()), (mqtt, ""), (web, "")] {
        let beginning = beginning.to_owned();
        all.spawn(async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(beginning.as_bytes()).await.unwrap();
            let mut heard = Vec::new();
            let ended = timeout(Duration::from_secs(30), stream.read_to_end(&mut heard)).await;
            _ = ended.unwrap_or_else(|_| panic!("hangs up after {beginning:?}"));
            heard
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
    assert_eq!(hub.get("/healthz").await.1["status"], "ok");
}

#[tokio::test]
async fn a_token_is_of_one_hub_one_racer_and_one_stay() {
    let (hub, other) = (TestHub::start(&[]).await, TestHub::start(&[]).await);
    let first = hub.join(60).await;
    let with = |token: &str| json!({ "racerId": 60, "name": "Ann", "token": token }).to_string();
    assert_eq!(hub.post("/api/leave", &with(&first)).await.0, 204);
    let joined = hub.join(60).await;
    let newest = hub.post("/api/join", &with(&joined)).await.1["token"].as_str().unwrap().to_owned();
    let foreign = other.join(60).await;
    let neighbour = hub.join(61).await;
    let (claims, mac) = newest.split_once('.').unwrap();
    let (neighbours_claims, neighbours_mac) = neighbour.split_once('.').unwrap();
    let mut forged = vec![
        first.clone(),
        foreign,
        neighbour.clone(),
        format!("{claims}.{neighbours_mac}"),
        format!("{neighbours_claims}.{mac}"),
        claims.to_owned(),
        format!("{claims}."),
        format!(".{mac}"),
        format!("{newest}A"),
        format!("{newest}.{mac}"),
        newest.to_uppercase(),
        "\u{0}".to_owned(),
    ];
    // Each character of the signature is worth something; the last one of base64 has bits to spare, which must
    // be refused as well.
    forged.extend((0..newest.len()).map(|at| {
        let mut letters = newest.clone().into_bytes();
        letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(letters).unwrap()
    }));
    for token in forged {
        let mut mqtt = hub.websocket(Some("mqtt")).await.unwrap();
        mqtt.send(&connect("forger", Some(("60", &token)))).await;
        assert_eq!(mqtt.packet().await, [0x20, 2, 0, 4], "{token}");
        for path in ["/api/join", "/api/leave"] {
            let body = json!({ "racerId": 60, "name": "Eve", "token": token }).to_string();
            let (status, _) = hub.post(path, &body).await;
            assert!((400..500).contains(&status), "{path} {status} {token}");
        }
    }
    for token in [&newest, &joined] {
        let mut mqtt = hub.websocket(Some("mqtt")).await.unwrap();
        mqtt.send(&connect("rider", Some(("60", token)))).await;
        assert_eq!(mqtt.packet().await, CONNACK, "the true ones are still good");
    }
    let leave = json!({ "racerId": 60, "token": newest }).to_string();
    assert_eq!(hub.post("/api/leave", &leave).await.0, 204);
    let mut replayed = hub.websocket(Some("mqtt")).await.unwrap();
    replayed.send(&connect("replay", Some(("60", &newest)))).await;
    assert_eq!(replayed.packet().await, [0x20, 2, 0, 4], "given back, and shown again");
}

#[tokio::test]
async fn results_are_not_forged_on_any_topic_in_any_way() {
    let hub = TestHub::start(&[]).await;
    let (mut racer, mut reader) = (hub.racer(62).await, hub.reader().await);
    let mut watcher = hub.reader().await;
    watcher.send(&subscribe(1, "alleycat-subscribe/#")).await;
    let victim = hub.racer(63).await;
    let message = hub.message(63).to_string();
    let topics = [
        "alleycat-subscribe/1/board",
        "alleycat-subscribe/1/field",
        "alleycat-subscribe/1/rider/62",
        "alleycat-subscribe/1/rider/63",
        "alleycat-subscribe/",
        "alleycat-subscribe",
        "alleycat-publish/63",
        "alleycat-publish/62/../63",
        "alleycat-publish/62/63",
        "alleycat-publish/ 63",
        "alleycat-publish/63 ",
        "alleycat-publish//63",
        "/alleycat-publish/63",
        "alleycat-publish/6\u{ff13}",
        "alleycat-publish/%36%33",
        "alleycat-publish/62\nalleycat-publish/63",
        "alleycat-publish/18446744073709551679",
        "ALLEYCAT-PUBLISH/63",
        "$share/x/alleycat-publish/63",
        "$SYS/brokers",
    ];
    for topic in topics {
        for payload in [message.as_bytes(), br#"{"forged":true}"#] {
            for client in [&mut racer, &mut reader] {
                // At each quality of service, to be retained and not.
                for (first, answer) in
                    [(0x32, Some(0x40)), (0x33, Some(0x40)), (0x35, Some(0x50)), (0x31, None)]
                {
                    let mut bytes = publish(9, topic, payload);
                    if answer.is_none() {
                        let id = bytes.len() - payload.len() - 2;
                        bytes.drain(id..id + 2);
                        bytes[1] -= 2;
                    }
                    bytes[0] = first;
                    client.send(&bytes).await;
                    if let Some(answer) = answer {
                        assert_eq!(client.packet().await, [answer, 2, 0, 9], "{topic:?}");
                    }
                    if first == 0x35 {
                        client.send(&[0x62, 2, 0, 9]).await;
                        assert_eq!(client.packet().await, [0x70, 2, 0, 9]);
                    }
                }
            }
        }
    }
    // All boards of two seconds, and what is retained for who comes later.
    let mut late = hub.reader().await;
    late.send(&subscribe(1, "alleycat-subscribe/#")).await;
    for client in [&mut watcher, &mut late] {
        for _ in 0..18 {
            let (topic, board, _) = client.publish().await;
            assert!(board.get("forged").is_none() && board.get("uuid").is_none(), "{topic} {board}");
        }
    }
    drop(victim);
    assert_eq!(hub.get("/api/races?classId=1").await.1["races"], json!([]), "nobody has a second");
}

#[tokio::test]
async fn payloads_that_are_no_text_or_no_message_are_refused_by_name() {
    let hub = TestHub::start(&[]).await;
    let mut racer = hub.racer(64).await;
    let message = hub.message(64).to_string();
    let with = |from: &str, to: &[u8]| {
        let (before, after) = message.split_once(from).unwrap();
        [before.as_bytes(), to, after.as_bytes()].concat()
    };
    let deep = [b"\"x\":", &b"[".repeat(3_000)[..]].concat();
    let table: [(Vec<u8>, &str); 8] = [
        (with("Message", b"\xff\xfe"), "malformed"),
        (with("Message", b"\xed\xa0\x80"), "malformed"),
        (with("Message", br"a\u0000b"), "name"),
        (with("\"cadence\":81", b"\"cadence\":NaN"), "malformed"),
        (with("\"cadence\":81", b"\"cadence\":1e999"), "malformed"),
        (with("\"cadence\":81", b"\"cadence\":81,\"cadence\":82"), "wrong-fields"),
        (with("\"cadence\":81", &deep), "malformed"),
        (Vec::new(), "malformed"),
    ];
    for (id, (payload, reason)) in (1..).zip(table) {
        let metric = format!("alleycat_messages_refused_total{{reason=\"{reason}\"}}");
        let before = hub.counted(&metric).await;
        racer.send(&publish(id, "alleycat-publish/64", &payload)).await;
        assert_eq!(racer.packet().await, puback(id), "{reason}");
        let shown = String::from_utf8_lossy(&payload).chars().take(200).collect::<String>();
        assert!(hub.counted(&metric).await > before, "{reason}: {shown}");
    }
    assert_eq!(hub.get("/api/races?classId=1").await.1["races"], json!([]));
}

#[tokio::test]
async fn paths_stay_in_the_folder_of_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page");
    std::fs::create_dir(&page).unwrap();
    std::fs::write(page.join("index.html"), "<p>page").unwrap();
    std::fs::write(folder.path().join("secret"), "secret").unwrap();
    let hub = TestHub::start(&["--page", page.to_str().unwrap()]).await;
    let absolute = folder.path().join("secret");
    for path in [
        "/../secret",
        "/x/../../secret",
        "/..%2fsecret",
        "/%2e%2e/secret",
        "/%2e%2e%2fsecret",
        "/%252e%252e%252fsecret",
        "/..%5csecret",
        "/..\\secret",
        "/./../secret",
        "/index.html/../../secret",
        "/%00/../secret",
        "/..%00/secret",
        "/..;/secret",
        "//../secret",
        "/..%c0%afsecret",
        "/api/../../secret",
        "/api/rides/..%2f..%2fsecret/7.fit",
        "/api/rides/1/..%2f..%2fsecret",
        &format!("/{}", absolute.display()),
        absolute.to_str().unwrap(),
    ] {
        // By hand: clients tidy paths up.
        let mut stream = TcpStream::connect(hub.address()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(!answer.contains("\r\n\r\nsecret"), "{path}");
    }
}

/// Greets as a page of this origin; returns the status of who is refused.
async fn greets(hub: &TestHub, origin: &str) -> Result<(), u16> {
    let mut request = format!("ws://{}/mqtt", hub.address()).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "mqtt".parse().unwrap());
    request.headers_mut().insert("origin", origin.parse().unwrap());
    match tokio_tungstenite::connect_async(request).await {
        Ok(_) => Ok(()),
        Err(Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn pages_of_others_speak_neither_mqtt_nor_the_api() {
    // Where it would do most harm: nobody needs a token here.
    let hub = TestHub::start(&["--open", "--allow-origin", "https://race.example"]).await;
    let before = hub.counted("alleycat_turned_away_total{reason=\"origin\"}").await;
    for origin in ["https://evil.example", "http://race.example", "null", "http://127.0.0.1.evil.example"] {
        assert_eq!(greets(&hub, origin).await, Err(403), "{origin}");
    }
    assert_eq!(hub.counted("alleycat_turned_away_total{reason=\"origin\"}").await, before + 4);
    for origin in [&format!("http://{}", hub.address()), "http://localhost:8765", "https://race.example"] {
        assert_eq!(greets(&hub, origin).await, Ok(()), "{origin}");
    }
    // A page may send such a body anywhere without asking first; and what it asks, it is not allowed.
    let client = reqwest::Client::new();
    let join = client.post(hub.url("/api/join")).header("origin", "https://evil.example");
    let join = join.header("content-type", "text/plain").body(r#"{"racerId":65,"name":"Eve"}"#);
    assert_eq!(join.send().await.unwrap().status(), 415);
    let ask = client.request(reqwest::Method::OPTIONS, hub.url("/api/join"));
    let ask = ask.header("origin", "https://evil.example").header("access-control-request-method", "POST");
    let answer = ask.header("access-control-request-headers", "content-type").send().await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"), "{answer:?}");
    let read = client.get(hub.url("/api/leaderboard?classId=1")).header("origin", "https://evil.example");
    let answer = read.send().await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"), "{answer:?}");
}

#[tokio::test]
async fn what_is_out_of_order_ends_its_connection_and_counts_nothing() {
    let hub = TestHub::start(&[]).await;
    let token = hub.join(66).await;
    let message = publish(1, "alleycat-publish/66", hub.message(66).to_string().as_bytes());
    let login = connect("order", Some(("66", &token)));
    for bytes in [
        // Before CONNECT, after a refused one, after DISCONNECT.
        [&message[..], &login].concat(),
        [&connect("order", Some(("66", "wrong")))[..], &message].concat(),
        [&login[..], &[0xe0, 0], &message].concat(),
        // Acknowledging what was never sent is idle, a second CONNECT is not.
        [&login[..], &[0x40, 2, 0, 9], &[0x50, 2, 0, 9], &login, &message].concat(),
        // What only a server says.
        [&login[..], &packet(0x90, &[0, 1, 0]), &message].concat(),
    ] {
        let mut mqtt = hub.websocket(Some("mqtt")).await.unwrap();
        mqtt.send(&bytes).await;
        mqtt.closed().await;
    }
    let (_, races) = hub.get("/api/races?classId=1").await;
    assert_eq!(races["races"], Value::Array(vec![]));
}
