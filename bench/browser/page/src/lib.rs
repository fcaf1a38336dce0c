//! Our side of the benches: each exported function does one job and resolves to the milliseconds it took,
//! from the first message to the last.
#![cfg(target_arch = "wasm32")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use alleycat_mqtt::web::{Client, Heard, Setup, Socket};
use alleycat_mqtt::{Event, Options, Publish, Qos};
use alleycat_shared::message::RaceMessage;
use bytes::BytesMut;
use futures_channel::oneshot;
use mqttbytes::v4;
use wasm_bindgen::prelude::wasm_bindgen;

/// Counts to a number and tells how long that took.
struct Count {
    left: Cell<u32>,
    began: Cell<f64>,
    done: RefCell<Option<oneshot::Sender<f64>>>,
}

impl Count {
    fn to(count: u32) -> (Rc<Self>, oneshot::Receiver<f64>) {
        let (sender, receiver) = oneshot::channel();
        let done = RefCell::new(Some(sender));
        (Rc::new(Self { left: Cell::new(count), began: Cell::new(f64::NAN), done }), receiver)
    }

    fn begin(&self) {
        if self.began.get().is_nan() {
            self.began.set(js_sys::Date::now());
        }
    }

    fn one(&self) {
        self.begin();
        let left = self.left.get().saturating_sub(1);
        self.left.set(left);
        if left == 0
            && let Some(done) = self.done.take()
        {
            let _ = done.send(js_sys::Date::now() - self.began.get());
        }
    }
}

/// Decodes as the hub does, with all checks.
fn decode(payload: &[u8]) {
    let message = RaceMessage::parse(payload).expect("the source sends race messages");
    std::hint::black_box(message);
}

fn options(keep: u32) -> Options {
    let id = format!("bench-{}", js_sys::Math::random());
    Options { queue_count: keep as usize, queue_bytes: usize::MAX, ..Options::new(id) }
}

/// Receives `count` race messages and decodes each.
///
/// # Errors
/// When the client can't be made.
#[wasm_bindgen]
pub async fn receive(url: String, topic: String, count: u32) -> Result<f64, String> {
    let (counted, done) = Count::to(count);
    let hear = move |event| {
        if let Event::Message { payload, .. } = event {
            decode(&payload);
            counted.one();
        }
    };
    let client = Client::connect(url, Setup::new(options(1), 1), hear).map_err(|error| error.to_string())?;
    client.subscribe(&topic, Qos::AtMostOnce).map_err(|error| error.to_string())?;
    done.await.map_err(|error| error.to_string())
}

/// The same by a bare loop of mqttbytes and `serde_json`, without a session.
///
/// # Errors
/// When there is no socket.
#[wasm_bindgen]
pub async fn receive_bare(url: String, topic: String, count: u32) -> Result<f64, String> {
    let (counted, done) = Count::to(count);
    let (opened, open) = oneshot::channel();
    let (opened, buffer) = (RefCell::new(Some(opened)), RefCell::new(BytesMut::new()));
    let hear = move |heard| match heard {
        Heard::Opened => _ = opened.take().map(|opened| opened.send(())),
        Heard::Bytes(bytes) => {
            let mut buffer = buffer.borrow_mut();
            buffer.extend_from_slice(&bytes);
            while let Ok(packet) = v4::read(&mut buffer, 1_000_000) {
                if let v4::Packet::Publish(publish) = packet {
                    decode(&publish.payload);
                    counted.one();
                }
            }
        }
        Heard::Text(_) | Heard::Closed => {}
    };
    let socket = Socket::open(&url, Some("mqtt"), hear).ok_or("no socket")?;
    open.await.map_err(|error| error.to_string())?;
    let mut out = BytesMut::new();
    let connect = v4::Connect::new("bare");
    connect.write(&mut out).map_err(|error| error.to_string())?;
    let mut subscribe = v4::Subscribe::new(&topic, mqttbytes::QoS::AtMostOnce);
    subscribe.pkid = 1;
    subscribe.write(&mut out).map_err(|error| error.to_string())?;
    socket.send(&out);
    done.await.map_err(|error| error.to_string())
}

/// Publishes `count` messages and waits until the last one is acknowledged. QoS 0 ends in one of QoS 1, which
/// tells that all before it have arrived.
///
/// # Errors
/// When the client can't be made or a queue is full.
#[wasm_bindgen]
pub async fn publish(url: String, payload: String, qos: u8, count: u32) -> Result<f64, String> {
    let (counted, done) = Count::to(if qos == 0 { 1 } else { count });
    let (connected, up) = oneshot::channel();
    let connected = RefCell::new(Some(connected));
    let heard = counted.clone();
    let hear = move |event| match event {
        Event::Connected { .. } => _ = connected.take().map(|connected| connected.send(())),
        Event::Acknowledged { .. } => heard.one(),
        _ => {}
    };
    let setup = Setup::new(options(count + 1), 1);
    let client = Client::connect(url, setup, hear).map_err(|error| error.to_string())?;
    up.await.map_err(|error| error.to_string())?;
    counted.begin();
    let send =
        |qos| client.publish(Publish::new("bench", payload.clone(), qos)).map_err(|error| error.to_string());
    for _ in 0..count {
        send(if qos == 0 { Qos::AtMostOnce } else { Qos::AtLeastOnce })?;
    }
    if qos == 0 {
        send(Qos::AtLeastOnce)?;
    }
    done.await.map_err(|error| error.to_string())
}
