//! The messages, one file per family. Readers accept unknown fields; writers send only what is documented.

mod board;
mod field;
mod race;
mod sensor;

pub use board::{AllTime, AllTimeRow, BoardMessage, BoardRow, Neighbour, OwnRecord, RiderMessage};
pub use field::{DIM, DISQUALIFIED, FLAGGED, FieldChanges, FieldMessage, FieldRow, FieldSnapshot, GONE};
pub use race::{Event, MAX_PAYLOAD, RaceMessage, Refusal};
pub use sensor::{LOST_AFTER_MS, Origin, STALE_AFTER_MS, SensorMessage, SensorReading, SensorState};
