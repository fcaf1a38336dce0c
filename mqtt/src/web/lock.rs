//! A lock that one page of a browser holds at a time.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

/// Held until it is dropped or the page ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    release: Function,
}

impl Lock {
    /// Takes the lock of this name, or `None` if another page holds it all through `patience_ms` or
    /// [there are none](Self::are_offered). A page that was just left may take a moment to let go.
    ///
    /// By the [Web Locks API](https://www.w3.org/TR/web-locks/), which is called by name: `web-sys` counts
    /// it as unstable.
    pub async fn take(name: &str, patience_ms: u32) -> Option<Self> {
        let (outcome, taken) = promise();
        let granted = Closure::once_into_js(move |_lock: JsValue| {
            // The browser keeps the lock until this promise is settled.
            let (release, held) = promise();
            call(&outcome, &release);
            held
        });
        // In vain, the request is rejected and nothing is ever granted.
        let requested = request(name, &granted, patience_ms).ok()?;
        let taken = Promise::race(&js_sys::Array::of2(&taken, &requested));
        let release = JsFuture::from(taken).await.ok()?;
        Some(Self { release: release.dyn_into().ok()? })
    }

    /// Whether the browser offers locks to this page. It does not to one that came over plain HTTP, but for
    /// one of the machine itself.
    pub fn are_offered() -> bool {
        locks().is_ok_and(|locks| locks.is_object())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        call(&self.release, &JsValue::UNDEFINED);
    }
}

fn request(name: &str, granted: &JsValue, patience_ms: u32) -> Result<Promise, JsValue> {
    let locks = locks()?;
    let request: Function = Reflect::get(&locks, &"request".into())?.dyn_into()?;
    let options = Object::new();
    Reflect::set(&options, &"signal".into(), &AbortSignal::timeout_with_u32(patience_ms))?;
    request.call3(&locks, &name.into(), &options, granted)?.dyn_into()
}

fn locks() -> Result<JsValue, JsValue> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into())?;
    Reflect::get(&navigator, &"locks".into())
}

/// A promise with the function that resolves it.
fn promise() -> (Function, Promise) {
    let resolver = Rc::new(RefCell::new(None));
    let kept = resolver.clone();
    let promise = Promise::new(&mut move |resolve, _reject| _ = kept.replace(Some(resolve)));
    (resolver.take().unwrap_or_else(|| Function::new_no_args("")), promise)
}

fn call(function: &Function, value: &JsValue) {
    let _ = function.call1(&JsValue::UNDEFINED, value);
}
