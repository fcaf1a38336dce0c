//! A page without an MQTT client, which hears what it says itself. It can't race: `cargo xtask bench size`
//! builds it to tell what the client weighs in the page.

use std::rc::Rc;

use alleycat_shared::config::MqttConfig;
use alleycat_shared::message::RaceMessage;
use alleycat_shared::topic::Topic;

use super::wire;
use crate::state::service::{Delivery, Word};
use crate::state::{Input, Rider};

#[derive(Clone)]
pub(super) struct Broker {
    config: MqttConfig,
    tell: Rc<dyn Fn(Input)>,
}

impl Broker {
    pub(super) fn connect(config: MqttConfig, _: Option<&Rider>, tell: impl Fn(Input) + 'static) -> Self {
        Self { config, tell: Rc::new(tell) }
    }

    pub(super) fn renew(&self, _: Option<&Rider>) -> bool {
        false
    }

    pub(super) fn publish(&self, message: RaceMessage) {
        let name = wire::name(&self.config, Topic::Publish(Some(message.racer_id)));
        (self.tell)(wire::read(&self.config, &name, &message.to_json(), false));
        (self.tell)(Input::Service(Word::Published(Box::new(message), Delivery::Failed)));
    }

    pub(super) fn tell_sent(&self) {}

    pub(super) fn retire(&self) {
        (self.tell)(Input::LinkDown { retry_at: None });
    }

    pub(super) fn unsent(&self) -> usize {
        0
    }

    pub(super) fn has_unsent(&self) -> bool {
        false
    }

    pub(super) fn listen(&self, topics: Vec<Topic>) {
        (self.tell)(if topics.is_empty() { Input::LinkUp } else { Input::LinkRefused });
    }

    pub(super) fn probe(&self) {}
}
