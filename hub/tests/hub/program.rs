//! The program itself: what can't work is one sentence and an exit code.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::rig::{CONNACK, TestHub, connect, free_address};

fn run(args: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_alleycat-hub")).args(args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn what_can_not_work_is_said_in_one_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let table: [(&[&str], &str); 7] = [
        (&["serve", "--listen", "127.0.0.1:0", "--mqtt-tcp", &address], "Choose another one with --mqtt-tcp"),
        (&["serve", "--listen", &address], "can't listen on"),
        (&["serve", "--listen", "127.0.0.1:0", "--page", "/nowhere"], "there is no page in /nowhere"),
        (&["verify", "--data", "/nowhere"], "there is no store in /nowhere"),
        (&["wipe", "--data", "/nowhere"], "--yes"),
        (&["serve", "--race-seconds", "0"], "0 is not in 1..=3600"),
        (&["serve", "--listen", "nonsense"], "invalid socket address"),
    ];
    for (args, sentence) in table {
        let (success, text) = run(args);
        assert!(!success && text.contains(sentence), "{args:?}: {text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}

#[test]
fn rules_are_looked_at_and_tried_without_a_hub() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.toml");
    let rule = |sql: &str| {
        let text = format!(
            "[[rule]]\nname = \"r\"\nsql = \"{sql}\"\n[[rule.action]]\nrepublish = {{ topic = \"x/${{a}}\" }}\n"
        );
        std::fs::write(&file, text).unwrap();
    };
    let file = file.to_str().unwrap();
    rule("SELECT a FROM 't/#' WHERE a > 1");
    let (success, text) = run(&["rules", "check", file]);
    assert!(success && text.contains("topic x/${a} at QoS 0") && text.contains("all is well"), "{text}");
    let (success, text) = run(&["rules", "try", file, "--topic", "t/1", "{\"a\":7}"]);
    assert!(success && text.contains("r: {\"a\":7}") && text.contains("topic x/7"), "{text}");
    let (_, text) = run(&["rules", "try", file, "--topic", "t/1", "{\"a\":1}"]);
    assert!(text.contains("no rule means this message"), "{text}");
    rule("SELECT a FROM 't/#' WHERE");
    let (success, text) = run(&["rules", "check", file]);
    assert!(!success && text.contains("expected a condition") && text.contains('^'), "{text}");
}

#[test]
fn help_has_examples_and_the_version_is_told() {
    assert!(run(&["--help"]).1.contains("Examples:") && run(&["serve", "--help"]).1.contains("Examples:"));
    assert!(run(&["--version"]).1.starts_with("alleycat-hub "));
}

#[test]
fn it_says_where_it_listens_and_ends_on_sigterm() {
    let mut hub = Command::new(env!("CARGO_BIN_EXE_alleycat-hub"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(hub.stderr.take().unwrap()).lines();
    let line = log.next().unwrap().unwrap();
    let address = line.split("listening on http://").nth(1).unwrap().split_whitespace().next().unwrap();
    // An idle connection, as browsers keep them, must not hold up the end.
    let _idle = std::net::TcpStream::connect(address).unwrap();
    assert!(Command::new("kill").args(["-TERM", &hub.id().to_string()]).status().unwrap().success());
    let start = Instant::now();
    let status = hub.wait().unwrap();
    assert!(status.success() && start.elapsed() < Duration::from_secs(10), "{status}, {:?}", start.elapsed());
}

#[tokio::test]
async fn plain_tcp_is_mqtt_too_and_its_port_is_free_again_at_once() {
    let free = free_address();
    for round in 0..2 {
        let hub = TestHub::start(&["--mqtt-tcp", &free.to_string()]).await;
        let mut stream = tokio::net::TcpStream::connect(free).await.unwrap();
        stream.write_all(&connect("raw", None)).await.unwrap();
        let mut connack = [0; 4];
        stream.read_exact(&mut connack).await.unwrap();
        assert_eq!(connack, CONNACK, "round {round}");
        // A client that does not speak MQTT is hung up on by the hub: its side of the port stays occupied.
        let mut junk = tokio::net::TcpStream::connect(free).await.unwrap();
        junk.write_all(&[0, 0]).await.unwrap();
        assert_eq!(junk.read(&mut connack).await.unwrap_or(0), 0);
        hub.shutdown().await;
    }
}

#[test]
fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("races").to_str().unwrap().to_owned();
    let (well, text) = run(&["doctor", "--listen", "127.0.0.1:0", "--data", &data]);
    assert!(well && text.contains("can be used") && text.contains("enough for"), "{text}");
    assert!(!text.contains("BAD"), "{text}");
    let (well, text) = run(&["doctor", "--listen", "127.0.0.1:0", "--data", &data, "--race-seconds", "60"]);
    assert!(!well && text.contains("BAD   the store holds races of 300 s"), "{text}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let rules = folder.path().join("rules.toml");
    let rule = |from: &str| {
        format!(
            "[[rule]]\nname = \"r\"\nsql = \"SELECT * {from} 'a/#'\"\n[[rule.action]]\nfile = {{ path = \"a\" }}\n"
        )
    };
    let look = || run(&["doctor", "--listen", "127.0.0.1:0", "--rules", rules.to_str().unwrap()]);
    let (well, text) = look();
    assert!(!well && text.contains("rules.toml can't be read: No such file"), "{text}");
    std::fs::write(&rules, rule("FORM")).unwrap();
    let (well, text) = look();
    assert!(!well && text.contains("FORM") && text.contains("^"), "{text}");
    std::fs::write(&rules, rule("FROM")).unwrap();
    let (well, text) = look();
    assert!(well && text.contains("has 1 rule that can be followed"), "{text}");
    let (well, text) = run(&["doctor", "--listen", &address, "--page", "/nowhere"]);
    assert!(!well && text.contains("choose another --listen") && text.contains("there is no page"), "{text}");
    assert!(text.contains("nothing is kept") && text.contains("nobody is the host"), "{text}");
}
