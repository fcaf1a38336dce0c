//! Whole hubs in one process, spoken to in raw bytes over real WebSockets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod api;
mod archive;
mod bad_input;
mod crash;
mod disk;
mod foreign;
mod host;
mod hostile;
mod mqtt;
mod mqtt_url;
mod pair;
mod privacy;
mod program;
mod read_only;
mod rides;
mod rig;
mod rules;
mod rules_again;
mod tls;
mod verdicts;
