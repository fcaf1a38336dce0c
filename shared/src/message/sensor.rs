//! What the bridge tells the page over `/sensor`: states and readings, one JSON object a text frame.

use serde::{Deserialize, Serialize};

use crate::{Cadence, Resistance};

/// Without a frame for this long a reading is stale and no longer counts. In ms.
pub const STALE_AFTER_MS: u64 = 2_000;
/// Without a frame for this long the sensor is lost and nothing is shown. In ms.
pub const LOST_AFTER_MS: u64 = 5_000;

/// What the bridge knows of the bike's sensor. A page that can't reach the bridge has no state at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SensorState {
    /// The device is not there.
    NoPort,
    /// The device is there, opening it is forbidden.
    Refused,
    /// Another program holds the device.
    Busy,
    /// Open, and no valid frame yet.
    Waiting,
    /// A valid frame in the last 2 s.
    Live,
    /// 2 to 5 s without a frame.
    Stale,
    /// Over 5 s without a frame.
    Lost,
    /// Bytes arrive, and no frame among them is valid.
    Garbage,
}

impl SensorState {
    /// All states, for tables and tests.
    pub const ALL: [Self; 8] = [
        Self::NoPort,
        Self::Refused,
        Self::Busy,
        Self::Waiting,
        Self::Live,
        Self::Stale,
        Self::Lost,
        Self::Garbage,
    ];
}

/// Where a resistance comes from: a board may mark or refuse what was not measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A sensor on the brake.
    Measured,
    /// A gear or level of the console, scaled.
    Level,
    /// What the brake was told.
    SetPoint,
    /// Worked out from power and cadence.
    Estimated,
    /// A fixed value from the bridge's configuration: the bike does not tell.
    None,
}

/// One trustworthy reading. It is sent once, when its bytes arrived, and never repeated as if it were new.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SensorReading {
    /// Crank revolutions a minute; 0 is a measured standstill.
    pub cadence: Cadence,
    /// Resistance, or `None` while the bike has not told it yet.
    pub resistance: Option<Resistance>,
    /// Where the resistance comes from.
    pub origin: Origin,
    /// Watts, if the bike tells.
    pub power: Option<f64>,
    /// Beats a minute, if the bike tells.
    pub heart_rate: Option<f64>,
    /// How old the bytes were when this was sent, in ms.
    pub age_ms: u32,
}

/// A text frame on `/sensor`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum SensorMessage {
    /// The sensor's state; sent on connecting and on each change.
    State {
        /// The state.
        state: SensorState,
        /// The protocol that is spoken, for example `peloton`.
        driver: String,
        /// The device's path.
        port: String,
        /// One sentence on what to do, or empty.
        hint: String,
    },
    /// A reading.
    Reading(SensorReading),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_the_documented_shape() {
        let state =
            r#"{"type":"state","state":"no-port","driver":"line","port":"/dev/ttyUSB0","hint":"plug it in"}"#;
        let reading = r#"{"type":"reading","cadence":88.0,"resistance":59.8,"origin":"set-point","power":92.3,"heartRate":null,"ageMs":3}"#;
        for text in [state, reading] {
            let message: SensorMessage = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&message).unwrap(), text);
        }
    }

    #[test]
    fn a_cadence_out_of_range_is_no_reading() {
        let text = r#"{"type":"reading","cadence":251,"resistance":null,"origin":"none","power":null,"heartRate":null,"ageMs":0}"#;
        assert!(serde_json::from_str::<SensorMessage>(text).is_err());
    }
}
