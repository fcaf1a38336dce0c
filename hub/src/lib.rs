//! The hub: runs every race exactly, publishes the boards, serves the page and the API, on one port.
//!
//! [`Hub::start`] takes a listener that is already bound, so that tests run whole hubs in one process;
//! `main.rs` only parses, logs and waits for the signal to end.
#![forbid(unsafe_code)]

#[cfg(test)]
mod any_bytes;
mod api;
mod archive;
mod boards;
mod broker;
pub mod config;
mod connections;
pub mod doctor;
mod embedded;
mod export;
mod health;
mod host;
mod hub;
mod identity;
mod journal;
mod limits;
mod metrics;
mod page;
mod pairings;
pub mod plan;
mod races;
#[cfg(test)]
mod rig;
mod route;
mod serve;
pub mod store;
#[cfg(feature = "kinesis")]
mod stream;
mod time;
mod tls;

pub use config::{Config, ConfigError};
pub use hub::{Hub, StartError};
pub use route::{RouteError, RulesCommand, rehearse};
pub use tls::TlsError;
