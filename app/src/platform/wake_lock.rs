//! Keeping the screen on. Not every browser can, and a refusal never breaks a race.

use std::cell::Cell;

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

thread_local! {
    static WANTED: Cell<bool> = const { Cell::new(false) };
    static HELD: Cell<Option<JsValue>> = const { Cell::new(None) };
}

/// Keeps the screen on from now on, or lets it go dark.
pub fn want(wanted: bool) {
    WANTED.set(wanted);
    if wanted {
        take_again();
    } else if let Some(lock) = HELD.take() {
        let _ = call(&lock, "release", None);
    }
}

/// Takes the lock if it is wanted: the browser drops it whenever the page is hidden.
pub fn take_again() {
    if !WANTED.get() {
        return;
    }
    wasm_bindgen_futures::spawn_local(async {
        if let Some(request) = request()
            && let Ok(lock) = JsFuture::from(request).await
        {
            if let Some(before) = HELD.replace(Some(lock)) {
                let _ = call(&before, "release", None);
            }
            if !WANTED.get() {
                want(false);
            }
        }
    });
}

/// Whether the screen is being kept on now: the browser may have let go of the lock by itself.
pub fn is_held() -> bool {
    let lock = HELD.take();
    let released = lock.as_ref().map(|lock| Reflect::get(lock, &"released".into()));
    HELD.set(lock);
    released.is_some_and(|released| released.is_ok_and(|released| released.is_falsy()))
}

/// Through `Reflect`, for web-sys has the wake lock among its unstable parts only.
fn request() -> Option<Promise> {
    let navigator = web_sys::window()?.navigator();
    let lock = Reflect::get(&navigator, &"wakeLock".into()).ok().filter(JsValue::is_object)?;
    call(&lock, "request", Some(&"screen".into()))?.dyn_into().ok()
}

fn call(this: &JsValue, method: &str, argument: Option<&JsValue>) -> Option<JsValue> {
    let function: Function = Reflect::get(this, &method.into()).ok()?.dyn_into().ok()?;
    match argument {
        Some(argument) => function.call1(this, argument),
        None => function.call0(this),
    }
    .ok()
}
