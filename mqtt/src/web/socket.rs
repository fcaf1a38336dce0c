//! One WebSocket. Dropping it closes it and silences whatever it would still say.

use std::rc::Rc;

use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, Event, MessageEvent, WebSocket};

/// A WebSocket that tells what happens to it.
#[derive(Debug)]
pub struct Socket {
    socket: WebSocket,
    _on_event: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

/// What happens to a socket.
#[derive(Debug)]
pub enum Heard {
    /// It is open.
    Opened,
    /// A binary message.
    Bytes(Vec<u8>),
    /// A text message.
    Text(String),
    /// It is gone, or never came to be. Nothing follows.
    Closed,
}

impl Socket {
    /// Opens a socket, or `None` if the browser refuses the address.
    pub fn open(url: &str, protocol: Option<&str>, hear: impl Fn(Heard) + 'static) -> Option<Self> {
        Self::with(url, protocol, Rc::new(hear))
    }

    /// The same, once for all who hear: a page pays for each kind of function.
    fn with(url: &str, protocol: Option<&str>, hear: Rc<dyn Fn(Heard)>) -> Option<Self> {
        let socket = match protocol {
            Some(protocol) => WebSocket::new_with_str(url, protocol),
            None => WebSocket::new(url),
        }
        .ok()?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let for_messages = hear.clone();
        let on_event = Closure::<dyn FnMut(Event)>::new(move |event: Event| match event.type_().as_str() {
            "open" => hear(Heard::Opened),
            "close" => hear(Heard::Closed),
            _ => {}
        });
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(heard) = read(&event.data()) {
                for_messages(heard);
            }
        });
        socket.set_onopen(Some(on_event.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_event.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Some(Self { socket, _on_event: on_event, _on_message: on_message })
    }

    /// Sends a text message. A socket that can't will say that it is closed.
    pub fn send_text(&self, text: &str) {
        let _ = self.socket.send_with_str(text);
    }

    /// Sends a binary message. A socket that can't will say that it is closed.
    pub fn send(&self, bytes: &[u8]) {
        let _ = self.socket.send_with_u8_array(bytes);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onclose(None);
        self.socket.set_onmessage(None);
        let _ = self.socket.close();
    }
}

fn read(data: &JsValue) -> Option<Heard> {
    // Bytes first: there are many of them, and each question to the browser costs.
    match data.dyn_ref::<js_sys::ArrayBuffer>() {
        Some(buffer) => Some(Heard::Bytes(js_sys::Uint8Array::new(buffer).to_vec())),
        None => data.as_string().map(Heard::Text),
    }
}
