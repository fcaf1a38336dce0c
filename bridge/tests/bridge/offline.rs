//! A day without the hub: the page, its files and its configuration come from the copy on this machine.

use std::path::Path;
use std::time::Duration;

use alleycat_shared::config::{Auth, MqttConfig, PageConfig, SensorConfig, classes};
use alleycat_shared::message::{SensorReading, SensorState};
use axum::routing::get;
use axum::{Json, Router};
use reqwest::StatusCode;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_http::services::ServeDir;

use crate::rig::Bridge;

/// What the page consists of, in the shape in which it is built: hashed names, named by the index.
const FILES: [(&str, &str, &str); 6] = [
    ("alleycat-app-1.js", "text/javascript", "export default async function init() {}"),
    ("alleycat-app-1_bg.wasm", "application/wasm", "\0asm\u{1}\0\0\0"),
    ("main-1.css", "text/css", "@font-face{src:url(/fonts/plain.woff2)}"),
    ("fonts/plain.woff2", "font/woff2", "wOF2"),
    (
        "manifest.webmanifest",
        "application/manifest+json",
        r#"{"start_url":"/","icons":[{"src":"/icon.svg"}]}"#,
    ),
    ("icon.svg", "image/svg+xml", "<svg/>"),
];

fn build(folder: &Path, title: &str) {
    std::fs::create_dir_all(folder.join("fonts")).unwrap();
    for (name, _, text) in FILES {
        std::fs::write(folder.join(name), text).unwrap();
    }
    let index = format!(
        "<title>{title}</title><link rel=\"stylesheet\" href=\"/main-1.css\"/>
        <link rel=\"manifest\" href=\"/manifest.webmanifest\"/>
        <script type=\"module\">import init from '/alleycat-app-1.js';
        await init({{ module_or_path: '/alleycat-app-1_bg.wasm' }});</script>"
    );
    std::fs::write(folder.join("index.html"), index).unwrap();
}

struct Hub {
    address: String,
    serving: JoinHandle<()>,
}

impl Hub {
    async fn start(page: &Path) -> Self {
        let config = PageConfig {
            mqtt: MqttConfig::default(),
            sensor: SensorConfig { url: "/sensor".into() },
            classes: classes(),
            race_seconds: 300,
            grace_seconds: 30,
            auth: Auth::Token,
        };
        let router = Router::new()
            .route("/config.json", get(|| async move { Json(config) }))
            .fallback_service(ServeDir::new(page));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        Self { address, serving: tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }) }
    }

    async fn stop(self) -> String {
        self.serving.abort();
        _ = self.serving.await;
        self.address
    }
}

/// Asks until the answer is there.
async fn index_with(bridge: &Bridge, title: &str) {
    let until = async {
        while !reqwest::get(bridge.url("/")).await.unwrap().text().await.unwrap().contains(title) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), until).await.expect("the page is fetched");
}

#[tokio::test]
async fn with_the_hub_stopped_the_page_opens_whole_and_the_bike_is_live() {
    let (page, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    build(page.path(), "Alleycat one");
    let hub = Hub::start(page.path()).await;
    let args = ["virtual", "--state", state.path().to_str().unwrap(), "--hub", &hub.address.clone()];
    let bridge = Bridge::start(&args).await;
    index_with(&bridge, "Alleycat one").await;
    let fresh = reqwest::get(bridge.url("/config.json")).await.unwrap();
    assert!(!fresh.headers().contains_key("x-alleycat-kept"));
    let config: PageConfig = fresh.json().await.unwrap();
    bridge.end().await;
    hub.stop().await;

    // The tablet starts without the hub.
    let bridge = Bridge::start(&args).await;
    let index = reqwest::get(bridge.url("/")).await.unwrap();
    assert_eq!(index.headers()["content-type"], "text/html");
    assert!(index.text().await.unwrap().contains("Alleycat one"));
    for (name, kind, text) in FILES {
        let file = reqwest::get(bridge.url(&format!("/{name}"))).await.unwrap();
        assert_eq!(
            (file.status(), &file.headers()["content-type"]),
            (StatusCode::OK, &kind.parse().unwrap()),
            "{name}"
        );
        assert_eq!(file.text().await.unwrap(), text, "{name}");
    }
    let kept = reqwest::get(bridge.url("/config.json")).await.unwrap();
    assert_eq!(kept.headers()["x-alleycat-kept"], "hub-away");
    assert_eq!(kept.json::<PageConfig>().await.unwrap(), config);
    let status: serde_json::Value = reqwest::get(bridge.url("/status")).await.unwrap().json().await.unwrap();
    assert_eq!(status["hubHere"], false);
    let mut open = bridge.page().await;
    open.state(SensorState::Live).await;
    open.reading().await;
}

#[tokio::test]
async fn a_new_page_replaces_the_kept_one_and_a_broken_one_does_not() {
    let (page, state) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    build(page.path(), "Alleycat one");
    let hub = Hub::start(page.path()).await;
    let args = ["virtual", "--state", state.path().to_str().unwrap(), "--hub", &hub.address.clone()];
    for title in ["Alleycat one", "Alleycat two"] {
        build(page.path(), title);
        let bridge = Bridge::start(&args).await;
        index_with(&bridge, title).await;
        bridge.end().await;
    }
    // A build that is half there: its script is missing.
    build(page.path(), "Alleycat three");
    std::fs::remove_file(page.path().join("alleycat-app-1.js")).unwrap();
    let bridge = Bridge::start(&args).await;
    let until = async {
        loop {
            let status: serde_json::Value =
                reqwest::get(bridge.url("/status")).await.unwrap().json().await.unwrap();
            if status["pageProblem"].as_str().is_some_and(|text| text.contains("alleycat-app-1.js")) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), until).await.expect("the failure is told");
    index_with(&bridge, "Alleycat two").await;
    assert_eq!(reqwest::get(bridge.url("/alleycat-app-1.js")).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_page_that_was_never_fetched_is_said_in_words() {
    let state = tempfile::tempdir().unwrap();
    // A port that was free a moment ago, and nobody listens on.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let hub = format!("http://{gone}");
    let bridge = Bridge::start(&["virtual", "--state", state.path().to_str().unwrap(), "--hub", &hub]).await;
    let answer = reqwest::get(bridge.url("/")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.text().await.unwrap().contains("start the hub"));
}

#[tokio::test]
async fn metrics_and_status_tell_of_the_sensor() {
    let bridge = Bridge::start(&["virtual"]).await;
    let mut page = bridge.page().await;
    page.reading().await;
    let metrics = reqwest::get(bridge.url("/metrics")).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("alleycat_bridge_sensor_live 1\n"), "{metrics}");
    assert!(
        metrics.contains("state=\"live\",driver=\"virtual\"")
            && metrics.contains("alleycat_bridge_pages 1\n"),
        "{metrics}"
    );
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
    }
    let status = async || {
        reqwest::get(bridge.url("/status")).await.unwrap().json::<serde_json::Value>().await.unwrap()
    };
    assert!(status().await["heartbeatAgeMs"].is_null());
    page.say("alive".into()).await;
    let until = async { while status().await["heartbeatAgeMs"].is_null() {} };
    tokio::time::timeout(Duration::from_secs(15), until).await.expect("a word of the page is a heartbeat");
}

#[tokio::test]
async fn two_pages_and_a_reload_neither_steal_nor_double_readings() {
    let bridge = Bridge::start(&["virtual"]).await;
    let (mut one, mut other) = (bridge.page().await, bridge.page().await);
    let seen = |reading: SensorReading| (reading.cadence, reading.resistance);
    one.reading().await;
    let first = seen(one.reading().await);
    while seen(other.reading().await) != first {}
    let mut before = first;
    for _ in 0..6 {
        // A third page comes and goes meanwhile, as a reload does.
        bridge.page().await.state(SensorState::Live).await;
        let (mine, its) = (seen(one.reading().await), seen(other.reading().await));
        assert_eq!(mine, its, "both see the same reading");
        assert_ne!(mine, before, "and each once");
        before = mine;
    }
}
