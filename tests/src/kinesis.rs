//! A Kinesis emulator behind the service's limits, on free ports of this machine.

use std::process::Stdio;
use std::time::Duration;

use alleycat_kinesis_limits::{Limits, Settings};
use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{Program, free_port, python, until};

/// Somebody's Kinesis for tests. Neither throttles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emulator {
    /// npm's kinesalite, which starts in a second.
    Kinesalite,
    /// PyPI's moto, which is slower and refuses in the service's own words.
    Moto,
}

impl Emulator {
    fn command(self, port: u16) -> anyhow::Result<Command> {
        let mut command = match self {
            Self::Kinesalite => {
                let modules = std::env::var_os("ALLEYCAT_NODE_MODULES")
                    .context("ALLEYCAT_NODE_MODULES is not set: run `cargo xtask test --only system`")?;
                let mut node = Command::new("node");
                node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/node/kinesalite.mjs")).arg(port.to_string());
                node.env("ALLEYCAT_NODE_MODULES", modules);
                node
            }
            Self::Moto => {
                let mut python = Command::new(python()?);
                python
                    .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/moto_server.py"))
                    .arg(port.to_string());
                // It logs every request.
                python.stderr(Stdio::null()).stdout(Stdio::null());
                python
            }
        };
        command.stdin(Stdio::null()).kill_on_drop(true);
        Ok(command)
    }
}

/// The emulator and the limits before it; both end when this is dropped.
#[derive(Debug)]
pub struct Kinesis {
    /// What stands before the emulator.
    pub limits: Limits,
    emulator: String,
    _program: Program,
}

impl Kinesis {
    /// npm's kinesalite behind limits.
    ///
    /// # Errors
    /// When it is not there or does not answer.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        Self::of(Emulator::Kinesalite, settings).await
    }

    /// An emulator behind limits.
    ///
    /// # Errors
    /// When it is not there or does not answer.
    pub async fn of(emulator: Emulator, settings: Settings) -> anyhow::Result<Self> {
        // Our programs and boto3 sign with them, and don't start without.
        ensure!(std::env::var_os("AWS_ACCESS_KEY_ID").is_some(), "AWS_ACCESS_KEY_ID is not set: any will do");
        let port = free_port()?;
        let program = Program::start("the emulator", &mut emulator.command(port)?)?;
        let emulator = format!("http://127.0.0.1:{port}");
        let records_per_read = settings.records_per_read.min(RECORDS_PER_READ);
        let settings = Settings { records_per_read, ..settings };
        let limits = Limits::start(([127, 0, 0, 1], 0).into(), &emulator, settings).await?;
        let kinesis = Self { limits, emulator, _program: program };
        until("the emulator answers", Duration::from_secs(20), async || {
            Ok(kinesis.ask("ListStreams", &json!({})).await.ok())
        })
        .await?;
        Ok(kinesis)
    }

    /// The endpoint for our programs: with the limits.
    pub fn url(&self) -> String {
        self.limits.url()
    }

    /// The endpoint without the limits, for who looks at what has become of it all.
    pub fn emulator(&self) -> &str {
        &self.emulator
    }

    /// Makes a stream of so many shards and waits until it takes records.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn create(&self, stream: &str, shards: u32) -> anyhow::Result<()> {
        self.ask("CreateStream", &json!({ "StreamName": stream, "ShardCount": shards })).await?;
        self.active(stream).await
    }

    /// Splits an open shard in the middle, and waits until it is done.
    ///
    /// # Errors
    /// When there is no such shard, or the emulator refuses.
    pub async fn split(&self, stream: &str, shard: &str) -> anyhow::Result<()> {
        let shards = self.shards(stream).await?;
        let found = shards.iter().find(|found| found["ShardId"] == shard).context("no such shard")?;
        let end =
            |name: &str| anyhow::Ok(found["HashKeyRange"][name].as_str().context(name.to_owned())?.parse()?);
        let (start, end): (u128, u128) = (end("StartingHashKey")?, end("EndingHashKey")?);
        let middle = (start + (end - start) / 2 + 1).to_string();
        let ask = json!({ "StreamName": stream, "ShardToSplit": shard, "NewStartingHashKey": middle });
        self.ask("SplitShard", &ask).await?;
        self.active(stream).await
    }

    /// Merges two open shards that lie side by side, and waits until it is done.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn merge(&self, stream: &str, shard: &str, next: &str) -> anyhow::Result<()> {
        let ask = json!({ "StreamName": stream, "ShardToMerge": shard, "AdjacentShardToMerge": next });
        self.ask("MergeShards", &ask).await?;
        self.active(stream).await
    }

    /// All shards of a stream, closed ones too, as `ListShards` tells them.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn shards(&self, stream: &str) -> anyhow::Result<Vec<Value>> {
        let answer = self.ask("ListShards", &json!({ "StreamName": stream })).await?;
        Ok(answer["Shards"].as_array().context("no shards")?.clone())
    }

    /// The ids of the open shards of a stream, in the order of their ranges.
    ///
    /// # Errors
    /// When the emulator refuses.
    pub async fn open_shards(&self, stream: &str) -> anyhow::Result<Vec<String>> {
        let shards = self.shards(stream).await?;
        let open =
            shards.iter().filter(|shard| shard["SequenceNumberRange"]["EndingSequenceNumber"].is_null());
        let start = |shard: &Value| -> Option<u128> {
            shard["HashKeyRange"]["StartingHashKey"].as_str()?.parse().ok()
        };
        let mut open: Vec<_> = open.map(|shard| (start(shard), shard["ShardId"].as_str())).collect();
        open.sort_unstable();
        Ok(open.into_iter().filter_map(|(_, id)| id.map(str::to_owned)).collect())
    }

    /// A call past the limits, which has to succeed.
    ///
    /// # Errors
    /// What the emulator says when it refuses.
    pub async fn ask(&self, operation: &str, body: &Value) -> anyhow::Result<Value> {
        let (status, answer) = call(&self.emulator, operation, body).await?;
        ensure!(status == 200, "{operation} is answered with {status}: {answer}");
        Ok(answer)
    }

    /// A call through the limits: its status and its answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn through_limits(&self, operation: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        call(&self.url(), operation, body).await
    }

    async fn active(&self, stream: &str) -> anyhow::Result<()> {
        until("the stream is active", Duration::from_secs(20), async || {
            let answer = self.ask("DescribeStreamSummary", &json!({ "StreamName": stream })).await?;
            match answer["StreamDescriptionSummary"]["StreamStatus"].as_str() {
                Some("ACTIVE") => Ok(Some(())),
                Some("CREATING" | "UPDATING") => Ok(None),
                other => bail!("the stream is {other:?}"),
            }
        })
        .await
    }
}

/// One call of the API as an SDK makes it, signed by nobody.
async fn call(endpoint: &str, operation: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
    let request = reqwest::Client::new().post(endpoint).body(body.to_string());
    let request = request.header("content-type", "application/x-amz-json-1.1");
    let request = request.header("x-amz-target", format!("Kinesis_20131202.{operation}"));
    let request = request.header("x-amz-date", "20260101T000000Z").header("authorization", NOBODY);
    let answer = request.send().await?;
    let status = answer.status().as_u16();
    let text = answer.text().await?;
    let answer = if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? };
    Ok((status, answer))
}

const NOBODY: &str = "AWS4-HMAC-SHA256 Credential=emulator/20260101/eu-west-1/kinesis/aws4_request, \
     SignedHeaders=host, Signature=0";
/// What kinesalite gives in much less than a second on a busy machine.
const RECORDS_PER_READ: u32 = 1_000;
