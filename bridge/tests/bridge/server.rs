//! Who is let in, and what is passed on.

use std::process::Command;

use alleycat_shared::api::Problem;
use alleycat_shared::config::{Auth, PageConfig};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Error;

use crate::rig::Bridge;

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
    let router = Router::new()
        .route("/config.json", get(|| async { Json(config) }))
        .route("/api/echo", axum::routing::post(echo));
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
    let config: PageConfig = reqwest::get(bridge.url("/config.json")).await.unwrap().json().await.unwrap();
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

#[test]
fn what_can_not_work_is_one_sentence_and_an_exit_code() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let table: [(&[&str], &str); 4] = [
        (&["virtual", "--listen", &address], "can't listen on"),
        (&["virtual", "--page", "/nowhere"], "there is no page in /nowhere"),
        (&["virtual", "--listen", "0.0.0.0:0"], "--allow-lan"),
        (&["run", "--port", "/dev/null", "--driver", "unicycle"], "possible values: line, peloton"),
    ];
    for (args, sentence) in table {
        let output = Command::new(env!("CARGO_BIN_EXE_alleycat-bridge")).args(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(sentence), "{args:?}: {text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}
