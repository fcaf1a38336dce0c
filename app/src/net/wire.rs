//! The race's topics as this hub's broker has them, and what comes on them.

use alleycat_shared::config::MqttConfig;
use alleycat_shared::topic::{PUBLISH_ROOT, SUBSCRIBE_ROOT, Topic};

use crate::state::Input;

/// The topic under the roots that the hub's configuration names.
pub(super) fn name(config: &MqttConfig, topic: Topic) -> String {
    let name = topic.to_string();
    let (root, ours) = match topic {
        Topic::Publish(_) => (PUBLISH_ROOT, &config.publish),
        _ => (SUBSCRIBE_ROOT, &config.subscribe),
    };
    [ours, name.strip_prefix(root).unwrap_or_default()].concat()
}

/// What a message means.
pub(super) fn read(config: &MqttConfig, topic: &str, payload: &[u8], retained: bool) -> Input {
    let ours = match topic.strip_prefix(&config.subscribe) {
        Some(rest) => [SUBSCRIBE_ROOT, rest].concat().parse(),
        None => topic.parse(),
    };
    let read = match ours {
        Ok(Topic::Board(_)) => {
            serde_json::from_slice(payload).map(|board| Input::Board { board, retained }).ok()
        }
        Ok(Topic::Rider(..)) => serde_json::from_slice(payload).map(Input::RiderView).ok(),
        Ok(Topic::Field(_)) => serde_json::from_slice(payload).map(Input::Field).ok(),
        _ => None,
    };
    read.unwrap_or(Input::LinkNonsense)
}
