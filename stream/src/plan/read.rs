//! What reading takes of the shards.

use serde::Serialize;

use super::latency::poll_ms;
use super::load::{Load, Reading};
use super::place::Placement;
use crate::quota::{FAN_OUT_CONSUMERS, SHARD_READ_BYTES_PER_SECOND};

/// What reading takes.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reads {
    /// How often a consumer may ask each shard; absent where it is pushed to.
    pub poll_ms: Option<f64>,
    /// What of the fullest shard's rate of reading all consumers take together, 1 for all; with fan-out, each.
    pub use_of_bytes: f64,
    /// The most consumers that this way of reading carries at this load.
    pub consumers_at_most: u32,
    /// How long a consumer that was away for a minute takes until it is up to date; absent if it never is.
    pub catch_up_of_a_minute_seconds: Option<f64>,
    /// Whether all of this is enough for the consumers that were asked for.
    pub enough: bool,
}

/// How late polling may get before more consumers are too many, in ms: they would read less than once a second.
const POLL_AT_MOST_MS: f64 = 1_000.0;

impl Reads {
    /// Of a load on shards that it falls on as `placement` says.
    pub fn of(load: &Load, placement: &Placement) -> Self {
        let limit = f64::from(SHARD_READ_BYTES_PER_SECOND);
        let one =
            placement.shards.iter().map(|shard| shard.bytes_per_second_mean).fold(0.0, f64::max) / limit;
        let consumers = f64::from(load.consumers);
        let (use_of_bytes, room, most) = match load.reading {
            Reading::FanOut => (one, 1.0 - one, FAN_OUT_CONSUMERS),
            Reading::Shared => {
                let most = (1..).take_while(|&n| poll_ms(n) <= POLL_AT_MOST_MS && f64::from(n) * one <= 1.0);
                (consumers * one, 1.0 / consumers - one, most.last().unwrap_or(0))
            }
        };
        Self {
            poll_ms: (load.reading == Reading::Shared).then(|| poll_ms(load.consumers)),
            use_of_bytes,
            consumers_at_most: most,
            catch_up_of_a_minute_seconds: (room > 0.0).then(|| 60.0 * one / room),
            enough: load.consumers <= most && room > 0.0,
        }
    }
}
