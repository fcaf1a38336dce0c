//! What an operator is told: by the doctor, by error messages, by metrics.

use std::path::Path;

use alleycat_kinesis_limits::{Denied, Settings};
use alleycat_tests::{Kinesis, Programs, until};
use anyhow::{Context, ensure};
use serde_json::Value;

use crate::hub::{Hub, Role};
use crate::rides::Rides;
use crate::rig::{GRACE, STREAM, limit};

/// What the doctor finds with a rules file.
async fn doctor(kinesis: &Kinesis, rules: &Path) -> anyhow::Result<String> {
    let url = kinesis.url();
    let args = ["doctor", "--listen", "127.0.0.1:0", "--kinesis-endpoint", &url, "--rules"];
    let output = Programs::from_env()?.command("alleycat-hub", args).arg(rules).output().await?;
    Ok(String::from_utf8(output.stdout)?)
}

#[tokio::test]
async fn the_doctor_asks_every_stream_of_the_rules() -> anyhow::Result<()> {
    let kinesis = Kinesis::start(Settings::default()).await?;
    kinesis.create(STREAM, 3).await?;
    kinesis.create("errors", 1).await?;
    let folder = tempfile::tempdir()?;
    let rules = folder.path().join("rules.toml");
    let action = |stream: &str| format!("kinesis = {{ stream = \"{stream}\", partition-key = \"racer\" }}\n");
    let text = format!(
        "[[rule]]\nname = \"ingest\"\nsql = \"SELECT * FROM 'alleycat-publish/#'\"\n[[rule.action]]\n{}[[rule.action]]\n{}\
         [[rule.action]]\n{}[rule.error-action]\n{}",
        action(STREAM),
        action("nowhere"),
        action("class-${classId}"),
        action("errors")
    );
    std::fs::write(&rules, text)?;
    let said = doctor(&kinesis, &rules).await?;
    for words in [
        "good  rule `ingest` can put records into the stream alleycat: it has 3 open shards, for 3000 records and 3 MiB a second",
        "good  rule `ingest` can put records into the stream errors: it has 1 open shard, for 1000 records and 1 MiB a second",
        "BAD   rule `ingest`: there is no stream nowhere: make it, or set AWS_REGION to where it is",
        "odd   rule `ingest` puts records into `class-${classId}`, which each message names",
    ] {
        ensure!(said.contains(words), "{words}:\n{said}");
    }
    ensure!(kinesis.limits.counts().total(STREAM).taken_records == 0, "the doctor has put something");

    let kinesis = Kinesis::start(Settings { deny: Denied::Put, ..Settings::default() }).await?;
    kinesis.create(STREAM, 1).await?;
    let said = doctor(&kinesis, &rules).await?;
    let words = "BAD   rule `ingest` may not put records into the stream alleycat: the hub needs kinesis:PutRecords on it \
                 (AccessDeniedException: User: arn:aws:iam::000000000000:user/emulator is not authorized";
    ensure!(said.contains(words), "{said}");
    Ok(())
}

#[tokio::test]
async fn what_no_policy_allows_is_told_once_for_each_message_and_counted_by_rule() -> anyhow::Result<()> {
    let rides = Rides::of_last_race(60, 5)?;
    let messages = rides.messages(1..=4)?;
    let kinesis = Kinesis::start(Settings { deny: Denied::Put, ..Settings::default() }).await?;
    kinesis.create(STREAM, 1).await?;
    let hub = Hub::start(rides, GRACE, Role::Puts(&kinesis)).await?;
    hub.publish(&messages).await?;
    // The races do not care.
    hub.counts(rides, messages.len()).await?;
    let file = hub.folder().join("errors.jsonl");
    let lines = || std::fs::read_to_string(&file).unwrap_or_default();
    until("all are told", limit(), async || Ok((lines().lines().count() >= messages.len()).then_some(())))
        .await?;
    ensure!(lines().lines().count() == messages.len(), "told more than once: {}", lines());
    let one: Value = serde_json::from_str(lines().lines().next().context("a line")?)?;
    let failure = &one["failures"][0];
    ensure!(failure["failedAction"] == "KinesisAction" && failure["failedResource"] == STREAM, "{one}");
    ensure!(failure["errorMessage"].as_str().is_some_and(|said| said.starts_with("AccessDenied")), "{one}");
    for (labels, count) in [
        ("rule=\"ingest\",action=\"1\",target=\"kinesis\",outcome=\"failed\"", 20.0),
        ("rule=\"ingest\",action=\"error\",target=\"file\",outcome=\"error-told\"", 20.0),
    ] {
        let name = format!("alleycat_rule_messages_total{{{labels}}}");
        ensure!(hub.value(&name).await? == Some(count), "{name}: {:?}", hub.value(&name).await?);
    }
    Ok(())
}
