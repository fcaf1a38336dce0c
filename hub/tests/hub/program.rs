//! The program itself: what can't work is one sentence and an exit code.

use std::process::Command;

fn run(args: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_alleycat-hub")).args(args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn what_can_not_work_is_said_in_one_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let table: [(&[&str], &str); 4] = [
        (&["serve", "--listen", &address], "can't listen on"),
        (&["serve", "--listen", "127.0.0.1:0", "--page", "/nowhere"], "there is no page in /nowhere"),
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
fn help_has_examples_and_the_version_is_told() {
    assert!(run(&["--help"]).1.contains("Examples:"));
    assert!(run(&["--version"]).1.starts_with("alleycat-hub "));
}
