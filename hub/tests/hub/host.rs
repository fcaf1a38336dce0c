//! What the host sees and does over the API, and the page's own files.

use serde_json::{Value, json};

use crate::rig::{TestHub, puback, publish};

const KEY: &str = "the host's key";

async fn call(hub: &TestHub, method: &str, path: &str, key: &str, body: Option<Value>) -> (u16, Value) {
    let request = reqwest::Client::new().request(method.parse().unwrap(), hub.url(path)).bearer_auth(key);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

async fn status(hub: &TestHub) -> Value {
    let (code, status) = call(hub, "GET", "/api/host/status", KEY, None).await;
    assert_eq!(code, 200, "{status}");
    status
}

#[tokio::test]
async fn the_host_sees_riders_by_class_and_refusals_with_what_to_do() {
    let hub = TestHub::start(&["--host-key", KEY, "--race-seconds", "3600"]).await;
    let mut racer = hub.racer(21).await;
    racer.send(&publish(1, "alleycat-publish/21", hub.message(21).to_string().as_bytes())).await;
    assert_eq!(racer.packet().await, puback(1));
    racer.send(&publish(2, "alleycat-publish/21", b"{")).await;
    assert_eq!(racer.packet().await, puback(2));

    let status = status(&hub).await;
    let class = &status["classes"][0];
    assert_eq!((&class["riders"], &class["riding"], &class["silent"]), (&1.into(), &1.into(), &0.into()));
    assert_eq!((&class["leader"]["racerId"], &class["leader"]["name"]), (&21.into(), &"Ann".into()));
    assert_eq!((&status["classes"][1]["riders"], &status["classes"][1]["leader"]), (&0.into(), &Value::Null));
    assert_eq!(status["race"]["raceId"], hub.clock.at(status["now"].as_u64().unwrap()).race_id.get());
    assert_eq!(status["connections"]["mqtt"], 1);
    assert!(
        status["messages"]["counted"].as_u64() >= Some(1) && status["machine"]["memory"].as_u64() > Some(1)
    );
    let refused = status["refusals"].as_array().unwrap();
    let mut messages = refused.iter().filter(|refused| refused["kind"] == "message");
    let malformed = messages.find(|refused| refused["reason"] == "malformed").unwrap();
    assert!(malformed["action"].as_str().unwrap().ends_with('.'), "{malformed}");
    let notes = status["notes"].to_string();
    assert!(notes.contains("start it with --data DIR") && !notes.contains("open"), "{notes}");
}

#[tokio::test]
async fn only_the_host_sees_and_changes_anything() {
    let hub = TestHub::start(&["--host-key", KEY]).await;
    hub.join(22).await;
    for (method, path, body) in [
        ("GET", "/api/host/status", None),
        ("GET", "/api/host/seats", None),
        ("DELETE", "/api/host/seats/22", None),
        ("PUT", "/api/host/seats/22", Some(json!({ "name": "Eve" }))),
    ] {
        for key in ["", "the host's kez"] {
            let (code, problem) = call(&hub, method, path, key, body.clone()).await;
            assert!(
                code == 401 && problem["detail"].as_str().unwrap().contains("host.key"),
                "{path}: {problem}"
            );
        }
    }
    let rename = |racer: u32, body: Value| {
        let (hub, path) = (&hub, format!("/api/host/seats/{racer}"));
        async move { call(hub, "PUT", &path, KEY, Some(body)).await.0 }
    };
    assert_eq!(rename(22, json!({ "name": "Ben" })).await, 204);
    assert_eq!(rename(23, json!({ "name": "Ben" })).await, 404);
    assert_eq!(rename(22, json!({ "name": "" })).await, 422);
    assert_eq!(rename(22, json!({})).await, 422);
    let (_, seats) = call(&hub, "GET", "/api/host/seats", KEY, None).await;
    assert_eq!((&seats["seats"][0]["racerId"], &seats["seats"][0]["name"]), (&22.into(), &"Ben".into()));

    let nobody = TestHub::start(&[]).await;
    let (code, problem) = call(&nobody, "GET", "/api/host/status", KEY, None).await;
    assert!(code == 401 && problem["detail"].as_str().unwrap().contains("has no host"), "{problem}");
}

#[tokio::test]
async fn the_page_is_there_without_the_riders_page_and_lets_nothing_foreign_in() {
    let hub = TestHub::start(&[]).await;
    let page = reqwest::get(hub.url("/host")).await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let text = page.text().await.unwrap();
    // Whatever it loads is ours and there; inline scripts and styles would not run.
    let loaded: Vec<_> =
        text.split(['"']).filter(|part| part.ends_with(".js") || part.ends_with(".css")).collect();
    assert_eq!(loaded.len(), 2);
    for path in loaded.into_iter().chain(["/host/dom.js"]) {
        assert_eq!(reqwest::get(hub.url(path)).await.unwrap().status(), 200, "{path}");
    }
    assert!(
        !text.contains("style=") && !text.contains("onclick=") && !text.contains("//"),
        "no foreign address"
    );
    let (_, document) = hub.get("/api/openapi.json").await;
    let paths = &document["paths"];
    assert!(
        paths["/api/host/status"]["get"].is_object() && paths["/api/host/seats/{racerId}"]["put"].is_object()
    );
}
