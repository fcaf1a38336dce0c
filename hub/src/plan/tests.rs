use std::ffi::OsString;
use std::path::Path;

use alleycat_shared::program::parse;
use clap::Parser;
use time::Date;
use time::macros::date;

use super::*;
use crate::config::{Cli, Command};

const DAY: Date = date!(2026 - 11 - 24);

fn options(args: &[&str]) -> PlanOptions {
    let args = ["alleycat-hub", "plan"].iter().chain(args).map(OsString::from);
    match parse(args).unwrap() {
        Cli { command: Command::Plan(options) } => *options,
        _ => unreachable!(),
    }
}

fn price_list() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/aws/prices.example.toml").display().to_string()
}

fn told(args: &[&str]) -> (String, serde_json::Value, String) {
    let report = Report::of(&options(args), DAY).unwrap();
    (text::render(&report), serde_json::to_value(&report).unwrap(), page::render(&report))
}

#[test]
fn a_thousand_riders_on_one_shard_are_told_to_have_no_headroom_in_all_three_ways() {
    let (text, json, page) = told(&["--shards", "1", "--keys", "time", "--prices", &price_list()]);
    assert_eq!(json["need"]["useOfRecords"], 1.0);
    assert!((json["need"]["useOfBytes"].as_f64().unwrap() - 0.17).abs() < 0.01);
    assert_eq!(json["need"]["withTheseKeys"]["enough"], "shards");
    assert_eq!(json["bills"][0]["mode"], "provisioned");
    assert_eq!(json["priceList"]["ageDays"], 0);
    for told in [&text, &page] {
        for words in ["17 %", "2 shards are needed with these keys", "many tiny messages", "shard-hours"] {
            assert!(told.contains(words), "{words}: {told}");
        }
    }
}

#[test]
fn the_page_loads_nothing_and_shows_what_it_was_given_as_text() {
    let (_, _, page) = told(&["--riders", "50", "--keys", "<b>${racerId}</b>"]);
    assert!(page.contains("default-src 'none'") && page.contains("&lt;b&gt;1&lt;/b&gt;"));
    assert!(!page.contains("<b>1"));
    for outside in ["src=", "href=", "url(", "@import", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
    // What is left open in SVG swallows all that comes after it.
    for element in ["line", "rect", "polyline", "path", "circle"] {
        let (open, closed) = (format!("<{element} "), format!("</{element}>"));
        assert_eq!(page.matches(&open).count(), page.matches(&closed).count(), "{element}");
    }
    for title in ["Keys on the ring", "Load per shard", "Shards against latency"] {
        assert!(page.contains(title), "{title}");
    }
}

#[test]
fn options_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.toml");
    fs::write(&file, "riders = 300\nclasses = [\"1:2\", \"4\"]\nkeys = \"class\"\nfan-out = true").unwrap();
    let config = format!("--config={}", file.display());
    let options = options(&[&config, "--buffer", "5"]);
    assert_eq!((options.riders, options.buffer, options.fan_out), (300, 5, true));
    let report = Report::of(&options, DAY).unwrap();
    let keys: Vec<_> =
        report.places.iter().map(|key| (key.key.as_str(), key.records_per_second.round())).collect();
    assert_eq!(keys, [("1", 40.0), ("4", 20.0)], "two thirds and one, of 60 a second");
}

#[test]
fn what_can_not_be_planned_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("prices.toml");
    fs::write(&bad, "source = \"somewhere\"").unwrap();
    let bad = bad.display().to_string();
    for (args, words) in [
        (&["--keys", "${team}"][..], "--distinct"),
        (&["--payload", "2000", "--buffer", "100"], "--ingest put"),
        (&["--payload", "40000", "--buffer", "100", "--ingest", "put"], "buffer fewer seconds"),
        (&["--hours", "1000"], "730"),
        (&["--prices", "/nowhere/prices.toml"], "can't be read"),
        (&["--prices", &bad], "missing field"),
    ] {
        let said = Report::of(&options(args), DAY).unwrap_err().to_string();
        assert!(said.contains(words), "{said} says {words}");
    }
    let wrong = |args: &[&str]| Cli::try_parse_from(["alleycat-hub", "plan"].iter().chain(args)).is_err();
    assert!(
        wrong(&["--classes", "7"])
            && wrong(&["--payload", "1:0"])
            && wrong(&["--headroom", "100"])
            && wrong(&["--keys", "clas"])
    );
}

#[test]
fn a_template_is_filled_from_what_riders_are_or_spread_over_so_many_keys() {
    let keys = |args: &[&str]| Report::of(&options(args), DAY).unwrap().places.len();
    let classes = ["--riders", "60", "--classes", "1,2,3", "--keys"];
    assert_eq!(keys(&[&classes[..], &["${raceId}-${classId}"]].concat()), 3);
    assert_eq!(keys(&[&classes[..], &["${team}", "--distinct", "7"]].concat()), 7);
    assert_eq!(keys(&[&classes[..], &["racer"]].concat()), 60);
}

#[test]
fn an_old_price_list_is_told_as_old() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prices.toml");
    let list = fs::read_to_string(price_list()).unwrap();
    let date = list.lines().find(|line| line.starts_with("date")).unwrap().to_owned();
    fs::write(&file, list.replace(&date, "date = 2025-01-01")).unwrap();
    let report = Report::of(&options(&["--riders", "50", "--prices", file.to_str().unwrap()]), DAY).unwrap();
    assert!(
        report.notes.iter().any(|note| note.text.contains("2025-01-01, 692 days ago")),
        "{:?}",
        report.notes
    );
}
