//! Texts and JSON from outside: what is well is taken apart, changed in places, and read again. Nothing may panic,
//! and whatever is taken must come out again as it went in.
//!
//! The corpus is what is pinned or handed out anyway: golden messages, rules, prices. A failure names its seed;
//! `ALLEYCAT_FUZZ_SEED` brings it back, `ALLEYCAT_FUZZ_INPUTS` says how many there are for each reader.

#![expect(clippy::print_stdout, reason = "how many inputs a reader took is worth knowing")]

use alleycat_rules::{Filter, Message, PartitionKey, Rules, Template};
use alleycat_shared::api::{Join, Judge, Leave, Rename};
use alleycat_shared::config::PageConfig;
use alleycat_shared::message::{BoardMessage, FieldMessage, RaceMessage, RiderMessage, SensorMessage};
use alleycat_shared::topic::{ClassTopic, Topic};
use alleycat_stream::plan::Prices;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::Date;
use uuid::Uuid;

const RACE: &str = include_str!("../../shared/tests/golden/race-message.json");
const RULES: &str = r#"
[[rule]]
name = "all"
sql = '''SELECT *, topic(2) AS t, cadence * 2 + 1 AS c FROM 'alleycat-publish/+' WHERE racerId = cast(topic(2) AS Int) AND NOT (second < 3 OR name = 'A')'''
[[rule.action]]
kinesis = { stream = "s", partition-key = "${racerId}-${upper(name)}" }
[[rule.action]]
republish = { topic = "elsewhere/${topic(2)}" }
[rule.error-action]
file = { path = "x" }
"#;
/// What begins, ends and escapes things in one of these languages or another.
const TELLING: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    "\\u0000",
    "\\ud800",
    ":",
    ",",
    "'",
    "''",
    "`",
    "$",
    "${",
    "(",
    ")",
    "((((((((",
    "-",
    ".",
    "*",
    "%",
    "+",
    "#",
    "/",
    "\n",
    "\0",
    "1e400",
    "-0",
    "0.1",
    "NaN",
    "9223372036854775808",
    "18446744073709551616",
    "null",
    "true",
    "SELECT ",
    " FROM ",
    " WHERE ",
    " AS ",
    " AND ",
    " OR ",
    "NOT ",
    "CASE WHEN ",
    " END",
    "cast(",
    "topic(",
    "get(",
    "substring(",
    "\u{202e}",
    "é",
    "😀",
    "[[rule]]",
    "=",
    "\"\"\"",
];

/// How many inputs a reader gets, and from which seed on.
fn inputs() -> std::ops::Range<u64> {
    let number = |name, default| {
        let text = std::env::var(name).ok();
        text.map_or(default, |text| text.parse().expect("a whole number"))
    };
    let first = number("ALLEYCAT_FUZZ_SEED", 1);
    first..first + number("ALLEYCAT_FUZZ_INPUTS", 2_000)
}

/// A text with some places changed, once in a while beyond recognition.
fn changed(random: &mut ChaCha8Rng, corpus: &[&str]) -> Vec<u8> {
    let mut text = corpus[random.random_range(0..corpus.len())].as_bytes().to_vec();
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..=text.len());
        let end = (at + random.random_range(0..12)).min(text.len());
        match random.random_range(0..6) {
            0 => drop(text.drain(at..end)),
            1 => {
                let piece = text[at..end].to_vec();
                text.splice(at..at, piece);
            }
            2 => {
                let mut piece = vec![0; random.random_range(1..5)];
                random.fill_bytes(&mut piece);
                text.splice(at..end, piece);
            }
            3 => {
                let other = corpus[random.random_range(0..corpus.len())].as_bytes();
                let from = random.random_range(0..=other.len());
                text.splice(at..end, other[from..].iter().copied().take(40));
            }
            _ => drop(text.splice(at..end, TELLING[random.random_range(0..TELLING.len())].bytes())),
        }
    }
    text
}

/// Gives a reader its inputs; returns how many of them it took, for a reader that takes nothing tells nothing.
fn read(name: &str, corpus: &[&str], mut reader: impl FnMut(&[u8]) -> bool) {
    assert!(corpus.iter().all(|text| reader(text.as_bytes())), "{name}: what is well is refused");
    let mut taken = 0_u64;
    for seed in inputs() {
        let text = changed(&mut ChaCha8Rng::seed_from_u64(seed), corpus);
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| reader(&text)));
        let shown = String::from_utf8_lossy(&text);
        taken += u64::from(read.unwrap_or_else(|_| panic!("{name}, ALLEYCAT_FUZZ_SEED={seed}: {shown:?}")));
    }
    println!("{name:<22} {taken:>6} of {} taken", inputs().count());
}

/// Whether these bytes are a `T`; if so, it is the same after a way through JSON.
fn json<T: DeserializeOwned + Serialize>(bytes: &[u8]) -> bool {
    let Ok(first) = serde_json::from_slice::<T>(bytes) else { return false };
    let value = |read: &T| serde_json::to_value(read).expect("what was read can be written");
    let text = serde_json::to_string(&first).expect("what was read can be written");
    let second: T = serde_json::from_str(&text).expect("what was written can be read");
    assert!(alike(&value(&first), &value(&second)), "{text}");
    true
}

/// The same, but for the last digit of a number with more of them than a float has.
fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap_or(f64::NAN), other.as_f64().unwrap_or(f64::NAN));
            (one - other).abs() <= one.abs() * 1e-12
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| alike(one, other)))
        }
        _ => one == other,
    }
}

#[test]
fn race_messages_are_taken_whole_or_refused_with_a_reason() {
    read("race message", &[RACE], |bytes| match RaceMessage::parse(bytes) {
        Ok(message) => {
            assert_eq!(RaceMessage::parse(&message.to_json()).expect("its own text"), message);
            true
        }
        Err(refusal) => {
            assert!(!refusal.reason().is_empty() && !refusal.to_string().is_empty());
            false
        }
    });
}

#[test]
fn what_the_hub_and_the_bridge_say_is_read_or_refused() {
    read("board", &[include_str!("../../shared/tests/golden/board.json")], json::<BoardMessage>);
    read("own view", &[include_str!("../../shared/tests/golden/rider.json")], json::<RiderMessage>);
    let fields = [
        include_str!("../../shared/tests/golden/field-snapshot.json"),
        include_str!("../../shared/tests/golden/field-changes.json"),
    ];
    read("field", &fields, json::<FieldMessage>);
    let sensor = [
        r#"{"type":"state","state":"live","driver":"peloton","port":"/dev/ttyUSB0","hint":""}"#,
        r#"{"type":"reading","cadence":88.0,"resistance":59.8,"origin":"measured","power":92.3,"heartRate":null,"ageMs":0}"#,
    ];
    read("sensor", &sensor, json::<SensorMessage>);
}

#[test]
fn what_is_asked_of_the_api_is_read_or_refused() {
    read("join", &[r#"{"racerId":7,"name":"Ann","token":"a.b"}"#], json::<Join>);
    read("leave", &[r#"{"racerId":7,"token":"a.b"}"#], json::<Leave>);
    read("rename", &[r#"{"name":"Ann"}"#], json::<Rename>);
    read("verdict", &[r#"{"verdict":"disqualified"}"#, r#"{"verdict":null}"#], json::<Judge>);
    let config = r#"{"mqtt":{"url":"/mqtt","publish":"alleycat-publish","subscribe":"alleycat-subscribe"},
        "sensor":{"url":"ws://localhost:8765/sensor"},"classes":[{"id":1,"name":"One"}],
        "raceSeconds":300,"graceSeconds":30,"auth":"token"}"#;
    read("page's configuration", &[config], json::<PageConfig>);
}

#[test]
fn topics_and_filters_are_read_or_refused() {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    read(
        "topic",
        &["alleycat-publish/7", "alleycat-subscribe/1/board", "alleycat-subscribe/6/rider/40000"],
        |bytes| {
            let Ok(topic) = text(bytes).parse::<Topic>() else { return false };
            assert_eq!(topic.to_string().parse::<Topic>().expect("its own text"), topic);
            true
        },
    );
    read("class topic", &["alleycat-class/1/7"], |bytes| text(bytes).parse::<ClassTopic>().is_ok());
    read("filter", &["alleycat-publish/+", "a/#", "+/b/+"], |bytes| {
        let Ok(filter) = Filter::new(&text(bytes)) else { return false };
        filter.matches("alleycat-publish/7");
        true
    });
}

#[test]
fn rules_are_read_or_refused_with_a_sentence_and_apply_to_anything() {
    let rules = Rules::parse(RULES, "rules.toml").unwrap_or_else(|error| panic!("{error}"));
    let mut chance = || Uuid::from_u128(1);
    let apply = |rules: &Rules, payload: &[u8]| {
        let message = Message {
            topic: "alleycat-publish/7",
            payload,
            client_id: None,
            trace_id: Uuid::from_u128(5),
            at: 1_620_824_038_331,
        };
        rules.apply(message, &mut || Uuid::from_u128(2)).len()
    };
    read("rules", &[RULES], |bytes| match Rules::parse(&String::from_utf8_lossy(bytes), "rules.toml") {
        Ok(rules) => {
            apply(&rules, RACE.as_bytes());
            apply(&rules, bytes);
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    });
    read("a rule's message", &[RACE], |bytes| {
        apply(&rules, bytes);
        true
    });
    let keys = ["${racerId}-${upper(name)}", "racer", "${topic(2)}"];
    read("template, key", &keys, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let message = Message {
            topic: "alleycat-publish/7",
            payload: RACE.as_bytes(),
            client_id: None,
            trace_id: Uuid::from_u128(5),
            at: 1_620_824_038_331,
        };
        if let Ok(template) = Template::parse(&text) {
            template.render(message, &mut chance);
        }
        let Ok(key) = text.parse::<PartitionKey>() else { return false };
        key.render(message, &mut chance);
        true
    });
}

#[test]
fn price_lists_are_read_or_refused_with_a_sentence() {
    let today = Date::from_ordinal_date(2999, 1).expect("a day");
    read("price list", &[include_str!("../../deploy/aws/prices.example.toml")], |bytes| match Prices::parse(
        &String::from_utf8_lossy(bytes),
        today,
    ) {
        Ok(prices) => {
            assert!(prices.day().is_some_and(|day| day <= today) && prices.age_days(today) >= 0);
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    });
}
