//! Does what the state wants done, and tells it what happened: broker, bridge, HTTP, timers, storage.

mod bridge;
#[cfg(feature = "broker")]
mod broker;
#[cfg(not(feature = "broker"))]
#[path = "no_broker.rs"]
mod broker;
mod driver;
mod http;
mod local;
mod tones;
mod wire;

pub use driver::Driver;
pub(crate) use http::{hand_over, look_up, wish};
