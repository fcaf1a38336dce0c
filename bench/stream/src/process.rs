//! Other processes, and what processes cost.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// The CPU time of this process so far.
pub(crate) fn own_cpu() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // After the name in parentheses: state is field 3, utime 14, stime 15, in hundredths of a second (proc(5)).
    let rest = stat.rsplit_once(')').context("no name")?.1;
    let ticks: Vec<u64> =
        rest.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(Duration::from_millis(ticks.iter().sum::<u64>() * 10))
}

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
pub(crate) async fn emulator(script: &Path, modules: &Path, shards: u32) -> anyhow::Result<(Child, String)> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut command = Command::new("node");
    command.arg(script).arg(port.to_string()).env("ALLEYCAT_NODE_MODULES", modules).kill_on_drop(true);
    let child = command.spawn().context("kinesalite")?;
    let address = format!("127.0.0.1:{port}");
    let create = json!({ "StreamName": crate::jobs::STREAM, "ShardCount": shards });
    let mut tries = 0;
    while let Err(error) = call(&address, "CreateStream", &create).await {
        tries += 1;
        ensure!(tries < 100, "kinesalite does not answer: {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    Ok((child, format!("http://{address}")))
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
    command.arg(script).args([endpoint, &riders.to_string(), &seconds.to_string(), crate::jobs::PAYLOAD]);
    command.env("ALLEYCAT_NODE_MODULES", modules).stderr(Stdio::inherit()).kill_on_drop(true);
    let output = command.output().await.context("the peer")?;
    ensure!(output.status.success(), "the peer has failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// One call of the API, signed by nobody.
async fn call(address: &str, operation: &str, body: &Value) -> anyhow::Result<()> {
    let body = body.to_string();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: Kinesis_20131202.{operation}\r\nx-amz-date: 20260101T000000Z\r\nauthorization: \
         AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/kinesis/aws4_request, SignedHeaders=host, Signature=0\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(head.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(())
}
