//! Cost against latency, as senders hold back longer.

use serde::Serialize;

use super::bill::{Bill, Mode};
use super::load::Load;
use super::price::Prices;
use super::sample::Arrival;
use super::{Enough, Plan};

/// What a buffer of some seconds comes to.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// What a message holds.
    pub buffer_seconds: u16,
    /// What the stream needs then.
    pub shards: u32,
    /// How late a second is read, on average.
    pub latency_mean_ms: f64,
    /// The same at worst.
    pub latency_worst_ms: f64,
    /// By the shard, if there are prices.
    pub provisioned_per_month: Option<f64>,
    /// By traffic, if there are prices.
    pub on_demand_per_month: Option<f64>,
}

/// Buffers that are tried.
pub const CURVE_BUFFERS: [u16; 7] = [1, 2, 3, 5, 10, 15, 30];

/// The same load with other buffers, each on the shards that it needs then. Buffers with which no number of shards
/// would do, or whose records are too large, are left out.
pub fn curve(load: &Load, prices: Option<&Prices>, mut key: impl FnMut(&Arrival) -> String) -> Vec<Point> {
    let mut points = Vec::new();
    for buffer_seconds in CURVE_BUFFERS {
        let load = Load { buffer_seconds, shards: None, ..load.clone() };
        if load.check().is_err() {
            continue;
        }
        let (plan, _) = Plan::of(&load, &mut key);
        let Enough::Shards { shards } = plan.need.with_these_keys else { continue };
        let cost = |mode| prices.map(|prices| Bill::of(&load, &plan.need, shards, mode, prices).per_month);
        points.push(Point {
            buffer_seconds,
            shards,
            latency_mean_ms: plan.latency.mean_ms,
            latency_worst_ms: plan.latency.worst_ms,
            provisioned_per_month: cost(Mode::Provisioned),
            on_demand_per_month: cost(Mode::OnDemand),
        });
    }
    points
}
