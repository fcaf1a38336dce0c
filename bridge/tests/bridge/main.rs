//! Whole bridges in one process, on real pseudo-terminals, read over real WebSockets.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod any_bytes;
mod capture;
mod detect;
mod drivers;
mod endure;
mod https;
mod kiosk;
mod offline;
mod program;
mod rig;
mod sensor;
mod server;
mod wire;
