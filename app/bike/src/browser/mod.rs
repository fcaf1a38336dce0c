//! The browser's own interfaces, as far as they are needed: web-sys has them among its unstable parts only.

pub(crate) mod bluetooth;
pub(crate) mod clock;
pub(crate) mod memory;
pub(crate) mod serial;

use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// What a promise comes to; a call that throws is one that fails.
pub(crate) async fn settled(promise: Result<Promise, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(promise?).await
}

/// An object of these properties.
fn object(properties: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        // A plain object takes any property.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object
}

/// The name of what went wrong, as `NotFoundError`.
pub(crate) fn name_of(error: &JsValue) -> String {
    let name = Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string());
    name.unwrap_or_default()
}

/// Whether the browser, or who set it up, does not allow it: a rider who chose nothing is no such case.
pub(crate) fn is_refused(error: &JsValue) -> bool {
    matches!(name_of(error).as_str(), "SecurityError" | "NotAllowedError")
}

fn list(values: impl IntoIterator<Item = JsValue>) -> JsValue {
    values.into_iter().collect::<Array>().into()
}
