//! The HTTP side: configuration, joining, lists and their errors.

use alleycat_shared::config::PageConfig;
use serde_json::json;

use crate::rig::{TestHub, now, puback, publish};

#[tokio::test]
async fn the_page_learns_everything_from_the_configuration() {
    let hub = TestHub::start(&["--race-seconds", "60", "--sensor-url", "ws://bike/sensor"]).await;
    let (status, config) = hub.get("/config.json").await;
    let config: PageConfig = serde_json::from_value(config).unwrap();
    assert_eq!((status, config.race_seconds, config.classes.len()), (200, 60, 6));
    assert_eq!((config.mqtt.url.as_str(), config.sensor.url.as_str()), ("/mqtt", "ws://bike/sensor"));
}

#[tokio::test]
async fn the_clock_is_the_hubs() {
    let hub = TestHub::start(&[]).await;
    let before = now();
    let (_, clock) = hub.get("/api/clock").await;
    assert!((before..=now()).contains(&clock["now"].as_u64().unwrap()));
}

#[tokio::test]
async fn an_id_in_use_is_refused_to_others_and_renewed_for_its_device() {
    let hub = TestHub::start(&[]).await;
    let token = hub.join(50).await;
    let body = |token: Option<&str>| json!({ "racerId": 50, "name": "Bob", "token": token }).to_string();
    let (status, problem) = hub.post("/api/join", &body(None)).await;
    assert_eq!(status, 409);
    assert!(problem["detail"].as_str().unwrap().contains("another device"), "{problem}");
    let (status, joined) = hub.post("/api/join", &body(Some(&token))).await;
    assert_eq!((status, &joined["name"]), (200, &json!("Bob")));
}

#[tokio::test]
async fn bad_requests_are_problems_with_a_reason() {
    let hub = TestHub::start(&[]).await;
    let joins = [
        ("{", 400),
        (r#"{"racerId":40001,"name":"Ann"}"#, 422),
        (r#"{"racerId":7,"name":""}"#, 422),
        (r#"{"racerId":"7","name":"Ann"}"#, 422),
        (&format!(r#"{{"racerId":7,"name":"{}"}}"#, "x".repeat(5_000)), 413),
    ];
    for (body, expected) in joins {
        let (status, problem) = hub.post("/api/join", body).await;
        assert_eq!(status, expected, "{body}: {problem}");
        assert!(!problem["detail"].as_str().unwrap().is_empty());
    }
    let gets = [
        ("/api/races", 400),
        ("/api/races?classId=7", 400),
        ("/api/races?classId=1&limit=0", 400),
        ("/api/races?classId=1&before=x", 400),
        ("/api/races/1/classes/1", 404),
        ("/api/races/x/classes/1", 400),
        ("/api/leaderboard?classId=1&limit=1001", 400),
        ("/api/nothing", 404),
        ("/mqtt", 426),
    ];
    for (path, expected) in gets {
        let answer = reqwest::get(hub.url(path)).await.unwrap();
        assert_eq!(answer.status(), expected, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn a_hub_without_a_page_says_how_to_get_one() {
    let hub = TestHub::start(&[]).await;
    let text = reqwest::get(hub.url("/")).await.unwrap().text().await.unwrap();
    assert!(text.contains("--page DIR"), "{text}");
    let (_, health) = hub.get("/healthz").await;
    assert_eq!((&health["status"], &health["broker"]), (&"ok".into(), &"embedded".into()));
}

#[tokio::test]
async fn the_page_is_served_with_its_types_and_kept_by_its_hash() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "<p>page").unwrap();
    std::fs::write(folder.path().join("app-0123456789abcdef_bg.wasm"), [0; 4_000]).unwrap();
    std::fs::write(folder.path().join("start.js"), "start()").unwrap();
    std::fs::write(folder.path().join("start.js.br"), "packed").unwrap();
    let hub = TestHub::start(&["--page", folder.path().to_str().unwrap()]).await;
    let index = reqwest::get(hub.url("/")).await.unwrap();
    assert_eq!(index.headers()["cache-control"], "no-cache");
    assert_eq!(index.text().await.unwrap(), "<p>page");
    let accepting = |path: &str, packed: &str| {
        reqwest::Client::new().get(hub.url(path)).header("accept-encoding", packed).send()
    };
    let wasm = accepting("/app-0123456789abcdef_bg.wasm", "gzip, br").await.unwrap();
    assert_eq!(wasm.headers()["content-type"], "application/wasm");
    assert_eq!(wasm.headers()["content-encoding"], "gzip");
    assert!(wasm.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    for (packed, sent, encoding) in [("gzip, br", "packed", Some("br")), ("gzip", "start()", None)] {
        let start = accepting("/start.js", packed).await.unwrap();
        assert_eq!(start.headers()["vary"], "accept-encoding");
        assert!(start.headers()["content-type"].to_str().unwrap().starts_with("text/javascript"));
        assert_eq!(start.headers().get("content-encoding").map(|value| value.to_str().unwrap()), encoding);
        assert_eq!(start.text().await.unwrap(), sent);
    }
    let outside = reqwest::get(hub.url("/%2e%2e/%2e%2e/etc/passwd")).await.unwrap();
    assert_eq!(outside.status(), 404);
}

#[tokio::test]
async fn who_leaves_or_is_sent_away_by_the_host_rides_no_more() {
    let hub = TestHub::start(&["--host-key", "secret"]).await;
    let mut rider = hub.racer(51).await;
    let (status, _) = hub.post("/api/leave", r#"{"racerId":51,"token":"x.y"}"#).await;
    assert_eq!(status, 401);
    let host = |method: reqwest::Method, path: &str, key: &str| {
        let request = reqwest::Client::new().request(method, hub.url(path));
        request.header("authorization", format!("Bearer {key}")).send()
    };
    for key in ["", "secre", "secret1"] {
        assert_eq!(
            host(reqwest::Method::GET, "/api/host/seats", key).await.unwrap().status(),
            401,
            "{key:?}"
        );
    }
    let seats = host(reqwest::Method::GET, "/api/host/seats", "secret").await.unwrap();
    let seats: serde_json::Value = seats.json().await.unwrap();
    assert_eq!((&seats["seats"][0]["racerId"], &seats["seats"][0]["name"]), (&json!(51), &json!("Ann")));
    for expected in [204, 404] {
        let freed = host(reqwest::Method::DELETE, "/api/host/seats/51", "secret").await.unwrap();
        assert_eq!(freed.status(), expected);
    }
    // The connection is still there; what it sends counts no more.
    rider.send(&publish(1, "alleycat-publish/51", hub.message(51).to_string().as_bytes())).await;
    assert_eq!(rider.packet().await, puback(1));
    assert_eq!(hub.get("/api/races?classId=1").await.1["races"], json!([]));
    let token = hub.join(51).await;
    // Nor when the id is somebody else's: that it was proved once says nothing of now.
    rider.send(&publish(2, "alleycat-publish/51", hub.message(51).to_string().as_bytes())).await;
    assert_eq!(rider.packet().await, puback(2));
    assert_eq!(hub.get("/api/races?classId=1").await.1["races"], json!([]));
    let (status, _) = hub.post("/api/leave", &json!({ "racerId": 51, "token": token }).to_string()).await;
    assert_eq!(status, 204);
    let nobody = TestHub::start(&[]).await;
    assert_eq!(nobody.get("/api/host/seats").await.0, 401, "no key, no host");
}
