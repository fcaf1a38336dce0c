//! `/config.json`: what the page asks for before anything else. Nothing is compiled into the page.

use serde::{Deserialize, Serialize};

use crate::ClassId;
use crate::topic::{PUBLISH_ROOT, SUBSCRIBE_ROOT};

/// The hub's port unless configured otherwise.
pub const HUB_PORT: u16 = 8080;
/// The bridge's port unless configured otherwise.
pub const BRIDGE_PORT: u16 = 8765;
/// Path of MQTT over WebSocket on the hub.
pub const MQTT_PATH: &str = "/mqtt";
/// Where a hub signs addresses of AWS IoT Core.
pub const MQTT_URL_PATH: &str = "/api/mqtt-url";
/// Path of the sensor's readings on the bridge.
pub const SENSOR_PATH: &str = "/sensor";

/// The whole of `/config.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PageConfig {
    /// How to reach the broker.
    pub mqtt: MqttConfig,
    /// How to reach the bike's bridge.
    pub sensor: SensorConfig,
    /// The classes to choose from.
    pub classes: Vec<Class>,
    /// The length of a race in seconds.
    pub race_seconds: u16,
    /// How long after a race its result becomes official, in seconds.
    pub grace_seconds: u16,
    /// Whether riders need a token.
    pub auth: Auth,
}

/// How to reach the broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MqttConfig {
    /// A WebSocket address, or a path on the page's own host such as `/mqtt`.
    pub url: String,
    /// Where to ask for the address before each attempt instead, for a broker that wants a signed one: a path
    /// on the page's own host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_from: Option<String>,
    /// Root of the topics that riders publish to.
    pub publish: String,
    /// Root of the topics that the hub publishes to.
    pub subscribe: String,
}

/// How to reach the bike's bridge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SensorConfig {
    /// A WebSocket address, or a path on the page's own host such as `/sensor`.
    pub url: String,
}

/// One class as riders see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Class {
    /// The class.
    pub id: ClassId,
    /// Its name on the screen.
    pub name: String,
}

/// Whether riders need a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// Joining hands out a token, which is the MQTT password.
    Token,
    /// Anybody may ride as anybody: for demos.
    Open,
}

impl Default for MqttConfig {
    fn default() -> Self {
        Self {
            url: MQTT_PATH.to_owned(),
            url_from: None,
            publish: PUBLISH_ROOT.to_owned(),
            subscribe: SUBSCRIBE_ROOT.to_owned(),
        }
    }
}

/// The six classes with their names.
pub fn classes() -> Vec<Class> {
    const NAMES: [&str; 6] = [
        "Cobblestone Courier",
        "Bridge to Bridge",
        "Hill Street Repeats",
        "Night Market Dash",
        "Canal Towpath Tempo",
        "Last Train Home",
    ];
    ClassId::all().zip(NAMES).map(|(id, name)| Class { id, name: name.to_owned() }).collect()
}
