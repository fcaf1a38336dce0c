//! The messages, one file per family. Readers accept unknown fields; writers send only what is documented.

mod board;
mod race;
mod sensor;

pub use board::{
    AllTime, AllTimeRow, BoardMessage, BoardRow, FieldMessage, Neighbour, OwnRecord, RiderMessage,
};
pub use race::{Event, MAX_PAYLOAD, RaceMessage, Refusal};
pub use sensor::{LOST_AFTER_MS, Origin, STALE_AFTER_MS, SensorMessage, SensorReading, SensorState};
