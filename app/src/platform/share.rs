//! Text that leaves the page: to the clipboard, or as a file.

use js_sys::encode_uri_component;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlElement;

/// Puts text on the clipboard, then tells whether that worked. A page that came without TLS from another
/// machine may not.
pub fn copy(text: String, told: impl FnOnce(bool) + 'static) {
    let clipboard = web_sys::window().filter(web_sys::Window::is_secure_context);
    let clipboard = clipboard.map(|window| window.navigator().clipboard());
    spawn_local(async move {
        told(match clipboard {
            Some(clipboard) => JsFuture::from(clipboard.write_text(&text)).await.is_ok(),
            None => false,
        });
    });
}

/// Hands text out as a file of this name.
pub fn download(name: &str, text: &str) {
    let address = ["data:text/plain;charset=utf-8,", &String::from(encode_uri_component(text))].concat();
    let anchor = web_sys::window().and_then(|window| window.document()?.create_element("a").ok());
    let Some(anchor) = anchor else { return };
    // Any element takes any attribute.
    let _ = anchor.set_attribute("href", &address);
    let _ = anchor.set_attribute("download", name);
    if let Ok(anchor) = anchor.dyn_into::<HtmlElement>() {
        anchor.click();
    }
}
