//! Other processes.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use alleycat_stream::kinesis::Client;
use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::jobs::{PAYLOAD, STREAM};

/// The server that says yes, in a process of its own.
pub(crate) async fn stub() -> anyhow::Result<(Child, String)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("stub").stdout(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut line = String::new();
    let said = child.stdout.take().context("it says nothing")?;
    BufReader::new(said).read_line(&mut line).await?;
    Ok((child, format!("http://{}", line.trim())))
}

/// kinesalite with a stream of so many shards. It throttles nothing.
pub(crate) async fn emulator(script: &Path, modules: &Path, shards: i32) -> anyhow::Result<(Child, String)> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = Command::new("node");
    command.arg(script).arg(port.to_string()).env("ALLEYCAT_NODE_MODULES", modules).kill_on_drop(true);
    let child = command.spawn().context("kinesalite")?;
    let url = format!("http://127.0.0.1:{port}");
    let client = Client::new(Some(&url)).await;
    let create = || client.sdk().create_stream().stream_name(STREAM).shard_count(shards).send();
    let mut tries = 0;
    while let Err(error) = create().await {
        tries += 1;
        ensure!(tries < 100, "kinesalite does not answer: {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok((child, url))
}

/// The AWS sample's way of putting, in Node.js: what it says at its end.
pub(crate) async fn sample(
    script: &Path,
    modules: &Path,
    endpoint: &str,
    riders: u64,
    seconds: u64,
) -> anyhow::Result<Value> {
    let mut command = Command::new("node");
    command.arg(script).args([endpoint, &riders.to_string(), &seconds.to_string(), PAYLOAD]);
    command.env("ALLEYCAT_NODE_MODULES", modules).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = command.output().await.context("the peer")?;
    ensure!(output.status.success(), "the peer has failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}
