//! An indoor bike in Chromium's own emulation of Bluetooth: to the page it is a device as any other, from the
//! chooser to the last byte. The bytes are written by hand here, and by no code of ours.
//!
//! The emulation answers requests and has no notifications of its own. The test's [`NOTIFY`] stands in for them:
//! it reads the characteristic twice a second, and the browser fires the very event that a notification fires.

use std::collections::VecDeque;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::{Browser, Page};

/// The bike. It answers until it is dropped.
#[derive(Debug)]
pub struct RadioBike {
    value: watch::Sender<Vec<u8>>,
    leave: mpsc::Sender<()>,
    task: JoinHandle<()>,
}

impl RadioBike {
    /// What a browser needs to have Bluetooth on Linux.
    pub const ARGUMENT: &str = "--enable-experimental-web-platform-features";

    /// A bike within reach of the page of this name, with levels from 0 to 50.
    ///
    /// # Errors
    /// When the browser has no emulation.
    pub async fn new(browser: &Browser, name: &str, page: &Page) -> anyhow::Result<Self> {
        page.evaluate(NOTIFY).await?;
        let (value, values) = watch::channel(Vec::new());
        let (leave, mut leaves) = mpsc::channel(1);
        let mut radio = Radio::connect(&browser.devtools_url(name)?).await?;
        radio.begin().await?;
        let task = tokio::spawn(async move {
            if let Err(error) = radio.run(&values, &mut leaves).await {
                eprintln!("the emulated bike has ended: {error:#}");
            }
        });
        Ok(Self { value, leave, task })
    }

    /// The rider pedals at this many rpm at a level of 0 to 50, with this many W.
    pub fn ride(&self, cadence: u8, level: u8, watts: u8) {
        // Flags: cadence, resistance, power. Speed 25.00 km/h, cadence in halves.
        let [low, high] = (2 * u16::from(cadence)).to_le_bytes();
        self.value.send_replace(vec![0x64, 0, 0xc4, 0x09, low, high, level, 0, watts, 0]);
    }

    /// The connection breaks off. The bike stays near.
    ///
    /// # Errors
    /// When the bike has ended.
    pub async fn break_off(&self) -> anyhow::Result<()> {
        self.leave.send(()).await.context("the emulated bike has ended")
    }
}

impl Drop for RadioBike {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The DevTools protocol with the whole browser.
struct Radio {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What came while an answer was waited for.
    events: VecDeque<Value>,
    last: u64,
    /// The page's session.
    page: String,
    /// The characteristic that tells of the ride.
    bike: String,
    chosen: bool,
}

impl Radio {
    async fn connect(url: &str) -> anyhow::Result<Self> {
        let (socket, _) = tokio_tungstenite::connect_async(url).await?;
        let (page, bike) = Default::default();
        Ok(Self { socket, events: VecDeque::new(), last: 0, page, bike, chosen: false })
    }

    /// Switches Bluetooth on, with a bike that is near.
    async fn begin(&mut self) -> anyhow::Result<()> {
        let targets = self.call("Target.getTargets", json!({})).await?;
        let infos = targets["targetInfos"].as_array().context("the browser's targets")?;
        let page = infos.iter().find(|info| info["type"] == "page").context("a page")?["targetId"].clone();
        let session =
            self.call("Target.attachToTarget", json!({ "targetId": page, "flatten": true })).await?;
        session["sessionId"].as_str().context("a session")?.clone_into(&mut self.page);
        let on = json!({ "state": "powered-on", "leSupported": true });
        self.call("BluetoothEmulation.enable", on).await.context("no emulation of Bluetooth")?;
        self.call("DeviceAccess.enable", json!({})).await?;
        let bike = json!({
            "address": ADDRESS,
            "name": NAME,
            "manufacturerData": [],
            "knownServiceUuids": [uuid(FITNESS_MACHINE)],
        });
        self.call("BluetoothEmulation.simulatePreconnectedPeripheral", bike).await.map(drop)
    }

    async fn run(
        &mut self,
        values: &watch::Receiver<Vec<u8>>,
        leaves: &mut mpsc::Receiver<()>,
    ) -> anyhow::Result<()> {
        loop {
            while let Some(event) = self.events.pop_front() {
                self.answer(&event, values).await?;
            }
            tokio::select! {
                message = self.socket.next() => match read(message)? {
                    Some(event) => self.events.push_back(event),
                    None => continue,
                },
                left = leaves.recv() => {
                    left.context("nobody rides any more")?;
                    let bike = json!({ "address": ADDRESS });
                    self.call("BluetoothEmulation.simulateGATTDisconnection", bike).await?;
                }
            }
        }
    }

    async fn answer(&mut self, event: &Value, values: &watch::Receiver<Vec<u8>>) -> anyhow::Result<()> {
        let params = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "DeviceAccess.deviceRequestPrompted" => {
                let device = &params["devices"][0]["id"];
                if device.is_string() && !std::mem::replace(&mut self.chosen, true) {
                    let choice = json!({ "id": params["id"], "deviceId": device });
                    self.call("DeviceAccess.selectPrompt", choice).await?;
                }
            }
            "BluetoothEmulation.gattOperationReceived" => {
                // A broken connection takes the services with it.
                if params["type"] == "connection" {
                    self.serve().await?;
                }
                let done = json!({ "address": ADDRESS, "type": params["type"], "code": 0 });
                self.call("BluetoothEmulation.simulateGATTOperationResponse", done).await?;
            }
            "BluetoothEmulation.characteristicOperationReceived" => {
                let id = &params["characteristicId"];
                let mut done = json!({ "characteristicId": id, "type": params["type"], "code": 0 });
                if params["type"] == "read" {
                    let told = if *id == self.bike.as_str() { values.borrow().clone() } else { RANGE.into() };
                    done["data"] = STANDARD.encode(&told).into();
                }
                self.call("BluetoothEmulation.simulateCharacteristicOperationResponse", done).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A fitness machine with a bike and the range of its levels.
    async fn serve(&mut self) -> anyhow::Result<()> {
        let service = json!({ "address": ADDRESS, "serviceUuid": uuid(FITNESS_MACHINE) });
        let service = self.call("BluetoothEmulation.addService", service).await?["serviceId"].take();
        let bike = self.characteristic(&service, 0x2ad2, json!({ "notify": true, "read": true })).await?;
        // What notifications are switched on with.
        let switch = json!({ "characteristicId": bike, "descriptorUuid": uuid(0x2902) });
        self.call("BluetoothEmulation.addDescriptor", switch).await?;
        self.characteristic(&service, 0x2ad6, json!({ "read": true })).await?;
        bike.as_str().context("a characteristic's id")?.clone_into(&mut self.bike);
        Ok(())
    }

    async fn characteristic(
        &mut self,
        service: &Value,
        number: u16,
        properties: Value,
    ) -> anyhow::Result<Value> {
        let wanted = json!({
            "serviceId": service,
            "characteristicUuid": uuid(number),
            "properties": properties,
        });
        Ok(self.call("BluetoothEmulation.addCharacteristic", wanted).await?["characteristicId"].take())
    }

    /// Sends a command, to the page where the browser as a whole does not know it.
    async fn call(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.last += 1;
        let mut command = json!({ "id": self.last, "method": method, "params": params });
        if method.starts_with("DeviceAccess.") {
            command["sessionId"] = self.page.as_str().into();
        }
        self.socket.send(Message::text(command.to_string())).await?;
        loop {
            let Some(mut message) = read(self.socket.next().await)? else { continue };
            if message["id"] != self.last {
                self.events.push_back(message);
            } else if message["error"].is_null() {
                return Ok(message["result"].take());
            } else {
                bail!("{method}: {}", message["error"]);
            }
        }
    }
}

type Heard = Option<Result<Message, tokio_tungstenite::tungstenite::Error>>;

fn read(message: Heard) -> anyhow::Result<Option<Value>> {
    match message.context("the browser has ended")?? {
        Message::Text(text) => Ok(Some(serde_json::from_str(&text)?)),
        _ => Ok(None),
    }
}

fn uuid(number: u16) -> String {
    format!("0000{number:04x}-0000-1000-8000-00805f9b34fb")
}

/// Twice a second, whatever is subscribed to says what it has to say.
const NOTIFY: &str = "
    const told = [], start = BluetoothRemoteGATTCharacteristic.prototype.startNotifications;
    BluetoothRemoteGATTCharacteristic.prototype.startNotifications = async function () {
        const started = await start.call(this);
        told.push(this);
        return started;
    };
    setInterval(() => told.forEach(one => one.readValue().catch(() => {})), 500);";
const ADDRESS: &str = "09:09:09:09:09:09";
const NAME: &str = "Emulated bike";
const FITNESS_MACHINE: u16 = 0x1826;
/// From 0 to 50 in whole steps.
const RANGE: [u8; 6] = [0, 0, 50, 0, 1, 0];
