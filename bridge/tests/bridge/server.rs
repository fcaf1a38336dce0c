//! Who is let in, and what is passed on.

use alleycat_shared::api::Problem;
use alleycat_shared::config::{Auth, PageConfig};
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::Redirect;
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::rig::Bridge;

/// How the hub names a download.
const RIDE: &str = "attachment; filename=\"7.fit\"";

/// A hub's HTTP side, as far as the bridge passes it on.
async fn hub() -> (String, JoinHandle<()>) {
    let config = PageConfig {
        mqtt: alleycat_shared::config::MqttConfig::default(),
        sensor: alleycat_shared::config::SensorConfig { url: "ws://elsewhere/sensor".into() },
        classes: alleycat_shared::config::classes(),
        race_seconds: 300,
        grace_seconds: 30,
        auth: Auth::Token,
    };
    let echo = |uri: axum::http::Uri, body: String| async move { format!("{uri} {body}") };
    let mut config = serde_json::to_value(config).unwrap();
    config["newerThanThis"] = true.into();
    let router = Router::new()
        .route("/config.json", get(|| async { Json(config) }))
        .route("/api/echo", axum::routing::post(echo))
        .route("/api/ride", get(|| async { ([(CONTENT_DISPOSITION, RIDE)], "ride") }))
        .route("/api/moved", get(|| async { Redirect::temporary("/api/ride") }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (address, tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }))
}

#[tokio::test]
async fn a_hostile_page_is_not_let_in() {
    let bridge = Bridge::start(&["virtual"]).await;
    for origin in ["http://evil.example", "null", "https://localhost:8765"] {
        let Err(Error::Http(refused)) = bridge.connect(Some(origin)).await else {
            panic!("{origin} was let in")
        };
        assert_eq!(refused.status(), 403, "{origin}");
    }
    let own = bridge.url("");
    assert!(bridge.connect(Some(&own)).await.is_ok());
}

#[tokio::test]
async fn a_rebound_name_is_not_answered_to() {
    let bridge = Bridge::start(&["virtual"]).await;
    let client = reqwest::Client::new();
    for path in ["/", "/healthz", "/config.json", "/sensor", "/api/clock"] {
        let answer = client.get(bridge.url(path)).header("host", "evil.example").send().await.unwrap();
        assert_eq!(answer.status(), 403, "{path}");
    }
}

#[tokio::test]
async fn a_hostile_page_reaches_nothing() {
    let (hub, _serving) = hub().await;
    let bridge = Bridge::start(&["virtual", "--hub", &format!("http://{hub}")]).await;
    let client = reqwest::Client::new();
    for origin in ["http://evil.example", "null"] {
        for path in ["/api/ride", "/config.json", "/healthz"] {
            let answer = client.get(bridge.url(path)).header("origin", origin).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path} from {origin}");
        }
        let answer = client.post(bridge.url("/api/echo")).header("origin", origin).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{origin}");
    }
    let own = client.get(bridge.url("/api/ride")).header("origin", bridge.url(""));
    assert_eq!(own.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn pages_are_counted_and_bounded() {
    let bridge = Bridge::start(&["virtual"]).await;
    let mut pages = Vec::new();
    for _ in 0..16 {
        pages.push(bridge.page().await);
    }
    let Err(Error::Http(refused)) = bridge.connect(None).await else {
        panic!("a seventeenth page was let in")
    };
    assert_eq!(refused.status(), 503);
}

#[tokio::test]
async fn the_hubs_configuration_is_passed_on_and_kept() {
    let (hub, serving) = hub().await;
    let bridge = Bridge::start(&["virtual", "--hub", &format!("http://{hub}")]).await;
    let text = reqwest::get(bridge.url("/config.json")).await.unwrap().text().await.unwrap();
    assert!(text.contains("newerThanThis"), "what the bridge does not know is the page's business: {text}");
    let config: PageConfig = serde_json::from_str(&text).unwrap();
    assert_eq!(config.mqtt.url, format!("ws://{hub}/mqtt"));
    assert_eq!(config.sensor.url, "/sensor");
    serving.abort();
    _ = serving.await;
    let kept: PageConfig = reqwest::get(bridge.url("/config.json")).await.unwrap().json().await.unwrap();
    assert_eq!(kept, config, "while the hub is away");
}

#[tokio::test]
async fn the_api_is_passed_on_with_query_and_body() {
    let (hub, _serving) = hub().await;
    let bridge = Bridge::start(&["virtual", "--hub", &format!("http://{hub}")]).await;
    let client = reqwest::Client::new();
    let answer = client.post(bridge.url("/api/echo?x=1")).body("hello").send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "/api/echo?x=1 hello");
    let large = client.post(bridge.url("/api/echo")).body("x".repeat(65 * 1024)).send().await.unwrap();
    assert_eq!(large.status(), 413);
}

#[tokio::test]
async fn a_download_keeps_its_name_and_the_hub_sends_nobody_elsewhere() {
    let (hub, _serving) = hub().await;
    let bridge = Bridge::start(&["virtual", "--hub", &format!("http://{hub}")]).await;
    let ride = reqwest::get(bridge.url("/api/ride")).await.unwrap();
    assert_eq!(ride.headers()["content-disposition"], RIDE);
    assert_eq!(ride.text().await.unwrap(), "ride");
    let moved = reqwest::get(bridge.url("/api/moved")).await.unwrap();
    assert_eq!((moved.status().as_u16(), moved.text().await.unwrap()), (307, String::new()));
}

#[tokio::test]
async fn a_hub_that_is_away_is_said_in_words() {
    // A port that was free a moment ago, and nobody listens on.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let bridge = Bridge::start(&["virtual", "--hub", &format!("http://{gone}")]).await;
    for path in ["/config.json", "/api/clock"] {
        let answer = reqwest::get(bridge.url(path)).await.unwrap();
        assert_eq!(answer.status(), 502);
        let problem: Problem = answer.json().await.unwrap();
        assert!(problem.detail.contains("does not answer"), "{problem:?}");
    }
}

#[tokio::test]
async fn a_hub_that_is_no_hub_is_said_in_words() {
    let router = Router::new().route("/config.json", get(|| async { "{\"mqtt\":7}" }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let _serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let bridge = Bridge::start(&["virtual", "--hub", &format!("http://{address}")]).await;
    let problem: Problem = reqwest::get(bridge.url("/config.json")).await.unwrap().json().await.unwrap();
    assert!(problem.detail.contains("a configuration that is none"), "{problem:?}");
}

#[tokio::test]
async fn the_page_is_served_with_its_types_and_never_an_old_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), "<title>Alleycat</title>").unwrap();
    std::fs::write(folder.path().join("app.wasm"), "\0asm").unwrap();
    let bridge = Bridge::start(&["virtual", "--page", folder.path().to_str().unwrap()]).await;
    let index = reqwest::get(bridge.url("/")).await.unwrap();
    assert_eq!(
        (&index.headers()["content-type"], &index.headers()["cache-control"]),
        (&"text/html".parse().unwrap(), &"no-cache".parse().unwrap())
    );
    assert!(index.text().await.unwrap().contains("Alleycat"));
    let wasm = reqwest::get(bridge.url("/app.wasm")).await.unwrap();
    assert_eq!(wasm.headers()["content-type"], "application/wasm");
    for path in ["/nothing", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        assert_eq!(reqwest::get(bridge.url(path)).await.unwrap().status(), 404, "{path}");
    }
    let rebound = reqwest::Client::new().get(bridge.url("/")).header("host", "evil.example");
    assert_eq!(rebound.send().await.unwrap().status(), 403, "the page as well");
}

#[tokio::test]
async fn a_bridge_without_a_page_says_so() {
    let bridge = Bridge::start(&["virtual"]).await;
    let text = reqwest::get(bridge.url("/")).await.unwrap().text().await.unwrap();
    assert!(text.contains("without a page") && text.contains("--page"), "{text}");
}

#[tokio::test]
async fn what_pages_say_is_ignored_and_bounded() {
    let bridge = Bridge::start(&["virtual"]).await;
    let mut page = bridge.page().await;
    page.say(Message::text("{\"type\":\"reading\",\"cadence\":250}")).await;
    page.say(Message::binary(vec![0xff; 1_000])).await;
    assert!(page.reading().await.cadence.get() < 250.0);
    page.say(Message::text("x".repeat(2_000))).await;
    page.end().await;
    assert!(bridge.page().await.reading().await.cadence.get() > 0.0, "others are served on");
}

#[tokio::test]
async fn a_bridge_ends_with_its_pages() {
    let bridge = Bridge::start(&["virtual"]).await;
    let mut page = bridge.page().await;
    page.reading().await;
    bridge.end().await;
    page.end().await;
}
