//! A price list that the operator keeps: a TOML file with its date and its source.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use time::{Date, Month};

/// A price list.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Prices {
    /// When the prices were read.
    date: toml::value::Date,
    /// Where they were read.
    pub source: String,
    /// What they are for.
    pub region: String,
    /// What they are in.
    pub currency: String,
    /// The stream.
    pub kinesis: Kinesis,
    /// The message broker.
    pub iot: Iot,
}

/// What a stream costs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Kinesis {
    /// Shards are rented.
    pub provisioned: Provisioned,
    /// Traffic is paid for.
    pub on_demand: OnDemand,
}

/// A stream whose shards are rented.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Provisioned {
    /// One shard.
    pub per_shard_hour: f64,
    /// Each begun 25 KB of a record are a unit.
    pub per_million_put_units: f64,
    /// On top, where records are kept for more than a day.
    pub per_shard_hour_of_extended_retention: f64,
    /// What is older than 7 days.
    pub per_gb_month_of_long_term_retention: f64,
    /// A registered consumer of one shard.
    pub per_consumer_shard_hour_of_fan_out: f64,
    /// What it is given.
    pub per_gb_of_fan_out: f64,
}

/// A stream whose traffic is paid for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OnDemand {
    /// The stream.
    pub per_stream_hour: f64,
    /// What is put; each record is rounded up to the next KB.
    pub per_gb_in: f64,
    /// What consumers get that share.
    pub per_gb_out: f64,
    /// What consumers with fan-out get.
    pub per_gb_of_fan_out: f64,
    /// What is older than a day, up to 7.
    pub per_gb_month_of_extended_retention: f64,
    /// What is older than 7 days.
    pub per_gb_month_of_long_term_retention: f64,
}

/// The message broker.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Iot {
    /// Connections.
    pub per_million_connection_minutes: f64,
    /// Messages, each begun 5 KB; in order, the last one without an end.
    pub messages: Vec<Tier>,
    /// Each begun 5 KB of a message that a rule looks at.
    pub per_million_rules_triggered: f64,
    /// Each begun 5 KB that an action of a rule is given.
    pub per_million_actions: f64,
}

/// A price up to a quantity.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Tier {
    /// Up to how many millions of a month; without, all that are left.
    #[serde(default)]
    pub up_to_million: Option<f64>,
    /// For a million of these.
    pub per_million: f64,
}

/// A file that is no price list.
#[derive(Debug, Error)]
pub enum PriceError {
    /// It says something else, or not enough. The text names line and field.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// Nobody could check the prices.
    #[error("`{0}` is empty: a price list says where its prices were read, and for what")]
    Empty(&'static str),
    /// The date is none, or one to come.
    #[error("`date` is {0}: it must be the day on which the prices were read")]
    Date(toml::value::Date),
    /// No price.
    #[error("`{0}` is {1}: a price is a number from 0")]
    Price(&'static str, f64),
    /// Tiers that do not go up or have no end.
    #[error("`iot.messages` must go up and end with a price without `up-to-million`")]
    Tiers,
}

impl Prices {
    /// The price list of a TOML file, read on the day `today`.
    ///
    /// # Errors
    /// [`PriceError`] with a sentence.
    pub fn parse(text: &str, today: Date) -> Result<Self, PriceError> {
        let prices: Self = toml::from_str(text)?;
        let named = [("source", &prices.source), ("region", &prices.region), ("currency", &prices.currency)];
        if let Some((name, _)) = named.iter().find(|(_, text)| text.trim().is_empty()) {
            return Err(PriceError::Empty(name));
        }
        if prices.day().is_none_or(|day| day > today) {
            return Err(PriceError::Date(prices.date));
        }
        let fault = prices.all().find(|(_, price)| !(0.0..f64::INFINITY).contains(price));
        if let Some((name, price)) = fault {
            return Err(PriceError::Price(name, price));
        }
        let ends: Vec<_> = prices.iot.messages.iter().map(|tier| tier.up_to_million).collect();
        let rises = ends.split_last().is_some_and(|(last, ends)| {
            last.is_none() && ends.iter().all(Option::is_some) && ends.is_sorted_by(|a, b| a < b)
        });
        if rises { Ok(prices) } else { Err(PriceError::Tiers) }
    }

    /// The day on which they were read.
    pub fn day(&self) -> Option<Date> {
        let month = Month::try_from(self.date.month).ok()?;
        Date::from_calendar_date(self.date.year.into(), month, self.date.day).ok()
    }

    /// How old they are on the day `today`.
    pub fn age_days(&self, today: Date) -> i64 {
        self.day().map_or(0, |day| (today - day).whole_days())
    }

    fn all(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let (rent, demand, iot) = (&self.kinesis.provisioned, &self.kinesis.on_demand, &self.iot);
        let all = [
            ("kinesis.provisioned.per-shard-hour", rent.per_shard_hour),
            ("kinesis.provisioned.per-million-put-units", rent.per_million_put_units),
            (
                "kinesis.provisioned.per-shard-hour-of-extended-retention",
                rent.per_shard_hour_of_extended_retention,
            ),
            (
                "kinesis.provisioned.per-gb-month-of-long-term-retention",
                rent.per_gb_month_of_long_term_retention,
            ),
            (
                "kinesis.provisioned.per-consumer-shard-hour-of-fan-out",
                rent.per_consumer_shard_hour_of_fan_out,
            ),
            ("kinesis.provisioned.per-gb-of-fan-out", rent.per_gb_of_fan_out),
            ("kinesis.on-demand.per-stream-hour", demand.per_stream_hour),
            ("kinesis.on-demand.per-gb-in", demand.per_gb_in),
            ("kinesis.on-demand.per-gb-out", demand.per_gb_out),
            ("kinesis.on-demand.per-gb-of-fan-out", demand.per_gb_of_fan_out),
            (
                "kinesis.on-demand.per-gb-month-of-extended-retention",
                demand.per_gb_month_of_extended_retention,
            ),
            (
                "kinesis.on-demand.per-gb-month-of-long-term-retention",
                demand.per_gb_month_of_long_term_retention,
            ),
            ("iot.per-million-connection-minutes", iot.per_million_connection_minutes),
            ("iot.per-million-rules-triggered", iot.per_million_rules_triggered),
            ("iot.per-million-actions", iot.per_million_actions),
        ];
        let tiers = self.iot.messages.iter().map(|tier| ("iot.messages.per-million", tier.per_million));
        all.into_iter().chain(tiers)
    }
}

impl Tier {
    /// What so many millions cost by some tiers in order.
    pub fn cost(tiers: &[Self], millions: f64) -> f64 {
        let mut from = 0.0;
        let mut cost = 0.0;
        for tier in tiers {
            let end = tier.up_to_million.unwrap_or(f64::INFINITY).min(millions);
            cost += (end - from).max(0.0) * tier.per_million;
            from = end.max(from);
        }
        cost
    }
}
