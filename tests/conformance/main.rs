//! What MQTT 3.1.1 demands of a server, asked of the hub's port in raw bytes. `docs/conformance.md` lists the
//! statements with the tests of this folder.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod connect;
mod packet;
mod packets;
mod publish;
mod rig;
mod session;
mod subscribe;
mod table;
mod websocket;
