//! Which device was chosen, from day to day. It may be forbidden, and then the first one that the browser still
//! allows is taken.

use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = localStorage, js_name = getItem, catch)]
    fn get_item(key: &str) -> Result<Option<String>, JsValue>;
    #[wasm_bindgen(js_namespace = localStorage, js_name = setItem, catch)]
    fn set_item(key: &str, value: &str) -> Result<(), JsValue>;
}

pub(crate) fn device(key: &str) -> Option<String> {
    get_item(key).ok().flatten()
}

pub(crate) fn keep(key: &str, device: &str) {
    let _ = set_item(key, device);
}
