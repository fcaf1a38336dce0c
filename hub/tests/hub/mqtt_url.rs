//! Addresses of AWS IoT Core, signed for riders.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::rig::TestHub;

/// The hub as a program, for it reads credentials from its environment.
struct Signing {
    child: Child,
    url: String,
}

impl Drop for Signing {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn hub(host: &str, secret: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alleycat-hub"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--aws-iot-endpoint", host]).stderr(Stdio::piped());
    command.env_remove("AWS_SESSION_TOKEN").env_remove("AWS_SECRET_ACCESS_KEY");
    command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
    if let Some(secret) = secret {
        command.env("AWS_SECRET_ACCESS_KEY", secret);
    }
    command
}

const HOST: &str = "example-ats.iot.us-east-1.amazonaws.com";

fn signing() -> Signing {
    let mut child = hub(HOST, Some("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
    let url = loop {
        let line = log.next().unwrap().unwrap();
        if let Some((_, url)) = line.split_once("listening on ") {
            break url.split_whitespace().next().unwrap().to_owned();
        }
    };
    // Somebody has to read the log to its end, or the hub would wait for it.
    std::thread::spawn(move || log.for_each(drop));
    Signing { child, url }
}

#[tokio::test]
async fn a_rider_with_a_token_gets_a_signed_address_and_nobody_else_does() {
    let hub = signing();
    let client = reqwest::Client::new();
    let config: Value =
        client.get(format!("{}/config.json", hub.url)).send().await.unwrap().json().await.unwrap();
    let path = config["mqtt"]["urlFrom"].as_str().unwrap().to_owned();
    let join = json!({ "racerId": 7, "name": "Ann" });
    let joined = client.post(format!("{}/api/join", hub.url)).json(&join).send().await.unwrap();
    let joined: Value = joined.json().await.unwrap();
    let token = joined["token"].as_str().unwrap();
    let ask = async |racer: u32, token: &str| {
        let question = client.get(format!("{}{path}?racerId={racer}", hub.url)).bearer_auth(token);
        let answer = question.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let (status, answer) = ask(7, token).await;
    let url = answer["url"].as_str().unwrap();
    let scope = "%2Fus-east-1%2Fiotdevicegateway%2Faws4_request&X-Amz-Date=";
    assert_eq!(status, 200);
    assert!(url.starts_with(&format!("wss://{HOST}/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&")), "{url}");
    assert!(url.contains(scope) && url.contains("&X-Amz-Signature=") && !url.contains("wJalr"), "{url}");
    for (racer, token) in [(8, token), (7, "forged"), (7, "")] {
        let (status, problem) = ask(racer, token).await;
        assert!(status == 401 && problem["detail"].as_str().unwrap().contains("join again"), "{problem}");
    }
}

#[tokio::test]
async fn a_hub_with_a_broker_of_its_own_signs_nothing() {
    let hub = TestHub::start(&[]).await;
    let (status, problem) = hub.get("/api/mqtt-url?racerId=7").await;
    assert!(status == 404 && problem["detail"].as_str().unwrap().contains("connect to /mqtt"), "{problem}");
    assert_eq!(hub.get("/config.json").await.1["mqtt"]["urlFrom"], Value::Null);
    hub.shutdown().await;
}

#[test]
fn without_credentials_or_a_region_it_does_not_start() {
    for (host, secret) in [(HOST, None), ("localhost", Some("secret"))] {
        let output = hub(host, secret).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains("can't sign addresses of"), "{text}");
    }
}
