//! What a month of a load costs, by a price list.

use serde::Serialize;

use super::load::{HOURS_PER_MONTH, Ingest, Load, Reading};
use super::need::Need;
use super::price::{Prices, Tier};

/// What a month costs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bill {
    /// How the stream is paid for.
    pub mode: Mode,
    /// What is paid for. What is not used is not in it.
    pub lines: Vec<Line>,
    /// Of all lines.
    pub per_month: f64,
    /// The month's cost over the hours in which producers send; 0 if they never do.
    pub per_hour_of_sending: f64,
}

/// How a stream is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// By the shard.
    Provisioned,
    /// By what goes in and out.
    OnDemand,
}

/// One thing that is paid for.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// What.
    pub name: &'static str,
    /// How much of it in a month.
    pub quantity: f64,
    /// In what.
    pub unit: &'static str,
    /// In the price list's currency.
    pub cost: f64,
}

/// What a PUT payload unit holds, and what messages and records are rounded up to.
///
/// Source: Amazon Kinesis Data Streams Pricing and AWS IoT Core Pricing, "additional metering details".
const PUT_UNIT_BYTES: f64 = 25.0 * 1024.0;
const ON_DEMAND_ROUND_BYTES: f64 = 1024.0;
const IOT_UNIT_BYTES: f64 = 5.0 * 1024.0;
const GB: f64 = 1024.0 * 1024.0 * 1024.0;
const MILLION: f64 = 1_000_000.0;
const DAY_HOURS: u32 = 24;
const WEEK_HOURS: u32 = 7 * 24;

impl Bill {
    /// Of a load on `shards` shards; those of a stream on demand are not paid for.
    pub fn of(load: &Load, need: &Need, shards: u32, mode: Mode, prices: &Prices) -> Self {
        let used = Used::of(load, need, shards);
        let mut lines = match mode {
            Mode::Provisioned => provisioned(load, &used, prices),
            Mode::OnDemand => on_demand(load, &used, prices),
        };
        lines.extend(broker(load, &used, prices));
        lines.retain(|line| line.quantity > 0.0);
        let per_month = lines.iter().map(|line| line.cost).sum();
        let hours = load.hours_per_month;
        let per_hour_of_sending = if hours > 0.0 { per_month / hours } else { 0.0 };
        Self { mode, lines, per_month, per_hour_of_sending }
    }
}

/// What is used in a month.
struct Used {
    shard_hours: f64,
    /// Bytes of a record of each size, key included, and how many of them.
    sizes: Vec<(f64, f64)>,
    gb: f64,
    seconds: f64,
}

impl Used {
    fn of(load: &Load, need: &Need, shards: u32) -> Self {
        let seconds = load.hours_per_month * 3_600.0;
        let records = need.records_per_second * seconds;
        let key = need.bytes_per_record - load.record_bytes();
        let bytes = |payload: u32| f64::from(payload) * f64::from(load.buffer_seconds) + key;
        let sizes = load.payloads.iter().map(|size| (bytes(size.bytes), size.share * records)).collect();
        Self {
            shard_hours: f64::from(shards) * HOURS_PER_MONTH,
            sizes,
            gb: records * need.bytes_per_record / GB,
            seconds,
        }
    }

    /// All records in units of so many bytes, each begun one counted.
    fn units(&self, bytes: f64) -> f64 {
        self.sizes.iter().map(|(size, records)| (size / bytes).ceil() * records).sum()
    }

    /// What is held that is older than `from` and younger than `to` hours, on average over the month.
    fn gb_held(&self, from: u32, to: u32, retention: u32) -> f64 {
        let hours = retention.min(to).saturating_sub(from);
        self.gb / HOURS_PER_MONTH * f64::from(hours)
    }
}

fn provisioned(load: &Load, used: &Used, prices: &Prices) -> Vec<Line> {
    let price = &prices.kinesis.provisioned;
    let fan_out = f64::from(if load.reading == Reading::FanOut { load.consumers } else { 0 });
    let kept_longer = f64::from(u8::from(load.retention_hours > DAY_HOURS));
    let units = used.units(PUT_UNIT_BYTES) / MILLION;
    vec![
        line("shards", used.shard_hours, "shard-hours", price.per_shard_hour),
        line("puts", units, "million units of 25 KB", price.per_million_put_units),
        line(
            "retention of up to 7 days",
            used.shard_hours * kept_longer,
            "shard-hours",
            price.per_shard_hour_of_extended_retention,
        ),
        long_term(load, used, price.per_gb_month_of_long_term_retention),
        line(
            "enhanced fan-out",
            used.shard_hours * fan_out,
            "consumer-shard-hours",
            price.per_consumer_shard_hour_of_fan_out,
        ),
        line("read by enhanced fan-out", used.gb * fan_out, "GB", price.per_gb_of_fan_out),
    ]
}

fn on_demand(load: &Load, used: &Used, prices: &Prices) -> Vec<Line> {
    let price = &prices.kinesis.on_demand;
    let gb_in = used.units(ON_DEMAND_ROUND_BYTES) * ON_DEMAND_ROUND_BYTES / GB;
    let gb_out = used.gb * f64::from(load.consumers);
    let (out, per_gb) = match load.reading {
        Reading::Shared => ("read", price.per_gb_out),
        Reading::FanOut => ("read by enhanced fan-out", price.per_gb_of_fan_out),
    };
    vec![
        line("stream", HOURS_PER_MONTH, "stream-hours", price.per_stream_hour),
        line("put, each record rounded up to 1 KB", gb_in, "GB", price.per_gb_in),
        line(out, gb_out, "GB", per_gb),
        line(
            "retention of up to 7 days",
            used.gb_held(DAY_HOURS, WEEK_HOURS, load.retention_hours),
            "GB-months",
            price.per_gb_month_of_extended_retention,
        ),
        long_term(load, used, price.per_gb_month_of_long_term_retention),
    ]
}

fn long_term(load: &Load, used: &Used, price: f64) -> Line {
    let held = used.gb_held(WEEK_HOURS, u32::MAX, load.retention_hours);
    line("retention of over 7 days", held, "GB-months", price)
}

fn broker(load: &Load, used: &Used, prices: &Prices) -> Vec<Line> {
    if load.ingest == Ingest::Put {
        return Vec::new();
    }
    let price = &prices.iot;
    let units = used.units(IOT_UNIT_BYTES) / MILLION;
    // What goes by a rule's own topic is no message.
    let published = if load.ingest == Ingest::Rule { units } else { 0.0 };
    let delivered = f64::from(load.producers) * load.boards.delivered_per_producer_second;
    let boards = (load.boards.published_per_second + delivered) * used.seconds / MILLION;
    let messages = published + boards;
    let minutes = f64::from(load.producers) * used.seconds / 60.0 / MILLION;
    let cost = Tier::cost(&price.messages, messages);
    let share = |some: f64| if messages > 0.0 { cost * some / messages } else { 0.0 };
    vec![
        line("riders connected", minutes, "million minutes", price.per_million_connection_minutes),
        Line {
            name: "messages from riders",
            quantity: published,
            unit: "million messages",
            cost: share(published),
        },
        Line { name: "boards to riders", quantity: boards, unit: "million messages", cost: share(boards) },
        line("rules triggered", units, "million", price.per_million_rules_triggered),
        line("actions of rules", units, "million", price.per_million_actions),
    ]
}

fn line(name: &'static str, quantity: f64, unit: &'static str, price: f64) -> Line {
    Line { name, quantity, unit, cost: quantity * price }
}
