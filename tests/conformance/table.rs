//! The table of `docs/conformance.md` names tests that are there, and no test is left out of it.

use std::collections::BTreeSet;

const TABLE: &str = include_str!("../../docs/conformance.md");
const TESTS: [(&str, &str); 6] = [
    ("packets", include_str!("packets.rs")),
    ("connect", include_str!("connect.rs")),
    ("publish", include_str!("publish.rs")),
    ("subscribe", include_str!("subscribe.rs")),
    ("session", include_str!("session.rs")),
    ("websocket", include_str!("websocket.rs")),
];

#[test]
fn every_statement_has_a_test_and_every_test_a_statement() {
    let written = TESTS.iter().flat_map(|(module, code)| {
        let tests = code.split("#[tokio::test]").skip(1).map(|test| test.split_once("async fn ").unwrap().1);
        tests.map(move |test| format!("{module}::{}", test.split('(').next().unwrap()))
    });
    let written: BTreeSet<String> = written.collect();
    let modules = TESTS.map(|(module, _)| format!("{module}::"));
    let named = TABLE.split('`').filter(|word| modules.iter().any(|module| word.starts_with(module)));
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    assert_eq!(named, written);
}
