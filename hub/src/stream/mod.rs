//! The hub as a consumer: races fed by a stream, from all its shards, as if the messages had come by MQTT.
//!
//! A record counts as having come when it arrived in the stream, and races end when everything that arrived
//! before the end of their grace was taken: a consumer that was dead, or a stream that was away, changes no
//! result. How far it is is kept in the commit that keeps its messages.
//!
//! Whoever may put records into the stream is trusted: a record has no topic that would tell its rider.

mod aside;
mod feed;
mod probe;

pub(crate) use feed::{Feed, Source};
pub(crate) use probe::{probe, probe_put};
