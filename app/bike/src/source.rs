//! A source that stays open: found, read, and opened again until it is ended. Only a Bluetooth device that nobody has
//! chosen is not waited for: without a tap it can't come.

use std::rc::Rc;

use alleycat_sensors::ble::Characteristic;
use alleycat_shared::message::SensorState;
use js_sys::{Function, Object, Promise};
use wasm_bindgen::prelude::{Closure, wasm_bindgen};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::browser::bluetooth::{self, Device, Teller};
use crate::browser::serial::{self, Fault, SerialPort};
use crate::browser::{is_refused, memory};
use crate::inner::Inner;
use crate::session::{Reader, Session};
use crate::way::Way;

/// A bike that the browser reads. What it tells goes to a function, as text frames of the bridge's kind; `free`
/// ends it.
#[wasm_bindgen]
pub struct Source(Rc<Inner>);

#[wasm_bindgen]
impl Source {
    /// A serial port, by a driver's name or `auto`. To ask the rider for one needs a tap; without asking, the
    /// one of the last time is taken.
    pub fn usb(driver: &str, ask: bool, hear: Function) -> Self {
        let inner = Inner::new(Session::new(Reader::usb(driver), Way::Usb), hear);
        spawn_local(usb(inner.clone(), ask));
        Self(inner)
    }

    /// A Bluetooth sensor; asking as above.
    pub fn bluetooth(ask: bool, hear: Function) -> Self {
        let inner = Inner::new(Session::new(Reader::bluetooth(), Way::Bluetooth), hear);
        spawn_local(bluetooth(inner.clone(), ask));
        Self(inner)
    }

    /// Does not wait for the next try, if it is waiting: the page has just woken up.
    pub fn hurry(&self) {
        self.0.hurry();
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.0.end();
    }
}

async fn usb(inner: Rc<Inner>, ask: bool) {
    let (mut chosen, mut refused) = (None, false);
    if ask {
        match serial::ask().await {
            Ok(port) => {
                memory::keep(PORT, &port.name());
                chosen = Some(port);
            }
            // Who has chosen none has the one of the last time.
            Err(error) => refused = is_refused(&error),
        }
    }
    let plugged = listener(&inner, Inner::hurry);
    let _ = serial::listen("connect", plugged.as_ref().unchecked_ref());
    let mut tries = 0;
    while !inner.is_ended() {
        match port(chosen.as_ref()).await {
            Some(port) => {
                inner.identify(port.name());
                match port.start(inner.baud()).await {
                    Ok(()) => {
                        tries = 0;
                        read(&inner, &port).await;
                        // Lets go of the port's streams, or it can't be closed.
                        inner.closed(SensorState::NoPort, Way::Usb);
                        port.end().await;
                    }
                    Err(fault) => inner.closed(state_of(fault), Way::Usb),
                }
                chosen = Some(port);
            }
            None if refused => inner.closed(SensorState::Refused, Way::Usb),
            None => {
                let way = memory::device(PORT).map_or(Way::Unchosen, |_| Way::Usb);
                inner.closed(SensorState::NoPort, way);
            }
        }
        inner.wait(tries).await;
        tries += 1;
    }
    let _ = serial::unlisten("connect", plugged.as_ref().unchecked_ref());
}

/// The port that was chosen, or one that is called as the last one: what was plugged in again may be another
/// object.
async fn port(chosen: Option<&SerialPort>) -> Option<SerialPort> {
    let mut ports = serial::allowed().await;
    let last = memory::device(PORT);
    let same = |port: &SerialPort| chosen.is_some_and(|chosen| Object::is(chosen, port));
    let alike = |port: &SerialPort| last.as_ref().is_none_or(|last| *last == port.name());
    let at = ports.iter().position(same).or_else(|| ports.iter().position(alike))?;
    Some(ports.swap_remove(at))
}

/// Reads an open port until it is gone, or is to be closed.
async fn read(inner: &Rc<Inner>, port: &SerialPort) {
    let mut writer = port.writer();
    while let Some(reader) = port.reader() {
        let closing = reader.clone();
        let close = move || {
            let cancelled = closing.cancel();
            spawn_local(async move {
                // What is gone already can't be cancelled.
                if let Ok(cancelled) = cancelled {
                    let _ = JsFuture::from(cancelled).await;
                }
            });
        };
        match writer.take() {
            Some(writer) => inner.opened(Way::Usb, Some(writer), close),
            None => inner.reopened(close),
        }
        let end = loop {
            match reader.bytes().await {
                Ok(Some(bytes)) => inner.bytes(&bytes),
                Ok(None) => break None,
                Err(fault) => break Some(fault),
            }
        };
        let _ = reader.release();
        // After a disturbance the port has a new stream of bytes.
        if end != Some(Fault::Passing) || inner.is_ended() {
            return;
        }
    }
}

const fn state_of(fault: Fault) -> SensorState {
    match fault {
        Fault::Absent | Fault::Passing => SensorState::NoPort,
        Fault::Busy => SensorState::Busy,
        Fault::Refused => SensorState::Refused,
    }
}

async fn bluetooth(inner: Rc<Inner>, ask: bool) {
    let device = match device(ask).await {
        Ok(Some(device)) => device,
        Err(error) if is_refused(&error) => return inner.closed(SensorState::Refused, Way::Bluetooth),
        Ok(None) | Err(_) => return inner.closed(SensorState::NoPort, Way::Unchosen),
    };
    inner.identify(device.called());
    // Where the browser tells that the device is near again there is no need to wait.
    let near = listener(&inner, Inner::hurry);
    let _ = device.listen("advertisementreceived", near.as_ref().unchecked_ref());
    let mut tries = 0;
    while !inner.is_ended() {
        let mut way = Way::Bluetooth;
        if device.connect().await.is_ok() && !inner.is_ended() {
            tries = 0;
            way = follow(&inner, &device).await;
            device.disconnect();
        } else {
            device.watch();
        }
        inner.closed(SensorState::NoPort, way);
        inner.wait(tries).await;
        tries += 1;
    }
    let _ = device.unlisten("advertisementreceived", near.as_ref().unchecked_ref());
    device.disconnect();
}

/// The device that the rider chooses, or else the one of the last time; without one, why there was none to choose.
async fn device(ask: bool) -> Result<Option<Device>, JsValue> {
    let mut asked = Ok(None);
    if ask {
        match bluetooth::ask().await {
            Ok(device) => {
                memory::keep(DEVICE, &device.id());
                return Ok(Some(device));
            }
            Err(error) => asked = Err(error),
        }
    }
    let last = memory::device(DEVICE);
    let known = bluetooth::allowed().await.into_iter().find(|device| Some(device.id()) == last);
    if known.is_some() { Ok(known) } else { asked }
}

/// Hears a connected device until it is gone; says what to make of that.
async fn follow(inner: &Rc<Inner>, device: &Device) -> Way {
    let mut leave = None;
    let gone = Promise::new(&mut |resolve, _| leave = Some(resolve));
    let Some(leave) = leave else { return Way::Bluetooth };
    let _ = device.listen(GONE, &leave);
    let closing = (device.clone(), leave.clone());
    inner.opened(Way::Bluetooth, None, move || {
        closing.0.disconnect();
        let _ = closing.1.call0(&JsValue::NULL);
    });
    let heard = subscribe(inner, device).await;
    let way = if heard.is_empty() { Way::Strange } else { Way::Bluetooth };
    if !heard.is_empty() {
        let _ = JsFuture::from(gone).await;
    }
    let _ = device.unlisten(GONE, &leave);
    for (teller, listener) in &heard {
        teller.silence(listener.as_ref().unchecked_ref());
    }
    way
}

/// Those who tell, each with its listener.
type Heard = Vec<(Teller, Closure<dyn FnMut()>)>;

/// Reads what is read once, and listens to what is told.
async fn subscribe(inner: &Rc<Inner>, device: &Device) -> Heard {
    let mut heard = Heard::new();
    // The range goes before the levels.
    for characteristic in Characteristic::ALL.into_iter().rev() {
        let Some(teller) = device.teller(characteristic).await else { continue };
        if !characteristic.is_notified() {
            if let Some(value) = teller.read().await {
                inner.bytes(&characteristic.notification(&value));
            }
            continue;
        }
        let (this, told) = (Rc::downgrade(inner), teller.clone());
        let listener: Closure<dyn FnMut()> = Closure::new(move || {
            if let (Some(inner), Some(value)) = (this.upgrade(), told.told()) {
                inner.bytes(&characteristic.notification(&value));
            }
        });
        if teller.notify(listener.as_ref().unchecked_ref()).await.is_ok() {
            heard.push((teller, listener));
        }
    }
    heard
}

fn listener(inner: &Rc<Inner>, act: fn(&Inner)) -> Closure<dyn FnMut()> {
    let this = Rc::downgrade(inner);
    Closure::new(move || {
        if let Some(inner) = this.upgrade() {
            act(&inner);
        }
    })
}

/// Where the devices of the last time are kept.
const PORT: &str = "alleycat.bike.port";
const DEVICE: &str = "alleycat.bike.device";
const GONE: &str = "gattserverdisconnected";
