//! Rules in the hub: everything that a rule says happens, whatever else fails, and one error message tells of all
//! that did.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::rig::{TestHub, puback, publish, subscribe};

/// Waits until a file has so many lines, and returns them.
async fn lines(path: &Path, count: usize) -> Vec<String> {
    let read = async {
        loop {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            if text.lines().count() >= count {
                return text.lines().map(str::to_owned).collect();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), read).await.unwrap_or_else(|_| {
        panic!("{count} lines in {}: {:?}", path.display(), std::fs::read_to_string(path))
    })
}

/// Ten actions: four that fail, each in its way, and six that do not care.
const RULES: &str = r#"
[[rule]]
name = "all"
sql = "SELECT second, classId AS class FROM 'alleycat-publish/#' WHERE cadence > 80"
[[rule.action]]
file = { path = "one.jsonl" }
[[rule.action]]
file = { path = "folder" }
[[rule.action]]
republish = { topic = "alleycat-subscribe/copy/${racerId}" }
[[rule.action]]
file = { path = "${missing}.jsonl" }
[[rule.action]]
file = { path = "${name}/../../../outside.jsonl" }
[[rule.action]]
republish = { topic = "a/#" }
[[rule.action]]
file = { path = "deep/${classId}/two.jsonl" }
[[rule.action]]
file = { path = "three.jsonl" }
[[rule.action]]
republish = { topic = "again/${racerId}" }
[[rule.action]]
file = { path = "four.jsonl" }
[rule.error-action]
file = { path = "errors.jsonl" }

[[rule]]
name = "again"
sql = "SELECT *, topic() AS topic FROM 'again/+'"
[[rule.action]]
file = { path = "again.jsonl" }
"#;

#[tokio::test]
async fn ten_actions_run_by_themselves_and_one_error_message_tells_of_those_that_failed() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, data) = (folder.path().join("rules.toml"), folder.path().join("data"));
    std::fs::write(&rules, RULES).unwrap();
    std::fs::create_dir_all(data.join("folder")).unwrap();
    let args = ["--rules", rules.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let hub = TestHub::start(&args).await;
    let mut reader = hub.reader().await;
    reader.send(&subscribe(1, "alleycat-subscribe/copy/+")).await;
    reader.packet().await;
    let mut racer = hub.racer(42).await;
    for id in 1..=3 {
        let mut message = hub.message(42);
        // The second one is not meant.
        message["cadence"] = if id == 2 { 80.into() } else { 81.into() };
        racer.send(&publish(id, "alleycat-publish/42", message.to_string().as_bytes())).await;
        assert_eq!(racer.packet().await, puback(id));
    }
    for name in ["one.jsonl", "deep/1/two.jsonl", "three.jsonl", "four.jsonl", "again.jsonl"] {
        let lines = lines(&data.join(name), 2).await;
        assert_eq!(lines.len(), 2, "{name}");
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["class"], 1, "{name}: {line}");
        assert_eq!(line["topic"], if name == "again.jsonl" { "again/42".into() } else { Value::Null });
    }
    for _ in 0..2 {
        let (topic, payload, _) = reader.publish().await;
        assert_eq!((topic.as_str(), &payload["class"]), ("alleycat-subscribe/copy/42", &1.into()));
    }
    let errors = lines(&data.join("errors.jsonl"), 2).await;
    for error in &errors {
        let error: Value = serde_json::from_str(error).unwrap();
        assert_eq!((&error["ruleName"], &error["topic"]), (&"all".into(), &"alleycat-publish/42".into()));
        let failures = error["failures"].as_array().unwrap();
        assert_eq!(failures.len(), 4, "{error}");
        let said: Vec<&str> =
            failures.iter().map(|failure| failure["errorMessage"].as_str().unwrap()).collect();
        for words in ["directory", "Undefined", "leads out", "no topic"] {
            assert!(said.iter().any(|said| said.contains(words)), "{words}: {said:?}");
        }
    }
    assert_eq!(errors.len(), 2, "one for each rule and message");
    assert!(!folder.path().join("outside.jsonl").exists());
    // Nothing waits any more.
    let empty = async {
        while !hub.get("/healthz").await.1["rules"].as_str().unwrap().contains("ok, 0 KiB") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), empty).await.expect("the outbox is empty in the end");
    hub.shutdown().await;
}

/// A hub with these rules, whose streams are nowhere.
#[cfg(feature = "kinesis")]
async fn without_streams(rules: &Path, data: &Path) -> TestHub {
    let dead = format!("http://{}", crate::rig::free_address());
    let (rules, data) = (rules.to_str().unwrap(), data.to_str().unwrap());
    TestHub::start(&["--rules", rules, "--data", data, "--kinesis-endpoint", &dead]).await
}

/// So many messages of a racer, each acknowledged.
#[cfg(feature = "kinesis")]
async fn ride(hub: &TestHub, count: u8) {
    let mut racer = hub.racer(42).await;
    for id in 1..=count {
        racer.send(&publish(id, "alleycat-publish/42", hub.message(42).to_string().as_bytes())).await;
        assert_eq!(racer.packet().await, puback(id));
    }
}

#[cfg(feature = "kinesis")]
#[tokio::test]
async fn a_dead_stream_holds_up_neither_riders_nor_other_targets_and_a_restart_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, data) = (folder.path().join("rules.toml"), folder.path().join("data"));
    let with_stream = "[[rule]]\nname = \"r\"\nsql = \"SELECT racerId FROM 'alleycat-publish/#'\"\n[[rule.action]]\n\
        kinesis = { stream = \"s\", partition-key = \"racer\" }\n[[rule.action]]\nfile = { path = \"out.jsonl\" }\n";
    std::fs::write(&rules, with_stream).unwrap();
    let hub = without_streams(&rules, &data).await;
    ride(&hub, 20).await;
    assert_eq!(lines(&data.join("out.jsonl"), 20).await.len(), 20);
    hub.shutdown().await;

    // The stream is given up; what waited for it now goes where the new rules say.
    std::fs::write(
        &rules,
        with_stream.replace(
            "kinesis = { stream = \"s\", partition-key = \"racer\" }",
            "file = { path = \"late.jsonl\" }",
        ),
    )
    .unwrap();
    let hub = without_streams(&rules, &data).await;
    assert_eq!(lines(&data.join("late.jsonl"), 20).await.len(), 20, "nothing that waited was lost");
    hub.shutdown().await;
}

#[cfg(feature = "kinesis")]
#[tokio::test]
async fn an_error_action_that_is_dead_holds_up_no_rule() {
    let folder = tempfile::tempdir().unwrap();
    let (rules, data) = (folder.path().join("rules.toml"), folder.path().join("data"));
    let text = "[[rule]]\nname = \"bad\"\nsql = \"SELECT * FROM 'alleycat-publish/#'\"\n[[rule.action]]\n\
        file = { path = \"${missing}\" }\n[rule.error-action]\nkinesis = { stream = \"s\", partition-key = \"racer\" }\n\
        [[rule]]\nname = \"good\"\nsql = \"SELECT second FROM 'alleycat-publish/#'\"\n[[rule.action]]\n\
        file = { path = \"${missing}\" }\n[[rule.action]]\nfile = { path = \"out.jsonl\" }\n\
        [rule.error-action]\nfile = { path = \"errors.jsonl\" }\n";
    std::fs::write(&rules, text).unwrap();
    let hub = without_streams(&rules, &data).await;
    ride(&hub, 30).await;
    assert_eq!(lines(&data.join("out.jsonl"), 30).await.len(), 30);
    assert_eq!(
        lines(&data.join("errors.jsonl"), 30).await.len(),
        30,
        "one rule's errors wait for no other's"
    );
    hub.shutdown().await;
}
