//! Web Serial. <https://wicg.github.io/serial/>

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};

use super::{is_refused, name_of, object, settled};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["navigator", "serial"], js_name = requestPort, catch)]
    fn request_port() -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["navigator", "serial"], js_name = getPorts, catch)]
    fn get_ports() -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["navigator", "serial"], js_name = addEventListener, catch)]
    pub(crate) fn listen(event: &str, listener: &Function) -> Result<(), JsValue>;
    #[wasm_bindgen(js_namespace = ["navigator", "serial"], js_name = removeEventListener, catch)]
    pub(crate) fn unlisten(event: &str, listener: &Function) -> Result<(), JsValue>;

    /// A port that the rider has allowed.
    #[derive(Clone, Debug)]
    pub(crate) type SerialPort;
    #[wasm_bindgen(method, catch)]
    fn open(this: &SerialPort, options: &Object) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &SerialPort) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, js_name = getInfo)]
    fn info(this: &SerialPort) -> JsValue;
    #[wasm_bindgen(method, getter)]
    fn connected(this: &SerialPort) -> Option<bool>;
    #[wasm_bindgen(method, getter)]
    fn readable(this: &SerialPort) -> Option<Stream>;
    #[wasm_bindgen(method, getter)]
    fn writable(this: &SerialPort) -> Option<Stream>;

    type Stream;
    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &Stream) -> Result<Reader, JsValue>;
    #[wasm_bindgen(method, catch, js_name = getWriter)]
    fn get_writer(this: &Stream) -> Result<Writer, JsValue>;

    /// What comes.
    #[derive(Clone, Debug)]
    pub(crate) type Reader;
    #[wasm_bindgen(method, catch)]
    fn read(this: &Reader) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub(crate) fn cancel(this: &Reader) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = releaseLock)]
    pub(crate) fn release(this: &Reader) -> Result<(), JsValue>;

    /// What goes.
    #[derive(Clone, Debug)]
    pub(crate) type Writer;
    #[wasm_bindgen(method, catch, getter, js_name = desiredSize)]
    fn desired_size(this: &Writer) -> Result<Option<f64>, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn write(this: &Writer, bytes: &Uint8Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = releaseLock)]
    pub(crate) fn release_writer(this: &Writer) -> Result<(), JsValue>;
}

/// Why there is no port, or no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not plugged in.
    Absent,
    /// It is in use, or the system keeps it for itself.
    Busy,
    /// The browser may not use it.
    Refused,
    /// A disturbance on the line; the port is still good.
    Passing,
}

/// Lets the rider choose a port. Needs a tap.
pub(crate) async fn ask() -> Result<SerialPort, JsValue> {
    settled(request_port()).await.map(JsCast::unchecked_into)
}

/// The ports that the rider has allowed before and that are plugged in.
pub(crate) async fn allowed() -> Vec<SerialPort> {
    let ports = settled(get_ports()).await.map(|list| Array::from(&list)).unwrap_or_default();
    ports.iter().map(JsCast::unchecked_into).collect()
}

impl SerialPort {
    /// The name of its adapter: maker and product.
    pub(crate) fn name(&self) -> String {
        let info = self.info();
        let id = |name: &str| Reflect::get(&info, &name.into()).ok().and_then(|id| id.as_f64());
        match (id("usbVendorId"), id("usbProductId")) {
            (Some(maker), Some(product)) => {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "16 bits each")]
                let (maker, product) = (maker as u16, product as u16);
                format!("USB {maker:04x}:{product:04x}")
            }
            _ => "serial port".to_owned(),
        }
    }

    /// Opens it: 8 data bits, no parity, 1 stop bit, no flow control, which are the interface's own defaults.
    pub(crate) async fn start(&self, baud: u32) -> Result<(), Fault> {
        match settled(self.open(&object(&[("baudRate", baud.into())]))).await {
            Ok(_) => Ok(()),
            Err(error) if is_refused(&error) => Err(Fault::Refused),
            Err(error) => Err(match name_of(&error).as_str() {
                // Where the browser does not say whether it is plugged in, the port that it has given out is.
                "NetworkError" if self.connected() == Some(false) => Fault::Absent,
                _ => Fault::Busy,
            }),
        }
    }

    /// Closes it; whoever reads or writes has let go before.
    pub(crate) async fn end(&self) {
        let _ = settled(self.close()).await;
    }

    /// Begins to read; `None` when the port is gone.
    pub(crate) fn reader(&self) -> Option<Reader> {
        self.readable()?.get_reader().ok()
    }

    pub(crate) fn writer(&self) -> Option<Writer> {
        self.writable()?.get_writer().ok()
    }
}

impl Reader {
    /// The next bytes; `None` when somebody has cancelled.
    pub(crate) async fn bytes(&self) -> Result<Option<Vec<u8>>, Fault> {
        let piece = settled(self.read()).await.map_err(|error| match name_of(&error).as_str() {
            "BufferOverrunError" | "BreakError" | "FramingError" | "ParityError" => Fault::Passing,
            _ => Fault::Absent,
        })?;
        let done = Reflect::get(&piece, &"done".into()).is_ok_and(|done| done.is_truthy());
        let value = Reflect::get(&piece, &"value".into()).ok().filter(JsValue::is_object);
        Ok(value.filter(|_| !done).map(|value| Uint8Array::new(&value).to_vec()))
    }
}

impl Writer {
    /// Sends bytes, unless the device takes nothing in; what it says is read on, and its silence is told.
    pub(crate) fn send(&self, bytes: &[u8]) {
        if self.desired_size().ok().flatten().is_none_or(|room| room > 0.0) {
            let written = self.write(&Uint8Array::from(bytes));
            wasm_bindgen_futures::spawn_local(async move {
                // A port that is gone is told of by its reader.
                let _ = settled(written).await;
            });
        }
    }
}
