//! Simulated riders: each its own MQTT session over a WebSocket, on the session code of the page.
//!
//! [`run`] is the whole program; `main.rs` only parses, logs and prints.

pub mod config;
mod field;
pub mod hub;
mod model;
mod report;
mod rider;

pub use field::run;
pub use model::RiderModel;
pub use report::Report;
