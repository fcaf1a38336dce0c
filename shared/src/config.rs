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

impl PageConfig {
    /// The sockets that the page opens by this configuration: to the broker, and to the bike's bridge.
    pub fn sockets(&self) -> impl Iterator<Item = &str> {
        [self.mqtt.url.as_str(), self.sensor.url.as_str()].into_iter()
    }
}

/// What the page may load and speak to, as a `Content-Security-Policy`: its own host, these sockets, and nobody
/// else. A bare scheme such as `wss:` is any socket of it: for a broker that is not known beforehand.
pub fn content_policy<'a>(sockets: impl IntoIterator<Item = &'a str>) -> String {
    let mut policy = [POLICY, "; connect-src 'self'"].concat();
    for origin in sockets.into_iter().filter_map(origin) {
        policy.extend([" ", origin]);
    }
    policy
}

/// Scheme, host and port of a WebSocket address; `None` for a path, which is on the page's own host, and for
/// what would end the directive.
fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once(':')?;
    let host = rest.strip_prefix("//").map_or(0, |rest| 2 + rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let origin = &url[..scheme.len() + 1 + host];
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]/".contains(c);
    Some(origin).filter(|origin| matches!(scheme, "ws" | "wss") && origin.chars().all(plain))
}

/// Scripts and styles as files only, WebAssembly, pictures and files made by the page itself, no frames.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_speak_to_its_own_host_its_broker_and_its_bridge() {
        let connect = |sockets: &[&str]| {
            let policy = content_policy(sockets.iter().copied());
            policy.split("; ").find_map(|rule| rule.strip_prefix("connect-src ")).map(str::to_owned)
        };
        for (socket, allowed) in [
            ("/mqtt", ""),
            ("ws://localhost:8765/sensor", " ws://localhost:8765"),
            ("wss://broker.example:8084/mqtt?x=1", " wss://broker.example:8084"),
            ("ws://[::1]:8765", " ws://[::1]:8765"),
            ("wss:", " wss:"),
            ("https://elsewhere.example/", ""),
            ("wss://a; script-src https://elsewhere.example", ""),
            ("wss://a b", ""),
        ] {
            assert_eq!(connect(&[socket]), Some(["'self'", allowed].concat()), "{socket}");
        }
        assert_eq!(connect(&["ws://a", "wss://b"]).unwrap(), "'self' ws://a wss://b");
        assert!(!content_policy([]).contains("unsafe-inline") && !content_policy([]).contains("http"));
    }
}
