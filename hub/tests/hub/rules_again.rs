//! A rules file that is changed while the hub runs: read again on SIGHUP, by a real process.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::rig::{CONNACK, Mqtt, Program, connect, puback, publish};

/// A rule that writes what it means into a file.
fn rule(name: &str, sql: &str, file: &str) -> String {
    format!("[[rule]]\nname = \"{name}\"\nsql = \"{sql}\"\n[[rule.action]]\nfile = {{ path = \"{file}\" }}\n")
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap_or_else(|_| panic!("{what}"))
}

/// Waits until a file has these lines.
async fn has(path: &Path, lines: &[&str]) {
    let read = || std::fs::read_to_string(path).unwrap_or_default();
    let what = || format!("{} has {:?} in place of {lines:?}", path.display(), read());
    until(&what(), async || (read().lines().collect::<Vec<_>>() == lines).then_some(())).await;
}

/// Publishes numbers, each acknowledged.
async fn ride(hub: &Program, numbers: impl IntoIterator<Item = u8>) {
    let mut mqtt = Mqtt::open(&hub.address, Some("mqtt")).await.unwrap();
    mqtt.send(&connect("rider", None)).await;
    assert_eq!(mqtt.packet().await, CONNACK);
    for number in numbers {
        let payload = format!("{{\"n\":{number}}}");
        mqtt.send(&publish(number, "alleycat-publish/42", payload.as_bytes())).await;
        assert_eq!(mqtt.packet().await, puback(number));
    }
}

/// Waits until a metric is there and has this value.
async fn counts(hub: &Program, metric: &str, value: &str) {
    until(&format!("{metric} {value}"), async || {
        let text =
            reqwest::get(format!("http://{}/metrics", hub.address)).await.unwrap().text().await.unwrap();
        text.lines().any(|line| line == format!("{metric} {value}")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_rules_file_is_read_again_on_sighup_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, data) = (folder.path().join("rules.toml"), folder.path().join("data"));
    let all = "SELECT VALUE n FROM 'alleycat-publish/#'";
    let (same, old) = (rule("same", all, "same"), rule("changes", all, "old"));
    std::fs::write(&rules, format!("{same}{old}")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_alleycat-hub"));
    command
        .args(["serve", "--open", "--listen", "127.0.0.1:0", "--rules"])
        .arg(&rules)
        .arg("--data")
        .arg(&data);
    let hub = Program::run(command);
    ride(&hub, 1..=3).await;
    has(&data.join("same"), &["1", "2", "3"]).await;
    has(&data.join("old"), &["1", "2", "3"]).await;

    // One rule is other, one is new, and one is as it was.
    let changes = rule("changes", all, "new");
    let more = rule("more", "SELECT VALUE n * 10 FROM 'alleycat-publish/#' WHERE n > 4", "more");
    std::fs::write(&rules, format!("{more}{changes}{same}")).unwrap();
    hub.signal("HUP");
    counts(&hub, "alleycat_rules_read_total{outcome=\"followed\"}", "1").await;
    until("the new rules are followed", async || hub.log().contains("is followed rules=3").then_some(()))
        .await;
    ride(&hub, 4..=5).await;
    has(&data.join("same"), &["1", "2", "3", "4", "5"]).await;
    has(&data.join("new"), &["4", "5"]).await;
    has(&data.join("more"), &["50"]).await;
    has(&data.join("old"), &["1", "2", "3"]).await;
    counts(
        &hub,
        "alleycat_rule_messages_total{rule=\"same\",action=\"1\",target=\"file\",outcome=\"delivered\"}",
        "5",
    )
    .await;
    counts(
        &hub,
        "alleycat_rule_messages_total{rule=\"more\",action=\"1\",target=\"file\",outcome=\"delivered\"}",
        "1",
    )
    .await;

    // A bad one, and half a one.
    for bad in [format!("{more}{}", rule("worse", "SELECT VALUE n FORM 'a'", "x")), String::new()] {
        std::fs::write(&rules, bad).unwrap();
        hub.signal("HUP");
        until("health tells of it", async || {
            let health = hub.get("/healthz").await;
            health["rules"].as_str().unwrap().contains("those before the file was changed").then_some(())
        })
        .await;
    }
    counts(&hub, "alleycat_rules_read_total{outcome=\"refused\"}", "2").await;
    counts(&hub, "alleycat_rules_failing", "1").await;
    let log = hub.log();
    let fault = log.lines().position(|line| line.contains("VALUE n FORM 'a'")).expect(&log);
    assert!(log.lines().nth(fault + 1).unwrap().contains('^'), "{log}");
    ride(&hub, 6..=6).await;
    has(&data.join("same"), &["1", "2", "3", "4", "5", "6"]).await;
    has(&data.join("more"), &["50", "60"]).await;

    std::fs::write(&rules, same).unwrap();
    hub.signal("HUP");
    until("one rule is followed", async || hub.log().contains("is followed rules=1").then_some(())).await;
    counts(&hub, "alleycat_rules_failing", "0").await;
    ride(&hub, 7..=7).await;
    has(&data.join("same"), &["1", "2", "3", "4", "5", "6", "7"]).await;
    let health = hub.get("/healthz").await;
    assert!(health["rules"].as_str().unwrap().starts_with("ok"), "{health}");
    has(&data.join("more"), &["50", "60"]).await;
}

#[cfg(feature = "kinesis")]
#[tokio::test]
async fn what_waits_for_a_dead_stream_goes_where_the_changed_rule_says_and_nothing_else_goes_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, data) = (folder.path().join("rules.toml"), folder.path().join("data"));
    let all = "SELECT VALUE n FROM 'alleycat-publish/#'";
    let other = rule("other", all, "other");
    let dead = format!(
        "[[rule]]\nname = \"dead\"\nsql = \"{all}\"\n[[rule.action]]\n\
         kinesis = {{ stream = \"s\", partition-key = \"random\" }}\n"
    );
    std::fs::write(&rules, format!("{dead}{other}")).unwrap();
    let nowhere = format!("http://{}", crate::rig::free_address());
    let mut command = Command::new(env!("CARGO_BIN_EXE_alleycat-hub"));
    command
        .args(["serve", "--open", "--listen", "127.0.0.1:0", "--rules"])
        .arg(&rules)
        .arg("--data")
        .arg(&data);
    command
        .args(["--kinesis-endpoint", &nowhere])
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("AWS_SECRET_ACCESS_KEY", "x");
    let hub = Program::run(command);
    ride(&hub, 1..=5).await;
    has(&data.join("other"), &["1", "2", "3", "4", "5"]).await;
    std::fs::write(&rules, format!("{other}{}", rule("dead", all, "late"))).unwrap();
    hub.signal("HUP");
    has(&data.join("late"), &["1", "2", "3", "4", "5"]).await;
    ride(&hub, 6..=6).await;
    has(&data.join("late"), &["1", "2", "3", "4", "5", "6"]).await;
    has(&data.join("other"), &["1", "2", "3", "4", "5", "6"]).await;
    until("the outbox is empty", async || {
        let health = hub.get("/healthz").await;
        health["rules"].as_str().unwrap().starts_with("ok, 0 KiB").then_some(())
    })
    .await;
}
