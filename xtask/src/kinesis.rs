//! `cargo xtask kinesis`: a stream to try things with, behind the limits that the service has.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::node;
use crate::programs::{self, Program};
use crate::shell::{self, cargo, command};

/// What to start.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The name of the stream.
    #[arg(long, default_value = "alleycat")]
    stream: String,
    /// How many shards it has.
    #[arg(long, default_value_t = 1)]
    shards: u32,
    /// Where the stream is spoken to.
    #[arg(long, default_value = "127.0.0.1:4568", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// More for the limits, after `--`: see `alleycat-kinesis-limits --help`.
    #[arg(last = true, value_name = "LIMITS")]
    limits: Vec<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    let on_signal = Arc::clone(&stop);
    ctrlc::set_handler(move || on_signal.store(true, Ordering::Relaxed)).context("Ctrl-C can't be caught")?;

    let modules = node::packages(&shell::root().join("tests/node"))?;
    let mut build = cargo();
    build.args(["build", "--package", LIMITS]).env("CARGO_TARGET_DIR", shell::root().join("target"));
    shell::run("build the limits", &mut build)?;

    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let mut emulator = command("node");
    emulator.arg(shell::root().join("tests/node/kinesalite.mjs")).arg(port.to_string());
    emulator.env("ALLEYCAT_NODE_MODULES", modules);
    let mut running = vec![Program::start("the emulator", &mut emulator)?];
    create(&format!("127.0.0.1:{port}"), options)?;

    let mut limits = command(shell::root().join("target/debug").join(LIMITS));
    limits.args(["--upstream", &format!("http://127.0.0.1:{port}"), "--listen", &options.listen.to_string()]);
    // More at once keep the emulator busy for seconds. What is given after `--` comes later, and counts.
    limits.args(["--records-per-read", "1000"]).args(&options.limits).stdout(Stdio::piped());
    let mut limits = Program::start("the limits", &mut limits)?;
    let mut url = String::new();
    let said = limits.stdout().context("the limits say nothing")?;
    BufReader::new(said).read_line(&mut url)?;
    let url = url.trim();
    ensure!(!url.is_empty(), "the limits did not start; their last words are above");
    running.push(limits);

    println!(
        "\n  A stream `{}` of {} shards is at {url}. In another terminal:\n",
        options.stream, options.shards
    );
    let exports = ENVIRONMENT.map(|(name, value)| format!("{name}={value}"));
    println!("    export {}", exports.join(" "));
    println!(
        "    alleycat-hub serve --stream kinesis:{} --kinesis-endpoint {url} --rules FILE",
        options.stream
    );
    println!("    alleycat-sim --target kinesis:{} --kinesis-endpoint {url} --riders 1000", options.stream);
    println!("    curl {url}/limits              what each shard took and refused");
    println!("\n  All of it is in memory. Ctrl-C ends it.\n");

    programs::watch(&mut running, &stop)
}

/// Makes the stream and waits until it takes records.
fn create(address: &str, options: &Options) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(20);
    // The emulator may still be starting.
    while ask(address, "ListStreams", &json!({})).is_err() {
        ensure!(Instant::now() < deadline, "the emulator does not answer");
        sleep(Duration::from_millis(50));
    }
    ask(address, "CreateStream", &json!({ "StreamName": options.stream, "ShardCount": options.shards }))?;
    loop {
        let answer = ask(address, "DescribeStreamSummary", &json!({ "StreamName": options.stream }))?;
        if answer["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE" {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the stream does not become active: {answer}");
        sleep(Duration::from_millis(50));
    }
}

/// One call of the API, signed by nobody: an emulator believes anybody.
fn ask(address: &str, operation: &str, body: &Value) -> anyhow::Result<Value> {
    let body = body.to_string();
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Target: Kinesis_20131202.{operation}\r\nX-Amz-Date: 20260101T000000Z\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=emulator/20260101/eu-west-1/kinesis/aws4_request, \
         SignedHeaders=host, Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, text) = answer.split_once("\r\n\r\n").context("no answer of HTTP")?;
    ensure!(head.starts_with("HTTP/1.1 200"), "{operation} is refused: {text}");
    Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(text)? })
}

const LIMITS: &str = "alleycat-kinesis-limits";
/// What programs sign with, and what AWS's own tools want besides; an emulator believes anybody.
pub(crate) const ENVIRONMENT: [(&str, &str); 4] = [
    ("AWS_REGION", "eu-west-1"),
    ("AWS_DEFAULT_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "emulator"),
    ("AWS_SECRET_ACCESS_KEY", "emulator"),
];
