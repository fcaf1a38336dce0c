//! Other people's clients against the hub's own ports: each connects, subscribes, publishes, resumes its session
//! and sends again what was not acknowledged. `docs/conformance.md` has the table.

mod mosquitto;
mod play;
mod rumqttc;
mod tap;

use std::path::Path;

use anyhow::Context;
use tokio::process::Command;

use crate::play::{Carrier, Stage};

/// Plays a script of Node.js.
async fn node(script: &str, carrier: Carrier) -> anyhow::Result<()> {
    let mut command = Command::new("node");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("node/interop").join(script));
    let modules = std::env::var_os("ALLEYCAT_NODE_MODULES").context("ALLEYCAT_NODE_MODULES is not set")?;
    command.env("ALLEYCAT_NODE_MODULES", modules);
    Stage::set(carrier).await?.program(command).await.with_context(|| format!("{script}, {carrier:?}"))
}

#[tokio::test]
async fn mqtt_js_over_tcp() -> anyhow::Result<()> {
    node("mqttjs.mjs", Carrier::Tcp).await
}

#[tokio::test]
async fn mqtt_js_over_websocket() -> anyhow::Result<()> {
    node("mqttjs.mjs", Carrier::Web).await
}

#[tokio::test]
async fn mqtt_js_over_websocket_with_tls() -> anyhow::Result<()> {
    node("mqttjs.mjs", Carrier::Wss).await
}

#[tokio::test]
async fn paho_js_over_websocket() -> anyhow::Result<()> {
    node("paho.mjs", Carrier::Web).await
}

#[tokio::test]
async fn aws_sdk_v1_over_tls() -> anyhow::Result<()> {
    node("aws-v1.mjs", Carrier::Tls).await
}

#[tokio::test]
async fn aws_sdk_v1_over_websocket_with_tls() -> anyhow::Result<()> {
    node("aws-v1.mjs", Carrier::Wss).await
}

#[tokio::test]
async fn aws_sdk_v2_over_tcp() -> anyhow::Result<()> {
    node("aws-v2.mjs", Carrier::Tcp).await
}

#[tokio::test]
async fn aws_sdk_v2_over_websocket() -> anyhow::Result<()> {
    node("aws-v2.mjs", Carrier::Web).await
}

#[tokio::test]
async fn aws_sdk_v2_over_tls() -> anyhow::Result<()> {
    node("aws-v2.mjs", Carrier::Tls).await
}

/// Plays the script of Python.
async fn python(carrier: Carrier) -> anyhow::Result<()> {
    let mut command = Command::new(alleycat_tests::python()?);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/interop.py"));
    Stage::set(carrier).await?.program(command).await.with_context(|| format!("{carrier:?}"))
}

#[tokio::test]
async fn paho_python_over_tcp() -> anyhow::Result<()> {
    python(Carrier::Tcp).await
}

#[tokio::test]
async fn paho_python_over_websocket() -> anyhow::Result<()> {
    python(Carrier::Web).await
}

#[tokio::test]
async fn paho_python_over_tls() -> anyhow::Result<()> {
    python(Carrier::Tls).await
}
