//! What the SQL comes to, held against what the AWS IoT SQL reference says.

use alleycat_rules::{Action, Message, Order, PartitionKey, Rules, Template, error_message};
use proptest::prelude::*;
use uuid::Uuid;

const PAYLOAD: &str = r#"{"uuid":"u","second":141,"raceId":5402746,"name":"Ann","racerId":7,"classId":2,
    "cadence":88.0,"resistance":59.8,"nothing":null,"yes":true,"text":"12.5","word":"Abc","list":[1,"b"],
    "deep":{"er":{"est":3}},"from":9}"#;

fn message(payload: &str) -> Message<'_> {
    Message {
        topic: "alleycat-publish/7",
        payload: payload.as_bytes(),
        client_id: Some("tablet-1"),
        trace_id: Uuid::from_u128(5),
        at: 1_620_824_038_331,
    }
}

fn chance() -> impl FnMut() -> Uuid {
    let mut count = 0_u128;
    move || {
        count += 1;
        Uuid::from_u128(count)
    }
}

/// The payloads that a statement makes of a message.
fn made(sql: &str, payload: &str) -> Vec<String> {
    let file =
        format!("[[rule]]\nname = \"r\"\nsql = '''{sql}'''\n[[rule.action]]\nfile = {{ path = \"x\" }}\n");
    let rules = Rules::parse(&file, "rules.toml").unwrap_or_else(|error| panic!("{error}"));
    let outcomes = rules.apply(message(payload), &mut chance());
    outcomes.iter().map(|outcome| String::from_utf8_lossy(&outcome.payload).into_owned()).collect()
}

/// What an expression comes to, as JSON; `None` if it is Undefined.
fn value(expression: &str) -> Option<String> {
    let made = made(&format!("SELECT {expression} AS x FROM 'alleycat-publish/#'"), PAYLOAD);
    made[0].strip_prefix("{\"x\":")?.strip_suffix("}").map(str::to_owned)
}

#[test]
fn expressions_come_to_what_the_reference_says() {
    let table = [
        // Whole numbers and decimals.
        ("1 + 2 * 3", Some("7")),
        ("(1 + 2) * 3", Some("9")),
        ("7 / 2", Some("3")),
        ("7.0 / 2", Some("3.5")),
        ("7 % 4", Some("3")),
        ("10.0", Some("10.0")),
        ("cadence", Some("88.0")),
        ("-second", Some("-141")),
        ("1 / 0", None),
        ("1.0 / 0", None),
        ("text + 1", Some("\"12.51\"")),
        ("text * 2", Some("25.0")),
        ("word * 2", None),
        ("007", Some("7")),
        ("1e3", Some("1000.0")),
        // Text joins with anything; Undefined with nothing.
        ("'a' + 1", Some("\"a1\"")),
        ("1 + 'a'", Some("\"1a\"")),
        ("'it''s'", Some("\"it's\"")),
        ("'a' + missing", None),
        ("yes + 1", None),
        // Keys.
        ("deep.er.est", Some("3")),
        ("deep.er.missing", None),
        ("name.er", None),
        ("missing", None),
        ("nothing", Some("null")),
        ("get(*, 'from')", Some("9")),
        ("get(list, 1)", Some("\"b\"")),
        ("get(list, 2)", None),
        // Comparisons: kinds that differ are not equal and have no order.
        ("second = 141.0", Some("true")),
        ("second = '141'", Some("false")),
        ("second <> '141'", Some("true")),
        ("nothing = null", Some("true")),
        ("-0.0 = 0.0 AND -0.0 <= 0.0 AND -0.0 >= 0", Some("true")),
        ("-0.0 <> 0", Some("false")),
        ("CASE -0.0 WHEN 0 THEN 1 ELSE 2 END", Some("1")),
        ("text > 12", Some("true")),
        ("word > 12", None),
        ("word < 'B'", Some("true")),
        ("'10' < '9'", Some("false")),
        ("missing = missing", None),
        ("missing <> 1", None),
        // Truth.
        ("yes AND second > 100", Some("true")),
        ("yes and 'FALSE'", Some("false")),
        ("NOT yes OR second = 141", Some("true")),
        ("yes OR missing", None),
        ("yes AND 1", None),
        ("not second = 1", Some("true")),
        // CASE.
        ("CASE classId WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'more' END", Some("\"two\"")),
        ("CASE WHEN second > 200 THEN 'late' ELSE 'early' END", Some("\"early\"")),
        ("CASE classId WHEN 9 THEN 1 END", None),
        // Functions.
        ("timestamp()", Some("1620824038331")),
        ("topic()", Some("\"alleycat-publish/7\"")),
        ("topic(1)", Some("\"alleycat-publish\"")),
        ("TOPIC(2)", Some("\"7\"")),
        ("topic(3)", None),
        ("topic(0)", None),
        ("clientid()", Some("\"tablet-1\"")),
        ("newuuid()", Some("\"00000000-0000-0000-0000-000000000001\"")),
        ("traceid()", Some("\"00000000-0000-0000-0000-000000000005\"")),
        ("isUndefined(missing)", Some("true")),
        ("isUndefined(nothing)", Some("false")),
        ("isNull(nothing)", Some("true")),
        ("isNull(missing)", Some("false")),
        ("upper(word)", Some("\"ABC\"")),
        ("lower(word)", Some("\"abc\"")),
        ("length('Žofie')", Some("5")),
        ("concat('a', 1, true)", Some("\"a1true\"")),
        ("concat(list, 2)", Some("[1,\"b\",2]")),
        ("concat('a', missing)", None),
        ("replace(word, 'b', 'xx')", Some("\"Axxc\"")),
        ("replace(word, '', 'x')", None),
        ("encode('abc', 'base64')", Some("\"YWJj\"")),
        ("decode('YWJj', 'base64')", Some("\"abc\"")),
        ("decode('???', 'base64')", None),
        ("decode('YWJj', 'rot13')", None),
        ("cast(resistance AS Int)", Some("60")),
        ("cast('1.5' as integer)", Some("2")),
        ("cast(yes as int)", Some("1")),
        ("cast(7 as decimal)", Some("7.0")),
        ("cast(7 as string)", Some("\"7\"")),
        ("cast(0 as boolean)", Some("false")),
        ("cast(word as boolean)", None),
    ];
    for (expression, expected) in table {
        assert_eq!(value(expression).as_deref(), expected, "{expression}");
    }
}

#[test]
fn statements_choose_messages_and_make_payloads() {
    let small = r#"{"a":1,"b":{"c":2},"a2":10.0}"#;
    let table: [(&str, &[&str]); 10] = [
        ("SELECT * FROM 'alleycat-publish/#'", &[small]),
        ("select * from 'other/#'", &[]),
        ("SELECT *, clientid() AS who FROM '+/7'", &[r#"{"a":1,"a2":10.0,"b":{"c":2},"who":"tablet-1"}"#]),
        ("SELECT a, b.c FROM '#'", &[r#"{"a":1,"c":2}"#]),
        ("SELECT a, missing FROM '#'", &[r#"{"a":1}"#]),
        ("SELECT b.c AS a FROM '#' WHERE a = 1", &[r#"{"a":2}"#]),
        ("SELECT b.c AS d FROM '#' WHERE d = 2", &[]),
        ("SELECT * FROM '#' WHERE missing > 1", &[]),
        ("SELECT VALUE b FROM '#'", &[r#"{"c":2}"#]),
        ("SELECT VALUE 'a' + a FROM '#'", &["a1"]),
    ];
    for (sql, expected) in table {
        assert_eq!(made(sql, small), expected, "{sql}");
    }
    let raw = "\u{1}not json";
    assert_eq!(made("SELECT * FROM '#'", raw), [raw], "as it came");
    assert_eq!(made("SELECT a FROM '#'", raw), ["{}"]);
    assert_eq!(made("SELECT encode(*, 'base64') AS data FROM '#'", raw), [r#"{"data":"AW5vdCBqc29u"}"#]);
}

/// The fault that a rules file has: its title, and the text above the last caret with the caret's line.
fn fault(file: &str) -> String {
    Rules::parse(file, "rules.toml").expect_err(file).to_string()
}

fn rule(sql: &str, action: &str) -> String {
    format!("[[rule]]\nname = \"r\"\nsql = \"{sql}\"\n[[rule.action]]\n{action}\n")
}

#[test]
fn what_is_not_supported_is_refused_with_its_place_in_the_file() {
    let table = [
        ("SELECT", "expected `*`, VALUE, or what to select"),
        ("SELECT * WHERE a = 1", "expected FROM with a topic filter, or an operator"),
        ("SELECT * FROM x", "expected a topic filter in single quotes"),
        ("SELECT * FROM 'a/#/b'", "`#` stands alone in the last level"),
        ("SELECT a + FROM '#'", "expected"),
        ("SELECT (a FROM '#'", "expected `)` or an operator"),
        ("SELECT 'a FROM x", "expected a closing quote"),
        ("SELECT a + 1 FROM '#'", "needs a name"),
        ("SELECT nosuch(a) AS b FROM '#'", "there is no function `nosuch`"),
        ("SELECT aws_lambda(a) AS b FROM '#'", "`aws_lambda` of AWS IoT Core is not supported here"),
        ("SELECT get(a) AS b FROM '#'", "`get` takes 2 arguments"),
        (
            "SELECT cast(a AS date) AS b FROM '#'",
            "cast makes String, Int, Decimal or Boolean, and not `date`",
        ),
        ("SELECT (SELECT a FROM '#') AS b FROM '#'", "a SELECT inside another one is not supported"),
        ("SELECT * FROM '#' WHERE a = 1 -- b", "comments are not allowed"),
        ("SELECT * FROM '#' GROUP BY a", "expected the end of the text"),
        ("SELECT 1e999 AS a FROM '#'", "this number is too large"),
    ];
    for (sql, expected) in table {
        let fault = fault(&rule(sql, "file = { path = \"x\" }"));
        assert!(fault.contains(expected), "{sql}\n{fault}");
        assert!(fault.contains("rules.toml:3:") && fault.contains('^'), "{sql}\n{fault}");
    }
    let deep = format!("SELECT {}1{} AS a FROM '#'", "(".repeat(40), ")".repeat(40));
    assert!(fault(&rule(&deep, "file = { path = \"x\" }")).contains("nested too deeply"));
    let long = format!("SELECT {}1 AS a FROM '#'", "1+".repeat(300));
    assert!(fault(&rule(&long, "file = { path = \"x\" }")).contains("at most 256 parts"));

    let good = "SELECT * FROM '#'";
    for (action, expected) in [
        ("file = { path = \"${a\" }", "`}` or an operator"),
        ("republish = { topic = \"x\", qos = 2 }", "QoS 0 or 1"),
        ("lambda = { }", "unknown field `lambda`"),
        ("kinesis = { stream = \"s\", partition-key = \"rider\" }", "`rider` is no strategy"),
        ("kinesis = { stream = \"s\", partition-key = \"${nosuch()}\" }", "no function `nosuch`"),
        ("kinesis = { stream = \"s\" }", "partition-key"),
        ("", "no action"),
    ] {
        let file = if action.is_empty() {
            rule(good, "").replace("[[rule.action]]\n", "")
        } else {
            rule(good, action)
        };
        let fault = fault(&file);
        assert!(fault.contains(expected), "{action}\n{fault}");
    }
    let eleven =
        rule(good, "file = { path = \"x\" }") + &"[[rule.action]]\nfile = { path = \"x\" }\n".repeat(10);
    assert!(fault(&eleven).contains("at most 10 actions"));
    let twice = rule(good, "file = { path = \"x\" }").repeat(2);
    assert!(fault(&twice).contains("another rule of this name"));
}

#[test]
fn a_fault_is_shown_where_it_is() {
    let shown = fault(&rule("SELECT a, nosuch(b) AS c FROM '#'", "file = { path = \"x\" }"));
    let lines: Vec<&str> = shown.lines().collect();
    let at = lines.iter().position(|line| line.contains("nosuch(b)")).unwrap();
    let caret = lines[at + 1].find('^').unwrap();
    assert_eq!(lines[at].find("nosuch").unwrap(), caret, "{shown}");
}

const RULES: &str = r#"
[[rule]]
name = "ingest"
sql = "SELECT * FROM 'alleycat-publish/#' WHERE second > 100"
[[rule.action]]
kinesis = { stream = "alleycat", partition-key = "racer" }
[[rule.action]]
kinesis = { stream = "class-${classId}", partition-key = "${raceId}-${classId}", order = "none" }
[[rule.action]]
republish = { topic = "$$aws/${topic(2)}", qos = 1 }
[[rule.action]]
republish = { topic = "copy/${missing}" }
[rule.error-action]
file = { path = "errors-${classId}.jsonl" }
"#;

#[test]
fn actions_are_filled_from_the_message_as_it_came() {
    let rules = Rules::parse(RULES, "rules.toml").unwrap();
    assert!(rules.may_mean("alleycat-publish/7") && !rules.may_mean("alleycat-publish"));
    let outcomes = rules.apply(message(PAYLOAD), &mut chance());
    let [outcome] = outcomes.as_slice() else { panic!("{outcomes:?}") };
    let kinesis = |stream: &str, key: &str, order| {
        Ok(Action::Kinesis { stream: stream.into(), partition_key: key.into(), order })
    };
    assert_eq!(outcome.actions[0], kinesis("alleycat", "7", Order::Key));
    assert_eq!(outcome.actions[1], kinesis("class-2", "5402746-2", Order::None));
    assert_eq!(outcome.actions[2], Ok(Action::Republish { topic: "$aws/7".into(), qos: 1 }));
    let fault = outcome.actions[3].clone().unwrap_err();
    assert_eq!(fault.to_string(), "`copy/${missing}` is Undefined for this message");
    let on_error = outcome.rule.on_error(message(PAYLOAD), &mut chance()).unwrap();
    assert_eq!(on_error, Ok(Action::File { path: "errors-2.jsonl".into() }));
    assert!(rules.apply(message(r#"{"second":100}"#), &mut chance()).is_empty());
}

#[test]
fn no_message_says_where_in_the_system_a_file_is() {
    let rule = rule("SELECT * FROM '#'", "file = { path = \"${name}.jsonl\" }");
    let rules = Rules::parse(&rule, "rules.toml").unwrap();
    let outcomes = rules.apply(message(r#"{"name":"/etc/x"}"#), &mut chance());
    assert_eq!(
        outcomes[0].actions[0].clone().unwrap_err().to_string(),
        "`/etc/x.jsonl` leads out of its folder"
    );
}

#[test]
fn one_error_message_tells_of_all_actions_that_failed() {
    let rules = Rules::parse(RULES, "rules.toml").unwrap();
    let rule = rules.named("ingest").unwrap();
    let failures = [rule.failure(0, &"no such stream"), rule.failure(3, &"undefined")];
    let error: serde_json::Value =
        serde_json::from_slice(&error_message(rule, message("{}"), &failures)).unwrap();
    assert_eq!(
        error,
        serde_json::json!({
            "ruleName": "ingest", "topic": "alleycat-publish/7", "clientId": "tablet-1",
            "cloudwatchTraceId": "00000000-0000-0000-0000-000000000005", "base64OriginalPayload": "e30=",
            "failures": [
                { "failedAction": "KinesisAction", "failedResource": "alleycat", "errorMessage": "no such stream" },
                { "failedAction": "RepublishAction", "failedResource": "copy/${missing}", "errorMessage": "undefined" },
            ],
        })
    );
}

#[test]
fn partition_keys_have_names_or_are_templates() {
    for (strategy, expected) in [
        ("random", "00000000-0000-0000-0000-000000000001"),
        ("time", "1620824038331"),
        ("racer", "7"),
        ("class", "2"),
        ("race", "5402746"),
        ("${raceId}/${upper(word)} $5", "5402746/ABC $5"),
    ] {
        let key: PartitionKey = strategy.parse().unwrap();
        assert_eq!(key.render(message(PAYLOAD), &mut chance()).as_deref(), Some(expected));
        assert_eq!(key.to_string(), strategy);
    }
    assert!("rider".parse::<PartitionKey>().unwrap_err().to_string().contains("take random, time"));
    assert!("${".parse::<PartitionKey>().is_err());
    assert_eq!("racer".parse::<PartitionKey>().unwrap().render(message("{}"), &mut chance()), None);
}

proptest! {
    #[test]
    fn no_text_and_no_payload_makes_it_panic(text in ".{0,80}", payload in proptest::collection::vec(any::<u8>(), 0..80)) {
        _ = Rules::parse(&text, "rules.toml");
        let file = rule(&text.replace(['"', '\\', '\n', '\r'], "'"), "file = { path = \"x\" }");
        let message = Message { payload: &payload, ..message("") };
        if let Ok(rules) = Rules::parse(&file, "rules.toml") {
            rules.apply(message, &mut chance());
        }
        if let Ok(template) = Template::parse(&text) {
            _ = template.render(message, &mut chance());
        }
    }

    #[test]
    fn no_mixture_of_the_sql_s_own_words_makes_it_panic(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "SELECT ", "* ", "FROM ", "'#' ", "WHERE ", "a", ".b ", "( ", ") ", "+ ", "- ", "/ ", "% ", "= ", "<> ",
            "AND ", "NOT ", "CASE ", "WHEN ", "THEN ", "END ", "1 ", "0.5 ", "99999999999999999999 ", "'x' ", ", ",
            "cast( ", "AS ", "int ", "topic( ", "replace( ", "concat( ", "get( ", "null ", "true ", "${", "}",
        ]), 0..24),
        payload in prop::sample::select(vec!["", "{}", "[1]", "{\"a\":{\"b\":1}}", "{\"a\":9223372036854775807}", "\"a\""]),
    ) {
        let text = words.concat();
        for sql in [text.clone(), format!("SELECT {text} AS x FROM '#'"), format!("SELECT * FROM '#' WHERE {text}")] {
            if let Ok(rules) = Rules::parse(&rule(&sql, "file = { path = \"x\" }"), "rules.toml") {
                rules.apply(message(payload), &mut chance());
            }
        }
        if let Ok(template) = Template::parse(&text) {
            _ = template.render(message(payload), &mut chance());
        }
    }
}
