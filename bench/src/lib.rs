//! A page that does nothing but MQTT, or, without the feature `mqtt`, nothing: the difference of the two
//! is what the client weighs in a page.
#![cfg(target_arch = "wasm32")]

use wasm_bindgen::prelude::wasm_bindgen;

#[cfg(feature = "mqtt")]
mod page;

/// What every page of ours has anyway: an executor of futures.
#[wasm_bindgen(start)]
pub fn start() {
    wasm_bindgen_futures::spawn_local(async {});
}
