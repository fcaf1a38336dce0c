//! Does what the state wants done, and tells it what happened: broker, bridge, HTTP, timers, storage.

mod bridge;
mod broker;
mod driver;
mod http;

pub use driver::Driver;
