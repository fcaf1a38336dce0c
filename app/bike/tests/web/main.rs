//! The bike in a real browser, behind interfaces of the browser's kind that have no device behind them.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on stops")]

use std::cell::RefCell;
use std::rc::Rc;

use alleycat_bike::Source;
use alleycat_sensors::ble::emulate::IndoorBike;
use alleycat_shared::Resistance;
use alleycat_shared::message::{SensorMessage, SensorState};
use gloo_timers::future::TimeoutFuture;
use js_sys::Function;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(module = "/tests/web/fake.js")]
extern "C" {
    fn install();
    fn run(script: &str) -> JsValue;
}

/// What the page would hear.
#[derive(Clone, Default)]
struct Page(Rc<RefCell<Vec<SensorMessage>>>);

impl Page {
    fn ear(&self) -> Function {
        let heard = self.0.clone();
        let ear: Closure<dyn FnMut(String)> = Closure::new(move |text: String| {
            heard.borrow_mut().push(serde_json::from_str(&text).unwrap());
        });
        ear.into_js_value().unchecked_into()
    }

    /// Waits until the latest state is this one; returns driver, port and hint.
    async fn state(&self, wanted: SensorState) -> (String, String, String) {
        for _ in 0..800 {
            let last = self.0.borrow().iter().rev().find_map(|message| match message {
                SensorMessage::State { state, driver, port, hint } => {
                    Some((*state, driver.clone(), port.clone(), hint.clone()))
                }
                SensorMessage::Reading(_) => None,
            });
            match last {
                Some((state, driver, port, hint)) if state == wanted => return (driver, port, hint),
                _ => TimeoutFuture::new(10).await,
            }
        }
        panic!("never {wanted:?}: {:?}", self.0.borrow());
    }

    /// The latest reading: cadence and resistance.
    fn reading(&self) -> Option<(f64, Option<f64>)> {
        self.0.borrow().iter().rev().find_map(|message| match message {
            SensorMessage::Reading(reading) => {
                Some((reading.cadence.get(), reading.resistance.map(Resistance::get)))
            }
            SensorMessage::State { .. } => None,
        })
    }

    fn forget(&self) {
        self.0.borrow_mut().clear();
    }
}

/// Waits until a script says true.
async fn until(script: &str) {
    for _ in 0..800 {
        if run(script).is_truthy() {
            return;
        }
        TimeoutFuture::new(10).await;
    }
    panic!("never: {script}");
}

/// A line sensor that speaks in a while, as a board does that has just started anew.
const LINE: &str = "port.say('\\r\\n$BIKE,85.5,40*17\\r\\n$BIKE,85.5,40*17\\r\\n$BIKE,85.5,40*17\\r\\n')";

fn ftms(cadence: f64) -> String {
    let bike = IndoorBike { cadence, level: 20, watts: 150 };
    format!("device.bike.say({:?})", bike.says())
}

#[wasm_bindgen_test]
async fn a_serial_port_is_asked_for_read_and_read_again_after_the_cable_was_out() {
    install();
    let page = Page::default();
    let source = Source::usb("line", true, page.ear());
    let (driver, port, hint) = page.state(SensorState::Waiting).await;
    assert_eq!((driver.as_str(), port.as_str(), hint.as_str()), ("line", "USB 1a86:7523", "usb"));
    assert!(run("port.bauds.length === 1 && port.bauds[0] === 115200").is_truthy());
    run(LINE);
    page.state(SensorState::Live).await;
    assert_eq!(page.reading(), Some((85.5, Some(40.0))));

    run("port.disturb()");
    page.forget();
    run(LINE);
    until("port.readable.locked").await;
    run(LINE);
    TimeoutFuture::new(50).await;
    assert_eq!(page.reading(), Some((85.5, Some(40.0))), "a disturbance is not the end");

    run("port.unplug()");
    assert_eq!(page.state(SensorState::NoPort).await.2, "usb");
    page.forget();
    run("serial.plug()");
    page.state(SensorState::Waiting).await;
    run(LINE);
    page.state(SensorState::Live).await;
    assert_eq!(page.reading(), Some((85.5, Some(40.0))));
    drop(source);
    until("port.readable === null").await;
}

#[wasm_bindgen_test]
async fn after_a_reload_the_port_is_opened_without_a_tap_and_a_busy_one_is_told() {
    install();
    let page = Page::default();
    assert_eq!(
        {
            let _source = Source::usb("line", false, page.ear());
            TimeoutFuture::new(50).await;
            page.state(SensorState::NoPort).await.2
        },
        "unchosen"
    );
    drop(Source::usb("line", true, page.ear()));
    until("serial.allowed").await;
    until("port.readable === null").await;
    run("port.busy = true");
    let page = Page::default();
    let source = Source::usb("line", false, page.ear());
    page.state(SensorState::Busy).await;
    run("port.busy = false");
    source.hurry();
    page.state(SensorState::Waiting).await;
    run(LINE);
    page.state(SensorState::Live).await;
    drop(source);
}

#[wasm_bindgen_test]
async fn a_bike_that_is_asked_gets_its_questions() {
    install();
    let page = Page::default();
    let source = Source::usb("peloton", true, page.ear());
    page.state(SensorState::Waiting).await;
    assert!(run("port.bauds[0] === 19200").is_truthy());
    // The first request for the cadence: F5 41 36 F6.
    until("port.written.join().includes('245,65,54,246')").await;
    drop(source);
    until("port.readable === null").await;
}

#[wasm_bindgen_test]
async fn a_bluetooth_bike_is_read_by_its_own_range_and_found_again() {
    install();
    let page = Page::default();
    let source = Source::bluetooth(true, page.ear());
    assert_eq!(page.state(SensorState::Waiting).await.1, "Fake bike");
    until("device.bike.notifying").await;
    run(&ftms(90.0));
    page.state(SensorState::Live).await;
    assert_eq!(page.reading(), Some((90.0, Some(40.0))), "level 20 of 50");

    run("device.leave()");
    let (.., hint) = page.state(SensorState::NoPort).await;
    assert_eq!(hint, "bluetooth");
    run("device.near = true");
    source.hurry();
    until("device.bike.notifying").await;
    run(&ftms(80.0));
    page.state(SensorState::Live).await;
    assert_eq!(page.reading(), Some((80.0, Some(40.0))));
    drop(source);

    // After a reload, where the browser remembers devices.
    let page = Page::default();
    run("device.bike.notifying = false");
    let source = Source::bluetooth(false, page.ear());
    until("device.bike.notifying").await;
    run(&ftms(70.0));
    page.state(SensorState::Live).await;
    assert_eq!(page.reading(), Some((70.0, Some(40.0))));
    drop(source);
}

#[wasm_bindgen_test]
async fn a_device_that_tells_nothing_of_use_says_so() {
    install();
    run("device.services = {}");
    let page = Page::default();
    let source = Source::bluetooth(true, page.ear());
    for _ in 0..800 {
        if page.state(SensorState::NoPort).await.2 == "strange" {
            drop(source);
            return;
        }
        TimeoutFuture::new(10).await;
    }
    panic!("{:?}", page.0.borrow());
}

#[wasm_bindgen_test]
async fn a_browser_that_does_not_allow_it_is_not_taken_for_a_rider_who_chose_nothing() {
    install();
    for (error, state) in [("SecurityError", SensorState::Refused), ("NotFoundError", SensorState::NoPort)] {
        let fail = format!("() => Promise.reject(new DOMException('no', '{error}'))");
        run(&format!("(serial.requestPort = {fail}, bluetooth.requestDevice = {fail}, true)"));
        let page = Page::default();
        let source = Source::usb("line", true, page.ear());
        TimeoutFuture::new(50).await;
        page.state(state).await;
        drop(source);
        let page = Page::default();
        let source = Source::bluetooth(true, page.ear());
        TimeoutFuture::new(50).await;
        page.state(state).await;
        drop(source);
    }
}

#[wasm_bindgen_test]
fn what_can_be_chosen_is_listed_for_people() {
    let drivers: Vec<(String, String)> = serde_json::from_str(&alleycat_bike::drivers()).unwrap();
    assert!(drivers.contains(&("kettler".into(), "A Kettler ergometer".into())), "{drivers:?}");
    assert!(drivers.iter().all(|(name, _)| name != "monark" && name != "ant"));
}
