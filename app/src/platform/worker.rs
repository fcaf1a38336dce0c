//! The service worker, which keeps the page for when the network is down. Only a page that `cargo xtask` has
//! finished names one; where none is named, none of an earlier page may stay.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_timers::callback::{Interval, Timeout};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Event, RegistrationOptions, ServiceWorker, ServiceWorkerContainer, ServiceWorkerRegistration,
    ServiceWorkerState, ServiceWorkerUpdateViaCache,
};

use super::document::meta;

thread_local! {
    static REGISTRATION: RefCell<Option<ServiceWorkerRegistration>> = const { RefCell::new(None) };
}

/// Registers the worker that the page names, and calls `newer` when one with a newer page waits.
pub fn register(newer: impl Fn() + 'static) {
    let Some(container) = container() else { return };
    let newer = Rc::new(newer);
    spawn_local(async move {
        let Some(path) = meta("worker") else { return forget(&container).await };
        let options = RegistrationOptions::new();
        options.set_update_via_cache(ServiceWorkerUpdateViaCache::None);
        let registering = JsFuture::from(container.register_with_options(&path, &options));
        // Refused in a private window, or with a certificate that is not believed: the page works without.
        let Ok(registration) = registering.await else { return };
        let registration: ServiceWorkerRegistration = registration.unchecked_into();
        if registration.waiting().is_some() {
            newer();
        }
        watch(&container, &registration, newer);
        REGISTRATION.set(Some(registration));
        // A page that is up for days is looked for here, and not only when it is loaded.
        Interval::new(EVERY_MS, look).forget();
    });
}

/// Loads the page again: the newer one, if one waits. A race goes on where it was.
pub fn reload() {
    let waiting =
        REGISTRATION.with_borrow(|known| known.as_ref().and_then(ServiceWorkerRegistration::waiting));
    let again = || {
        if let Some(window) = web_sys::window() {
            let _ = window.location().reload();
        }
    };
    match (waiting, container()) {
        (Some(waiting), Some(container)) => {
            listen(&container, "controllerchange", again);
            let _ = waiting.post_message(&TAKE_OVER.into());
            Timeout::new(PATIENCE_MS, again).forget();
        }
        _ => again(),
    }
}

/// Which page the worker keeps: the names of its caches.
pub async fn version() -> Option<String> {
    let caches = web_sys::window()?.caches().ok()?;
    let names: js_sys::Array = JsFuture::from(caches.keys()).await.ok()?.unchecked_into();
    let ours = names.iter().filter_map(|name| name.as_string()?.strip_prefix(CACHE).map(str::to_owned));
    let ours = ours.collect::<Vec<_>>().join(" ");
    Some(ours).filter(|ours| !ours.is_empty())
}

fn watch(
    container: &ServiceWorkerContainer,
    registration: &ServiceWorkerRegistration,
    newer: Rc<impl Fn() + 'static>,
) {
    let (container, known) = (container.clone(), registration.clone());
    listen(registration, "updatefound", move || {
        let Some(installing) = known.installing() else { return };
        let (worker, container, newer) = (installing.clone(), container.clone(), newer.clone());
        listen(&installing, "statechange", move || {
            // The first worker of all is no news.
            if ServiceWorker::state(&worker) == ServiceWorkerState::Installed
                && container.controller().is_some()
            {
                newer();
            }
        });
    });
}

fn look() {
    let registration = REGISTRATION.with_borrow(Clone::clone);
    if let Some(Ok(update)) = registration.map(|registration| registration.update()) {
        // Without a network there is nothing newer.
        spawn_local(async move { drop(JsFuture::from(update).await) });
    }
}

async fn forget(container: &ServiceWorkerContainer) {
    let Ok(all) = JsFuture::from(container.get_registrations()).await else { return };
    for registration in all.unchecked_into::<js_sys::Array>().iter() {
        if let Ok(gone) = registration.unchecked_into::<ServiceWorkerRegistration>().unregister() {
            let _ = JsFuture::from(gone).await;
        }
    }
}

/// `None` where the page came without TLS from another machine: browsers have no workers there.
fn container() -> Option<ServiceWorkerContainer> {
    let navigator = web_sys::window()?.navigator();
    let container = js_sys::Reflect::get(&navigator, &"serviceWorker".into()).ok()?;
    Some(container).filter(JsValue::is_object).map(JsCast::unchecked_into)
}

/// For as long as the page lives.
fn listen(target: &web_sys::EventTarget, name: &str, heard: impl Fn() + 'static) {
    let listener = Closure::<dyn FnMut(Event)>::new(move |_| heard());
    let _ = target.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
    listener.forget();
}

/// What the worker understands: see `xtask/src/worker.js`.
const TAKE_OVER: &str = "take over";
const CACHE: &str = "alleycat-page-";
const PATIENCE_MS: u32 = 3_000;
const EVERY_MS: u32 = 3_600_000;
