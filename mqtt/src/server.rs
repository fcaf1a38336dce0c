//! MQTT 3.1.1 as a server hears and says it: packets as views of the bytes, nothing copied.
//!
//! Written by hand, because mqttbytes accepts much that a server must close a connection for [MQTT-4.8.0-1]:
//! every packet here is checked against the normative statements that are named beside the checks. Level 3
//! (`MQIsdp`) is read as well: old clients speak it, and what a server hears is the same.

mod read;
mod write;

pub use read::{ClientPacket, Connect, Filters, Protocol, read};
pub use write::{
    Accept, write_answer, write_connack, write_pingresp, write_publish, write_suback, write_unsuback,
};
