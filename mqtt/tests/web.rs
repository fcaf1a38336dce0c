//! The client in a real browser against a real broker, whose address `cargo xtask test` compiles in.
#![cfg(all(target_arch = "wasm32", feature = "web"))]
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::cell::RefCell;
use std::rc::Rc;

use alleycat_mqtt::web::{Client, Setup, Store, StoreError};
use alleycat_mqtt::{Backoff, Bytes, Endpoint, Event, Options, Publish, Qos};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Document, Window};

wasm_bindgen_test_configure!(run_in_browser);

const BROKER: Option<&str> = option_env!("ALLEYCAT_TEST_BROKER");
/// Nobody listens there.
const NOWHERE: &str = "ws://127.0.0.1:9/mqtt";
const LIMIT_MS: u32 = 30_000;

fn broker() -> &'static str {
    BROKER.expect("run `cargo xtask test --only browser`")
}

type Events = Rc<RefCell<Vec<Event>>>;

fn hear() -> (Events, impl Fn(Event) + 'static) {
    let events = Events::default();
    let heard = events.clone();
    (events, move |event| heard.borrow_mut().push(event))
}

/// A name that no other test and no other run uses.
fn unique(name: &str) -> String {
    format!("{name}-{}", js_sys::Math::random())
}

async fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..LIMIT_MS / 10 {
        if done() {
            return;
        }
        TimeoutFuture::new(10).await;
    }
    panic!("in vain: {what}");
}

fn payloads(events: &Events) -> Vec<Bytes> {
    let payload = |event: &Event| match event {
        Event::Message { payload, .. } => Some(payload.clone()),
        _ => None,
    };
    events.borrow().iter().filter_map(payload).collect()
}

fn connections(events: &Events) -> usize {
    events.borrow().iter().filter(|event| matches!(event, Event::Connected { .. })).count()
}

fn page() -> (Window, Document) {
    let window = web_sys::window().unwrap();
    let document = window.document().unwrap();
    (window, document)
}

fn event(name: &str) -> web_sys::Event {
    web_sys::Event::new(name).unwrap()
}

#[wasm_bindgen_test]
async fn every_qos_goes_there_and_back() {
    let (events, tell) = hear();
    let client = Client::connect(broker(), Setup::new(Options::new(unique("every")), 1), tell).unwrap();
    let topic = unique("every");
    client.subscribe(&topic, Qos::ExactlyOnce).unwrap();
    for (payload, qos) in [("0", Qos::AtMostOnce), ("1", Qos::AtLeastOnce), ("2", Qos::ExactlyOnce)] {
        client.publish(Publish::new(topic.clone(), payload, qos)).unwrap();
    }
    until("all three come back and are acknowledged", || {
        payloads(&events).len() == 3 && client.queued() == 0
    })
    .await;
    assert_eq!(payloads(&events), ["0", "1", "2"]);
}

#[wasm_bindgen_test]
async fn what_a_page_left_behind_is_sent_by_the_next_one_and_once() {
    let (name, topic, id) = (unique("store"), unique("left"), unique("id"));
    let (events, tell) = hear();
    let watcher = Client::connect(broker(), Setup::new(Options::new(unique("watcher")), 1), tell).unwrap();
    watcher.subscribe(&topic, Qos::ExactlyOnce).unwrap();
    until("the watcher is there", || connections(&events) == 1).await;

    let setup = async || {
        let store = Store::open(&name).await.unwrap();
        let records = store.records().await.unwrap();
        let count = records.len();
        (
            Setup { store: Some((store.clone(), records)), ..Setup::new(Options::new(id.clone()), 2) },
            store,
            count,
        )
    };
    let (first, store, count) = setup().await;
    assert_eq!(count, 0);
    let offline = Client::connect(NOWHERE, first, |_| {}).unwrap();
    for payload in ["a", "b", "c"] {
        offline.publish(Publish::new(topic.clone(), payload, Qos::ExactlyOnce)).unwrap();
    }
    until("the browser keeps them", || store.is_settled()).await;
    drop((offline, store));

    let (second, store, count) = setup().await;
    assert_eq!(count, 3);
    let online = Client::connect(broker(), second, |_| {}).unwrap();
    online.publish(Publish::new(topic.clone(), "d", Qos::ExactlyOnce)).unwrap();
    until("all are taken", || online.queued() == 0 && store.is_settled()).await;
    until("all have come", || payloads(&events).len() >= 4).await;
    assert_eq!(payloads(&events), ["a", "b", "c", "d"]);
    drop((online, store));
    let (_setup, _store, count) = setup().await;
    assert_eq!(count, 0, "what is acknowledged is not kept");
}

#[wasm_bindgen_test]
async fn one_page_at_a_time_has_a_store() {
    let name = unique("lock");
    let store = Store::open(&name).await.unwrap();
    assert!(matches!(Store::open(&name).await, Err(StoreError::InUse)));
    drop(store);
    Store::open(&name).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_page_without_locks_is_told_so_and_not_of_another_page() {
    // As over plain HTTP, where the browser offers none.
    let navigator = js_sys::Reflect::get(&js_sys::global(), &"navigator".into()).unwrap();
    let navigator = js_sys::Object::try_from(&navigator).unwrap();
    let hidden = js_sys::Object::new();
    js_sys::Reflect::set(&hidden, &"configurable".into(), &true.into()).unwrap();
    assert!(js_sys::Reflect::define_property(navigator, &"locks".into(), &hidden).unwrap());
    let opened = Store::open(&unique("nolocks")).await;
    assert!(js_sys::Reflect::delete_property(navigator, &"locks".into()).unwrap());
    assert!(matches!(opened, Err(StoreError::NoLocks)));
}

/// Goes nowhere at first and then, once told, to the broker; waits a minute between attempts.
fn stranded(backoff: Backoff) -> (Client, Events, Rc<RefCell<&'static str>>) {
    let url = Rc::new(RefCell::new(NOWHERE));
    let asked = url.clone();
    let (events, tell) = hear();
    let options = Options { backoff, ..Options::new(unique("stranded")) };
    let setup = Setup::new(options, 3);
    let endpoints = move |_| std::future::ready(Ok(Endpoint::from(*asked.borrow())));
    (Client::with_endpoints(endpoints, setup, tell).unwrap(), events, url)
}

const PATIENT: Backoff = Backoff { base: 3_600_000, cap: 3_600_000, stable_after: 20_000 };
const EAGER: Backoff = Backoff { base: 50, cap: 50, stable_after: 20_000 };

#[wasm_bindgen_test]
async fn a_network_that_comes_back_is_used_at_once() {
    let (_client, events, url) = stranded(PATIENT);
    until("the attempt fails", || !events.borrow().is_empty()).await;
    url.replace(broker());
    page().0.dispatch_event(&event("online")).unwrap();
    until("connected without waiting for an hour", || connections(&events) == 1).await;
}

#[wasm_bindgen_test]
async fn a_page_that_thaws_asks_and_keeps_a_good_link() {
    let (events, tell) = hear();
    let client = Client::connect(broker(), Setup::new(Options::new(unique("thaw")), 1), tell).unwrap();
    until("connected", || connections(&events) == 1).await;
    let (window, document) = page();
    document.dispatch_event(&event("freeze")).unwrap();
    document.dispatch_event(&event("resume")).unwrap();
    window.dispatch_event(&event("offline")).unwrap();
    window.dispatch_event(&event("pageshow")).unwrap();
    client.publish(Publish::new("after", "x", Qos::AtLeastOnce)).unwrap();
    until("the link works", || client.queued() == 0).await;
    assert!(!events.borrow().iter().any(|event| matches!(event, Event::Disconnected { .. })));
}

#[wasm_bindgen_test]
async fn the_pages_timer_wakes_the_session() {
    let (_client, events, url) = stranded(EAGER);
    let failures = || events.borrow().len();
    until("several attempts", || failures() >= 3).await;
    url.replace(broker());
    until("connected", || connections(&events) == 1).await;
}

#[wasm_bindgen_test]
async fn a_dropped_client_says_goodbye() {
    let topic = unique("will");
    let (events, tell) = hear();
    let watcher = Client::connect(broker(), Setup::new(Options::new(unique("watcher")), 1), tell).unwrap();
    watcher.subscribe(&topic, Qos::AtLeastOnce).unwrap();
    let will = alleycat_mqtt::Will {
        topic: topic.clone(),
        payload: Bytes::from_static(b"lost"),
        qos: Qos::AtLeastOnce,
        retain: false,
    };
    let (mortal, tell) = hear();
    let options = Options { will: Some(will), ..Options::new(unique("mortal")) };
    let client = Client::connect(broker(), Setup::new(options, 1), tell).unwrap();
    until("both are there", || connections(&mortal) == 1 && connections(&events) == 1).await;
    drop(client);
    watcher.publish(Publish::new(topic, "end", Qos::AtLeastOnce)).unwrap();
    until("the end comes", || payloads(&events).last().is_some_and(|payload| payload == "end")).await;
    assert_eq!(payloads(&events), ["end"], "and no will before it");
}
