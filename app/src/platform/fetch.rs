//! Questions over HTTP to the page's own host, with a limit in time.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, RequestInit, Response};

/// An answer: status and text.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub text: String,
}

/// Asks with GET, or with POST if there is a JSON body. `None` if no answer came in time.
pub async fn fetch(path: &str, body: Option<&str>) -> Option<Answer> {
    let init = RequestInit::new();
    init.set_signal(Some(&AbortSignal::timeout_with_u32(LIMIT_MS)));
    init.set_cache(web_sys::RequestCache::NoStore);
    if let Some(body) = body {
        init.set_method("POST");
        init.set_body(&body.into());
        let headers = web_sys::Headers::new().ok()?;
        headers.set("content-type", "application/json").ok()?;
        init.set_headers(&headers);
    }
    ask(path, &init).await.ok()
}

async fn ask(path: &str, init: &RequestInit) -> Result<Answer, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let response: Response = JsFuture::from(window.fetch_with_str_and_init(path, init)).await?.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?;
    Ok(Answer { status: response.status(), text: text.as_string().unwrap_or_default() })
}

const LIMIT_MS: u32 = 8_000;
