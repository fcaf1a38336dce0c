//! Milliseconds since the page was opened, by a clock that is never set.

use alleycat_sensors::Millis;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

pub(crate) fn now() -> Millis {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a page's age in ms fits")]
    let now = performance_now() as Millis;
    now
}
