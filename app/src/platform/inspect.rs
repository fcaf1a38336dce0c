//! What only the browser can tell, for the service menu.

use js_sys::{ArrayBuffer, JSON, Reflect, WebAssembly};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::fetch::fetch;
use super::{document, fullscreen, wake_lock, worker};
use crate::state::service::Inspection;

/// Asks for everything. `bridge`: the page comes from a bridge, which can tell of itself.
pub async fn inspect(bridge: bool) -> Inspection {
    let navigator = web_sys::window().map(|window| window.navigator());
    let agent = navigator.as_ref().and_then(|navigator| navigator.user_agent().ok());
    let languages = navigator.as_ref().map(|navigator| navigator.languages().join(", "));
    Inspection {
        config: body("/config.json").await,
        bridge: if bridge { body("/status").await } else { None },
        commit: document::meta("commit"),
        browser: agent.unwrap_or_default(),
        languages: languages.map(String::from).unwrap_or_default(),
        screen: screen().unwrap_or_default(),
        storage: storage().await,
        worker: worker::version().await,
        memory: memory(),
        full_screen: fullscreen::is_on(),
        awake: wake_lock::is_held(),
    }
}

/// A JSON document with a line for each value.
async fn body(path: &str) -> Option<String> {
    let text = fetch(path, None).await.filter(|answer| answer.status == 200)?.text;
    let value = JSON::parse(&text).ok()?;
    JSON::stringify_with_replacer_and_space(&value, &JsValue::NULL, &2.into()).ok().map(String::from)
}

fn screen() -> Option<String> {
    let window = web_sys::window()?;
    let size = |value: Result<JsValue, JsValue>| value.ok()?.as_f64();
    let (width, height) = (size(window.inner_width())?, size(window.inner_height())?);
    let density = window.device_pixel_ratio();
    Some(
        [
            &whole(width).to_string(),
            " × ",
            &whole(height).to_string(),
            " · ",
            &whole(density * 100.0).to_string(),
            " %",
        ]
        .concat(),
    )
}

/// Through `Reflect`, for not every browser has it, and none has it without TLS.
async fn storage() -> Option<(u64, u64)> {
    let navigator = web_sys::window()?.navigator();
    let manager = Reflect::get(&navigator, &"storage".into()).ok().filter(JsValue::is_object)?;
    let manager: web_sys::StorageManager = manager.unchecked_into();
    let estimate = JsFuture::from(manager.estimate().ok()?).await.ok()?;
    let number = |name: &str| Reflect::get(&estimate, &name.into()).ok()?.as_f64().map(whole);
    Some((number("usage")?, number("quota")?))
}

fn memory() -> u64 {
    let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    memory.buffer().unchecked_into::<ArrayBuffer>().byte_length().into()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are not negative, and fit"
)]
fn whole(value: f64) -> u64 {
    value.round() as u64
}
