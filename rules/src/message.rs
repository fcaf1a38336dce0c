//! A message as rules see it.

use std::cell::OnceCell;

use serde_json::Value;
use uuid::Uuid;

/// A message that a broker has accepted.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The payload: any bytes.
    pub payload: &'a [u8],
    /// Who published it, if it came over MQTT.
    pub client_id: Option<&'a str>,
    /// Names the message in logs and in error messages.
    pub trace_id: Uuid,
    /// When it arrived, epoch ms.
    pub at: u64,
}

/// What expressions are evaluated against: a message whose payload is parsed when somebody asks for it.
pub(crate) struct Scope<'a, 'c> {
    pub(crate) message: Message<'a>,
    json: OnceCell<Option<Value>>,
    chance: &'c mut dyn FnMut() -> Uuid,
}

impl<'a, 'c> Scope<'a, 'c> {
    pub(crate) fn new(message: Message<'a>, chance: &'c mut dyn FnMut() -> Uuid) -> Self {
        Self { message, json: OnceCell::new(), chance }
    }

    /// The payload as JSON, if it is that. Objects of more than 128 levels are not.
    pub(crate) fn json(&self) -> Option<&Value> {
        self.json.get_or_init(|| serde_json::from_slice(self.message.payload).ok()).as_ref()
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        (self.chance)()
    }
}
