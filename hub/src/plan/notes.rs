//! What an operator should know and do about a plan.

use alleycat_stream::plan::{Binds, Enough, Ingest, Reading};
use serde::Serialize;

use super::keys::Strategy;
use super::number::{percent, some, whole};
use super::report::Report;

/// One thing to know, with what to do.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Note {
    pub(crate) weight: Weight,
    pub(crate) text: String,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Weight {
    /// It will not work so.
    Bad,
    /// It works, with a price.
    Odd,
    /// Good to know.
    Good,
}

/// Publishes a second that an account has by default, of all its clients.
///
/// Source: AWS IoT Core message broker limits and quotas; it is raised on request.
const IOT_PUBLISHES_PER_SECOND: f64 = 20_000.0;
/// What a new stream on demand takes in a second; later twice the peak of 30 days.
///
/// Source: Amazon Kinesis Data Streams Developer Guide, "Quotas and limits" and "Choose the on-demand capacity mode".
const ON_DEMAND_RECORDS_PER_SECOND: f64 = 4_000.0;
/// Prices older than this are told as old.
const YEAR_DAYS: i64 = 366;
/// Above an even share by this much a shard is called hot.
const HOT: f64 = 1.25;

/// What to know about a plan, the worst first.
pub(crate) fn notes(report: &Report) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |weight, text: String| notes.push(Note { weight, text });
    writing(report, &mut note);
    keys(report, &mut note);
    reading(report, &mut note);
    broker(report, &mut note);
    money(report, &mut note);
    notes.sort_by_key(|note| note.weight);
    notes
}

fn writing(report: &Report, note: &mut impl FnMut(Weight, String)) {
    let (need, placed) = (&report.plan.need, &report.plan.placement);
    let shards = shards(report.shards);
    if !placed.keeps_up {
        note(
            Weight::Bad,
            format!(
                "the fullest of {shards} gets {} of what it takes: at the end of a race it is {} s behind",
                percent(placed.hottest_use),
                whole(placed.behind_after_race_seconds)
            ),
        );
    } else if placed.refused_share > 0.0 {
        note(
            Weight::Odd,
            format!(
                "{} of the records are refused at the first try, in {} of the seconds, and must be put again: who does \
                 not try again loses them",
                percent(placed.refused_share),
                percent(placed.seconds_over_share)
            ),
        );
    }
    match &need.with_these_keys {
        Enough::Shards { shards: enough } if *enough > report.shards => note(
            Weight::Bad,
            format!("{} are needed with these keys: `--shards {enough}`", self::shards(*enough)),
        ),
        Enough::Shards { .. } => {
            let used = need.use_of_records.max(need.use_of_bytes);
            if used > 1.0 - report.load.headroom + 1e-9 {
                note(
                    Weight::Odd,
                    format!(
                        "{} of {shards} is used: less than {} stays free",
                        percent(used),
                        percent(report.load.headroom)
                    ),
                );
            }
        }
        Enough::NeverOneKeyIsTooMuch { key, use_of_shard } => note(
            Weight::Bad,
            format!(
                "no number of shards is enough: key `{key}` alone has up to {} of a shard in a second. Take a key that \
                 differs more, such as racer",
                percent(*use_of_shard)
            ),
        ),
        Enough::NotUpTo { shards } => note(
            Weight::Bad,
            format!(
                "not even {shards} shards take all at the first try with these keys: take a key that differs more"
            ),
        ),
    }
    if need.binds == Binds::Records && need.use_of_bytes < need.use_of_records / 2.0 {
        note(
            Weight::Good,
            format!(
                "records are many and small: {} of the records a shard takes are {} of its bytes. Holding back some \
                 seconds needs fewer shards",
                percent(need.use_of_records),
                percent(need.use_of_bytes)
            ),
        );
    }
}

fn keys(report: &Report, note: &mut impl FnMut(Weight, String)) {
    let placed = &report.plan.placement;
    if placed.hottest_to_even > HOT && report.shards > 1 {
        note(
            Weight::Odd,
            format!(
                "keys do not spread evenly: the fullest shard has {} times its share",
                some(placed.hottest_to_even)
            ),
        );
    }
    let order = match report.keys {
        Strategy::Random | Strategy::Time => {
            "a rider's records are on many shards, so they are read in no order. The hub's results do not depend on order"
        }
        Strategy::Class => {
            "all of a class is on one shard, in order; a class can't have more riders than a shard takes"
        }
        Strategy::Race => {
            "all of a race, of all its classes, is on one shard, in order: other shards idle until the next race"
        }
        Strategy::Racer => "a rider's records are on one shard, in order",
        Strategy::Template(_) => return,
    };
    note(Weight::Good, order.to_owned());
}

fn reading(report: &Report, note: &mut impl FnMut(Weight, String)) {
    let reads = &report.plan.reads;
    if !reads.enough {
        let cure = match report.load.reading {
            Reading::Shared => "Give them --fan-out, or more shards",
            Reading::FanOut => "Let some share a consumer",
        };
        note(
            Weight::Bad,
            format!(
                "{} consumers are more than read this stream in time, {}. {cure}",
                report.load.consumers, reads.consumers_at_most
            ),
        );
    }
}

fn broker(report: &Report, note: &mut impl FnMut(Weight, String)) {
    let load = &report.load;
    if load.ingest == Ingest::Put {
        return;
    }
    let publishes = report.plan.need.records_per_second + load.boards.published_per_second;
    let text = format!(
        "{} publishes a second, riders' and boards', are {} of the 20,000 that an account of AWS IoT Core has at first",
        whole(publishes),
        percent(publishes / IOT_PUBLISHES_PER_SECOND)
    );
    if publishes > IOT_PUBLISHES_PER_SECOND {
        note(Weight::Bad, format!("{text}: ask AWS for more before the race"));
    } else {
        note(Weight::Good, text);
    }
}

fn money(report: &Report, note: &mut impl FnMut(Weight, String)) {
    let records = report.plan.need.records_per_second;
    if records > ON_DEMAND_RECORDS_PER_SECOND {
        note(
            Weight::Odd,
            format!(
                "a new stream on demand takes 4,000 records a second, not {}: let the load grow, or start provisioned \
                 and change the mode",
                whole(records)
            ),
        );
    }
    match &report.price_list {
        None => note(
            Weight::Good,
            "no cost: give --prices FILE; deploy/aws/prices.example.toml shows what it holds".to_owned(),
        ),
        Some(list) if list.age_days > YEAR_DAYS => note(
            Weight::Odd,
            format!(
                "the prices are of {}, {} days ago: look whether they still hold",
                list.date, list.age_days
            ),
        ),
        Some(_) => {}
    }
}

/// So many shards.
pub(crate) fn shards(number: u32) -> String {
    if number == 1 { "1 shard".to_owned() } else { format!("{number} shards") }
}
