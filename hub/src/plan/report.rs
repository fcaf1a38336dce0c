//! All that is told, whichever way.

use std::fs;
use std::path::Path;

use alleycat_stream::key::HashKey;
use alleycat_stream::plan::{Bill, Load, Mode, Plan, Point, PriceError, Prices, curve};
use serde::Serialize;
use time::Date;

use super::keys::{Keys, Strategy};
use super::notes::{Note, notes};
use super::options::{ClassShare, PlanError, PlanOptions};

/// All that is told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// What was asked, in a line.
    pub(crate) title: String,
    pub(crate) keys: Strategy,
    pub(crate) classes: Vec<ClassShare>,
    pub(crate) load: Load,
    #[serde(flatten)]
    pub(crate) plan: Plan,
    /// As many shards as were asked for, or else are needed.
    pub(crate) shards: u32,
    /// Some keys of a race and where they are; the most frequent ones.
    pub(crate) places: Vec<KeyPlace>,
    pub(crate) bills: Vec<Bill>,
    pub(crate) price_list: Option<PriceList>,
    /// Other buffers.
    pub(crate) curve: Vec<Point>,
    /// What to know and to do, the worst first.
    pub(crate) notes: Vec<Note>,
}

/// A key and where it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyPlace {
    pub(crate) key: String,
    /// Decimal, as the API writes it.
    pub(crate) hash_key: String,
    /// On the ring, 0 to 1.
    pub(crate) at: f64,
    pub(crate) records_per_second: f64,
}

/// Where prices come from.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PriceList {
    pub(crate) date: String,
    pub(crate) age_days: i64,
    pub(crate) source: String,
    pub(crate) region: String,
    pub(crate) currency: String,
}

/// Keys that are told; all are counted.
const PLACES: usize = 400;

impl Report {
    /// Works out all that is told, on the day `today`.
    pub(crate) fn of(options: &PlanOptions, today: Date) -> Result<Self, PlanError> {
        let load = options.load()?;
        let prices = options.prices.as_deref().map(|file| read(file, today)).transpose()?;
        let mut keys = Keys::of(options)?;
        let (plan, sample) = Plan::of(&load, |arrival| keys.key(arrival));
        let shards = load.shards.unwrap_or(plan.need.shards);
        let bill = |mode| Some(Bill::of(&load, &plan.need, shards, mode, prices.as_ref()?));
        let bills: Vec<_> = [Mode::Provisioned, Mode::OnDemand].into_iter().filter_map(bill).collect();
        let curve = curve(&load, prices.as_ref(), |arrival| keys.key(arrival));
        let place = |(key, hash, records_per_second): (&str, HashKey, f64)| KeyPlace {
            key: key.to_owned(),
            hash_key: hash.to_string(),
            at: hash.part_of_ring(),
            records_per_second,
        };
        let price_list = prices.map(|prices| PriceList {
            date: prices.day().map_or_else(String::new, |day| day.to_string()),
            age_days: prices.age_days(today),
            source: prices.source,
            region: prices.region,
            currency: prices.currency,
        });
        let mut report = Self {
            title: title(options),
            keys: options.keys.clone(),
            classes: options.classes.clone(),
            shards,
            places: sample.keys().take(PLACES).map(place).collect(),
            load,
            plan,
            bills,
            price_list,
            curve,
            notes: Vec::new(),
        };
        report.notes = notes(&report);
        Ok(report)
    }
}

fn read(file: &Path, today: Date) -> Result<Prices, PlanError> {
    let text = fs::read_to_string(file).map_err(|error| PlanError::Read(file.to_owned(), error))?;
    Prices::parse(&text, today).map_err(|error: PriceError| PlanError::Prices(file.to_owned(), error))
}

fn title(options: &PlanOptions) -> String {
    let riders = super::number::whole(f64::from(options.riders));
    let every = match options.buffer {
        1 => "each second".to_owned(),
        seconds => format!("{seconds} seconds at a time"),
    };
    format!("{riders} riders, {every}, partition key {}", options.keys)
}
