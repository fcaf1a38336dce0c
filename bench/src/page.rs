//! The client as the race page uses it, behind exported functions: nothing of it can be left out.

use alleycat_mqtt::web::{Client, Setup, Store};
use alleycat_mqtt::{Event, Options, Publish, Qos};
use js_sys::Function;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// A client that keeps its messages in IndexedDB.
#[wasm_bindgen]
pub struct Page(Client);

#[wasm_bindgen]
impl Page {
    /// Connects. `on_message` hears topic and payload, `on_acknowledged` the ticket.
    ///
    /// # Errors
    /// A sentence, for options that can't be sent or a browser without IndexedDB.
    pub async fn connect(
        url: String,
        id: String,
        seed: u64,
        on_message: Function,
        on_acknowledged: Function,
    ) -> Result<Self, String> {
        let store = Store::open(&id).await.map_err(|error| error.to_string())?;
        let records = store.records().await.map_err(|error| error.to_string())?;
        let setup = Setup { store: Some((store, records)), ..Setup::new(Options::new(id), seed) };
        let tell = move |event| {
            // What a handler throws is the handler's.
            let _ = match event {
                Event::Message { topic, payload, .. } => {
                    on_message.call2(&JsValue::NULL, &topic.into(), &payload.to_vec().into())
                }
                Event::Acknowledged { ticket } => on_acknowledged.call1(&JsValue::NULL, &ticket.0.into()),
                _ => Ok(JsValue::NULL),
            };
        };
        Client::connect(url, setup, tell).map(Self).map_err(|error| error.to_string())
    }

    /// Subscribes with QoS 1.
    ///
    /// # Errors
    /// A sentence, for a filter that can't be subscribed to.
    pub fn subscribe(&self, filter: &str) -> Result<(), String> {
        self.0.subscribe(filter, Qos::AtLeastOnce).map_err(|error| error.to_string())
    }

    /// Publishes with QoS 1 and returns the ticket.
    ///
    /// # Errors
    /// A sentence, for a message that can't be sent or a full queue.
    pub fn publish(&self, topic: String, payload: Vec<u8>) -> Result<u64, String> {
        let publish = Publish::new(topic, payload, Qos::AtLeastOnce);
        self.0.publish(publish).map(|ticket| ticket.0).map_err(|error| error.to_string())
    }

    /// Says goodbye.
    pub fn stop(&self) {
        self.0.stop();
    }
}
