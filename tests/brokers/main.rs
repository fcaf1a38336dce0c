//! Our MQTT client against other people's brokers, over links that fail.
#![expect(clippy::print_stdout, reason = "how many runs there were belongs to the report")]
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod cuts;
mod external;
mod faults;
mod hub;
mod quotas;
mod rig;
mod tls;
