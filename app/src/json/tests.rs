use alleycat_shared::config::{Auth, PageConfig};
use alleycat_shared::message::SensorMessage;
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{read, read_bytes, write};

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<i32>().prop_map(|whole| Value::from(f64::from(whole) + 0.5)),
        "\\PC{0,8}|[\\x00-\\x7f]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            hash_map(".{0,4}", inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_and_the_other_way_round(value in values()) {
        prop_assert_eq!(read::<Value>(&value.to_string()), Some(value.clone()));
        prop_assert_eq!(read::<Value>(&serde_json::to_string_pretty(&value).unwrap()), Some(value.clone()));
        let text = write(&value).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn what_serde_json_refuses_is_refused_and_nothing_else(
        value in values(), at in any::<prop::sample::Index>(), with in "[-+.eE0-9nulltrfasd\"\\\\u{}\\[\\],: \n\t\x01é]{0,3}",
    ) {
        let mut text = value.to_string().chars().collect::<Vec<_>>();
        let at = at.index(text.len());
        text.splice(at..=at, with.chars());
        let text = text.into_iter().collect::<String>();
        prop_assert_eq!(read::<Value>(&text).is_some(), serde_json::from_str::<Value>(&text).is_ok(), "{}", text);
    }

    #[test]
    fn fractions_lose_nothing(value in any::<f64>()) {
        // serde_json may be off by the last bit.
        prop_assert_eq!(read::<f64>(&write(&value).unwrap()), Some(value));
    }

    #[test]
    fn no_bytes_break_it(bytes in vec(any::<u8>(), 0..64)) {
        prop_assert_eq!(read_bytes::<Value>(&bytes), serde_json::from_slice(&bytes).ok());
    }
}

#[test]
fn escapes_are_read_and_halves_of_characters_refused() {
    for text in
        [r#""\ud83d\udeb2\u00e9\/\b\f\n\r\t\"\\x""#, r#""\ud83d""#, r#""\ud83dx""#, r#""\udeb2""#, r#""\u12"#]
    {
        assert_eq!(read::<String>(text), serde_json::from_str(text).ok(), "{text}");
    }
}

#[test]
fn numbers_are_no_others_than_json_has() {
    for text in [
        "0",
        "-0",
        "01",
        "-",
        "1.",
        ".5",
        "1e",
        "1e+",
        "1E-2",
        "-1.5e3",
        "1e999",
        "18446744073709551616",
        "+1",
    ] {
        assert_eq!(read::<f64>(text), serde_json::from_str(text).ok(), "{text}");
        assert_eq!(read::<u8>(text), serde_json::from_str(text).ok(), "{text}");
        assert_eq!(read::<i8>(text), serde_json::from_str(text).ok(), "{text}");
    }
}

#[test]
fn depth_is_limited_and_the_limit_is_of_what_is_open() {
    let nested = |depth: usize| ["[".repeat(depth), "]".repeat(depth)].concat();
    assert!(read::<Value>(&nested(100)).is_some());
    assert!(read::<Value>(&nested(100_000)).is_none());
    assert!(read::<Vec<Vec<u8>>>(&format!("[{}[]]", "[],".repeat(300))).is_some());
}

#[test]
fn our_types_read_with_unknown_fields_and_are_refused_without_their_own() {
    let sensor =
        r#"{"type":"state","new":[1,{"a":null}],"state":"no-port","driver":"d","port":"p","hint":"h"}"#;
    assert_eq!(read::<SensorMessage>(sensor), serde_json::from_str(sensor).ok());
    assert!(read::<SensorMessage>(sensor).is_some());
    assert!(read::<SensorMessage>(r#"{"type":"state","state":"no-such"}"#).is_none());
    assert!(read::<SensorMessage>(r#"{"type":"other"}"#).is_none());
    assert_eq!(read::<Auth>(r#""open""#), Some(Auth::Open));
    assert!(read::<PageConfig>("{}").is_none());
    assert!(read::<PageConfig>("[]").is_none());
}

#[test]
fn what_can_t_be_written_is_not() {
    assert_eq!(write(&f64::NAN), None);
    assert_eq!(write(&std::collections::BTreeMap::from([(1, 2)])), None);
    assert_eq!(write(&json!({"a": "\u{1}\"\\\n"})).as_deref(), Some(r#"{"a":"\u0001\"\\\n"}"#));
}
