//! Web Bluetooth. <https://webbluetoothcg.github.io/web-bluetooth/>

use alleycat_sensors::ble::Characteristic;
use js_sys::{Array, Function, Object, Promise, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use super::{list, object, settled};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["navigator", "bluetooth"], js_name = requestDevice, catch)]
    fn request_device(options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["navigator", "bluetooth"], js_name = getDevices, catch)]
    fn get_devices() -> Result<Promise, JsValue>;

    /// A device that the rider has allowed.
    #[derive(Clone, Debug)]
    pub(crate) type Device;
    #[wasm_bindgen(method, getter)]
    pub(crate) fn id(this: &Device) -> String;
    #[wasm_bindgen(method, getter)]
    fn name(this: &Device) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn gatt(this: &Device) -> Option<Server>;
    #[wasm_bindgen(method, catch, js_name = addEventListener)]
    pub(crate) fn listen(this: &Device, event: &str, listener: &Function) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = removeEventListener)]
    pub(crate) fn unlisten(this: &Device, event: &str, listener: &Function) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = watchAdvertisements)]
    fn watch_advertisements(this: &Device) -> Result<Promise, JsValue>;

    type Server;
    #[wasm_bindgen(method, catch)]
    fn connect(this: &Server) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn disconnect(this: &Server) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = getPrimaryService)]
    fn service(this: &Server, number: u16) -> Result<Promise, JsValue>;

    type Service;
    #[wasm_bindgen(method, catch, js_name = getCharacteristic)]
    fn characteristic(this: &Service, number: u16) -> Result<Promise, JsValue>;

    /// Something that a device tells.
    #[derive(Clone, Debug)]
    pub(crate) type Teller;
    #[wasm_bindgen(method, catch, js_name = readValue)]
    fn read_value(this: &Teller) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = startNotifications)]
    fn start_notifications(this: &Teller) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = addEventListener)]
    fn listen_to(this: &Teller, event: &str, listener: &Function) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = removeEventListener)]
    fn unlisten_to(this: &Teller, event: &str, listener: &Function) -> Result<(), JsValue>;
    #[wasm_bindgen(method, getter)]
    fn value(this: &Teller) -> Option<View>;

    /// A `DataView`.
    type View;
    #[wasm_bindgen(method, getter)]
    fn buffer(this: &View) -> JsValue;
    #[wasm_bindgen(method, getter, js_name = byteOffset)]
    fn offset(this: &View) -> u32;
    #[wasm_bindgen(method, getter, js_name = byteLength)]
    fn length(this: &View) -> u32;
}

/// Lets the rider choose a device that has something to tell. Needs a tap.
pub(crate) async fn ask() -> Result<Device, JsValue> {
    let numbers = || SERVICES.map(JsValue::from);
    let filters = numbers().map(|number| object(&[("services", list([number]))]).into());
    let options = object(&[("filters", list(filters)), ("optionalServices", list(numbers()))]);
    settled(request_device(&options)).await.map(JsCast::unchecked_into)
}

/// The devices that the rider has allowed before; none where the browser forgets them.
pub(crate) async fn allowed() -> Vec<Device> {
    let devices = settled(get_devices()).await.map(|list| Array::from(&list)).unwrap_or_default();
    devices.iter().map(JsCast::unchecked_into).collect()
}

impl Device {
    /// Its name, or its id.
    pub(crate) fn called(&self) -> String {
        self.name().filter(|name| !name.is_empty()).unwrap_or_else(|| self.id())
    }

    /// Connects. It may take for ever: as long as the device is out of reach.
    pub(crate) async fn connect(&self) -> Result<(), JsValue> {
        let server = self.gatt().ok_or(JsValue::NULL)?;
        settled(server.connect()).await.map(drop)
    }

    /// Lets the browser tell when the device is near, if it can.
    pub(crate) fn watch(&self) {
        let watching = self.watch_advertisements();
        wasm_bindgen_futures::spawn_local(async move {
            // Not every browser can, and then the next try comes by itself.
            let _ = settled(watching).await;
        });
    }

    /// Ends the connection.
    pub(crate) fn disconnect(&self) {
        if let Some(server) = self.gatt() {
            let _ = server.disconnect();
        }
    }

    /// What tells this, if the device has it.
    pub(crate) async fn teller(&self, characteristic: Characteristic) -> Option<Teller> {
        let service = settled(self.gatt()?.service(characteristic.service())).await.ok()?;
        let service: Service = service.unchecked_into();
        let teller = settled(service.characteristic(characteristic.number())).await.ok()?;
        Some(teller.unchecked_into())
    }
}

impl Teller {
    /// Reads the present value.
    pub(crate) async fn read(&self) -> Option<Vec<u8>> {
        let view = settled(self.read_value()).await.ok()?;
        Some(view.unchecked_into::<View>().bytes())
    }

    /// The value that a notification has brought.
    pub(crate) fn told(&self) -> Option<Vec<u8>> {
        self.value().map(|view| view.bytes())
    }

    /// Calls the listener at each notification.
    pub(crate) async fn notify(&self, listener: &Function) -> Result<(), JsValue> {
        self.listen_to(CHANGED, listener)?;
        settled(self.start_notifications()).await.map(drop)
    }

    pub(crate) fn silence(&self, listener: &Function) {
        let _ = self.unlisten_to(CHANGED, listener);
    }
}

impl View {
    fn bytes(&self) -> Vec<u8> {
        Uint8Array::new_with_byte_offset_and_length(&self.buffer(), self.offset(), self.length()).to_vec()
    }
}

/// The services that tell a cadence.
const SERVICES: [u16; 3] = [
    Characteristic::IndoorBike.service(),
    Characteristic::Power.service(),
    Characteristic::Cadence.service(),
];
const CHANGED: &str = "characteristicvaluechanged";
