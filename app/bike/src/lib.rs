//! The bike as the browser itself reads it, over Web Serial or Web Bluetooth: what the bridge does, for a rider
//! without one.
//!
//! A WebAssembly module of its own, which the page loads when a rider wants it: no first load pays for it. The
//! page hears from it the same text frames as from the bridge, so there is one way for the data; but for a hint they
//! have the way that the bike is connected. Protocols and states are those of `alleycat-sensors`.

mod auto;
mod browser;
mod decoders;
mod inner;
mod session;
mod source;
mod way;

pub use source::Source;

use alleycat_sensors::Driver;
use wasm_bindgen::prelude::wasm_bindgen;

/// The serial protocols to choose from, as a JSON list of pairs: the name, the bikes that speak it.
#[wasm_bindgen]
pub fn drivers() -> String {
    let list: Vec<_> =
        decoders::OFFERED.iter().map(|driver: &Driver| (driver.name(), driver.bikes())).collect();
    serde_json::to_string(&list).unwrap_or_default()
}
