//! Retained messages in memory: a dozen boards, which only the hub itself publishes.

use std::collections::HashMap;
use std::sync::RwLock;
use std::time::Duration;

use alleycat_mqtt::matches;
use async_trait::async_trait;
use rmqtt::Result;
use rmqtt::retain::RetainStorage;
use rmqtt::types::{Retain, TopicFilter, TopicName};

#[derive(Default)]
pub(super) struct Retained {
    messages: RwLock<HashMap<TopicName, Retain>>,
}

#[async_trait]
impl RetainStorage for Retained {
    fn enable(&self) -> bool {
        true
    }

    fn need_sync(&self) -> bool {
        false
    }

    async fn set(&self, topic: &TopicName, retain: Retain, _expiry: Option<Duration>) -> Result<()> {
        let mut messages = self.messages.write().expect("no holder of this lock panics");
        if retain.publish.payload.is_empty() {
            messages.remove(topic);
        } else {
            messages.insert(topic.clone(), retain);
        }
        Ok(())
    }

    async fn get(&self, filter: &TopicFilter) -> Result<Vec<(TopicName, Retain)>> {
        let messages = self.messages.read().expect("no holder of this lock panics");
        let matching = messages.iter().filter(|(topic, _)| matches(topic, filter));
        Ok(matching.map(|(topic, retain)| (topic.clone(), retain.clone())).collect())
    }

    async fn count(&self) -> isize {
        let messages = self.messages.read().expect("no holder of this lock panics");
        isize::try_from(messages.len()).unwrap_or(isize::MAX)
    }

    async fn max(&self) -> isize {
        self.count().await
    }
}
