//! Questions over HTTP to the page's own host, with a limit in time.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Headers, RequestInit, Response};

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
    let init = question();
    if let Some(body) = body {
        init.set_method("POST");
        init.set_body(&body.into());
        init.set_headers(&header("content-type", "application/json").ok()?);
    }
    ask(path, &init).await.ok()
}

/// Asks with GET as the holder of a token.
pub async fn fetch_as(path: &str, token: &str) -> Option<Answer> {
    ask(path, &question_as(token)?).await.ok()
}

/// Asks with POST and without a body as the holder of a token.
pub async fn post_as(path: &str, token: &str) -> Option<Answer> {
    let init = question_as(token)?;
    init.set_method("POST");
    ask(path, &init).await.ok()
}

/// Asks with DELETE as the holder of a token.
pub async fn delete_as(path: &str, token: &str) -> Option<Answer> {
    let init = question_as(token)?;
    init.set_method("DELETE");
    ask(path, &init).await.ok()
}

/// Puts a JSON body as the holder of a token.
pub async fn put_as(path: &str, token: &str, body: &str) -> Option<Answer> {
    let init = question();
    let headers = Headers::new().ok()?;
    headers.set("authorization", &["Bearer ", token].concat()).ok()?;
    headers.set("content-type", "application/json").ok()?;
    init.set_headers(&headers.into());
    init.set_method("PUT");
    init.set_body(&body.into());
    ask(path, &init).await.ok()
}

fn question_as(token: &str) -> Option<RequestInit> {
    let init = question();
    init.set_headers(&header("authorization", &["Bearer ", token].concat()).ok()?);
    Some(init)
}

fn question() -> RequestInit {
    let init = RequestInit::new();
    init.set_signal(Some(&AbortSignal::timeout_with_u32(LIMIT_MS)));
    init.set_cache(web_sys::RequestCache::NoStore);
    init
}

fn header(name: &str, value: &str) -> Result<JsValue, JsValue> {
    let headers = Headers::new()?;
    headers.set(name, value)?;
    Ok(headers.into())
}

async fn ask(path: &str, init: &RequestInit) -> Result<Answer, JsValue> {
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let response: Response = JsFuture::from(window.fetch_with_str_and_init(path, init)).await?.dyn_into()?;
    let text = JsFuture::from(response.text()?).await?;
    Ok(Answer { status: response.status(), text: text.as_string().unwrap_or_default() })
}

const LIMIT_MS: u32 = 8_000;
