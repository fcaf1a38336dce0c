//! Texts and JSON from outside: what is well is taken apart, changed in places, and read again. Nothing may panic,
//! and whatever is taken must come out again as it went in.
//!
//! The corpus is what is pinned or handed out anyway: golden messages, rules, prices.

use alleycat_noise::read;
use alleycat_rules::{Filter, Message, PartitionKey, Rules, Template};
use alleycat_shared::api::{Join, Judge, Leave, Rename};
use alleycat_shared::config::PageConfig;
use alleycat_shared::message::{BoardMessage, FieldMessage, RaceMessage, RiderMessage, SensorMessage};
use alleycat_shared::topic::{ClassTopic, Topic};
use alleycat_stream::plan::Prices;
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
