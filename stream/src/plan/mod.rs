//! How large a stream a load takes: shards, where keys fall, what is refused, how late it is, what it costs.
//!
//! No IO and no clock. Whoever asks says what is sent ([`Load`]), which partition key a record gets (a function, so
//! that it can be the very template that the rule uses), and, for money, what was read off a price list
//! ([`Prices`]): none is known here. What is sent is played through second by second with a seed; keys are
//! really hashed. Limits are those of [`quota`](crate::quota).

mod bill;
mod curve;
mod latency;
mod load;
mod need;
mod place;
mod price;
mod profile;
mod read;
mod sample;

pub use bill::{Bill, Line, Mode};
pub use curve::{CURVE_BUFFERS, Point, curve};
pub use latency::{Latency, Part};
pub use load::{Boards, Ingest, Load, LoadError, Payload, Reading, Ticks};
pub use need::{Binds, Enough, Need};
pub use place::{Placement, ShardLoad};
pub use price::{PriceError, Prices, Tier};
pub use profile::{Kind, Profile};
pub use read::Reads;
pub use sample::{Arrival, Sample};

#[cfg(test)]
mod tests;

use serde::Serialize;

/// All that follows from a load, but for its cost.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// How many shards the load takes.
    pub need: Need,
    /// What shards take of some kinds of records; the last one is the load's own.
    pub profiles: Vec<Profile>,
    /// Where the records fall, on as many shards as were asked for or are needed.
    pub placement: Placement,
    /// How late a record is read.
    pub latency: Latency,
    /// What reading takes.
    pub reads: Reads,
}

impl Plan {
    /// What follows from a load that was checked ([`Load::check`]), with `key` giving each record's partition key.
    pub fn of(load: &Load, key: impl FnMut(&Arrival) -> String) -> (Self, Sample) {
        let sample = Sample::draw(load, key);
        let need = Need::of(load, &sample);
        let placement = Placement::of(&sample, load.shards.unwrap_or(need.shards));
        let latency = Latency::of(load, &placement);
        let reads = Reads::of(load, &placement);
        let profiles = Profile::all(load, &sample);
        (Self { need, profiles, placement, latency, reads }, sample)
    }
}
