//! What reads bikes in the browser: a WebAssembly module of its own, loaded when it is wanted.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::window;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn import(path: &str) -> Result<Promise, JsValue>;

    /// The loaded module.
    #[derive(Clone, Debug)]
    pub type Reader;
    #[wasm_bindgen(method, catch, js_name = default)]
    fn start(this: &Reader, options: &Object) -> Result<Promise, JsValue>;
    /// The serial protocols, as a JSON list of name and bikes.
    #[wasm_bindgen(method)]
    pub fn drivers(this: &Reader) -> String;
    #[wasm_bindgen(method, getter, js_name = Source)]
    fn sources(this: &Reader) -> Sources;

    type Sources;
    #[wasm_bindgen(method)]
    fn usb(this: &Sources, driver: &str, ask: bool, hear: &Function) -> Source;
    #[wasm_bindgen(method)]
    fn bluetooth(this: &Sources, ask: bool, hear: &Function) -> Source;

    /// An open source.
    pub type Source;
    /// Does not wait any longer, if it is waiting.
    #[wasm_bindgen(method)]
    pub fn hurry(this: &Source);
    /// Ends it.
    #[wasm_bindgen(method)]
    pub fn free(this: &Source);
}

/// Loads the module; the same one if it is there already.
///
/// # Errors
/// When it can't be had.
pub async fn load() -> Result<Reader, JsValue> {
    let place = window().and_then(|window| window.document());
    let place = place.and_then(|document| document.query_selector("meta[name=alleycat-bike]").ok().flatten());
    let place = place.ok_or(JsValue::NULL)?;
    let path = |name: &str| place.get_attribute(name).ok_or(JsValue::NULL);
    let reader: Reader = JsFuture::from(import(&path("content")?)?).await?.unchecked_into();
    let options = Object::new();
    Reflect::set(&options, &"module_or_path".into(), &path("data-module")?.into())?;
    JsFuture::from(reader.start(&options)?).await?;
    Ok(reader)
}

/// Whether the browser opens serial ports, and whether it connects to Bluetooth sensors.
pub fn abilities() -> (bool, bool) {
    let navigator = window().map(|window| window.navigator());
    let has = |name: &str| {
        let found = navigator.as_ref().and_then(|navigator| Reflect::get(navigator, &name.into()).ok());
        found.is_some_and(|found| found.is_object())
    };
    (has("serial"), has("bluetooth"))
}

impl Reader {
    /// A serial port; `ask` lets the rider choose it.
    pub fn usb(&self, driver: &str, ask: bool, hear: &Function) -> Source {
        self.sources().usb(driver, ask, hear)
    }

    /// A Bluetooth sensor; `ask` lets the rider choose it.
    pub fn bluetooth(&self, ask: bool, hear: &Function) -> Source {
        self.sources().bluetooth(ask, hear)
    }
}
