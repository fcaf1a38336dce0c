//! A hub on a free port and a client that writes MQTT by hand.

use std::io::{BufRead, BufReader};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alleycat_hub::config::{Cli, Command};
use alleycat_hub::{Config, Hub};
use alleycat_shared::api::Joined;
use alleycat_shared::race::RaceClock;
use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Everything is waited for at most this long.
const LIMIT: Duration = Duration::from_secs(15);

pub(crate) const CONNACK: [u8; 4] = [0x20, 2, 0, 0];

pub(crate) struct TestHub {
    hub: Hub,
    pub(crate) clock: RaceClock,
}

impl TestHub {
    /// A hub as its command line says, on a free port.
    pub(crate) async fn start(args: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let config = config(args);
        Self { clock: config.clock(), hub: Hub::start(&config, listener).await.unwrap() }
    }

    pub(crate) async fn shutdown(self) {
        self.hub.shutdown().await;
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.hub.address()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.hub.address())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let answer = reqwest::get(self.url(path)).await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let request = reqwest::Client::new().post(self.url(path)).header("content-type", "application/json");
        let answer = request.body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn join(&self, racer: u32) -> String {
        let (status, body) =
            self.post("/api/join", &json!({ "racerId": racer, "name": "Ann" }).to_string()).await;
        assert_eq!(status, 200, "{body}");
        serde_json::from_value::<Joined>(body).unwrap().token
    }

    /// How often a metric was counted; metrics are shared by all hubs of this process.
    pub(crate) async fn counted(&self, metric: &str) -> u64 {
        let text = reqwest::get(self.url("/metrics")).await.unwrap().text().await.unwrap();
        let value = text.lines().find_map(|line| line.strip_prefix(metric)?.trim().parse().ok());
        value.unwrap_or(0)
    }

    pub(crate) async fn websocket(&self, protocol: Option<&str>) -> Result<Mqtt, Error> {
        Mqtt::open(&self.hub.address().to_string(), protocol).await
    }

    /// A client that nobody has to know: it reads.
    pub(crate) async fn reader(&self) -> Mqtt {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        self.reader_as(&format!("reader-{}", NEXT.fetch_add(1, Ordering::Relaxed))).await
    }

    /// A reader of this client id.
    pub(crate) async fn reader_as(&self, client_id: &str) -> Mqtt {
        let mut mqtt = self.websocket(Some("mqtt")).await.unwrap();
        mqtt.send(&connect(client_id, None)).await;
        assert_eq!(mqtt.packet().await, CONNACK);
        mqtt
    }

    /// A racer who has joined and is connected.
    pub(crate) async fn racer(&self, racer: u32) -> Mqtt {
        let token = self.join(racer).await;
        self.log_in(racer, &token).await
    }

    /// A racer who has joined before.
    pub(crate) async fn log_in(&self, racer: u32, token: &str) -> Mqtt {
        let mut mqtt = self.websocket(Some("mqtt")).await.unwrap();
        mqtt.send(&connect(&format!("racer-{racer}"), Some((&racer.to_string(), token)))).await;
        assert_eq!(mqtt.packet().await, CONNACK);
        mqtt
    }

    /// A valid message of this very second.
    pub(crate) fn message(&self, racer: u32) -> Value {
        let moment = self.clock.at(now());
        json!({
            "uuid": "6c4e2a37-32f0-4b14-a2c1-3e2e6f7c1b5d", "event": "update", "deviceTimestamp": now(),
            "second": moment.second, "raceId": moment.race_id, "name": "Message", "racerId": racer, "classId": 1,
            "cadence": 81, "resistance": 79,
        })
    }

    /// Waits for the first tenth of a second of a race, so that a test is not cut by a race's end.
    pub(crate) async fn race_start(&self) {
        let left = self.clock.at(now()).left_ms;
        tokio::time::sleep(Duration::from_millis(left + 20)).await;
    }
}

/// An address that nobody listens on, and not one that the system gives to outgoing connections: those of
/// other tests would take it.
pub(crate) fn free_address() -> std::net::SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let from = 20_000 + std::process::id() % 10_000;
    loop {
        let port = u16::try_from(from + NEXT.fetch_add(1, Ordering::Relaxed)).unwrap();
        let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
        if std::net::TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

pub(crate) fn config(args: &[&str]) -> Config {
    let all = [&["alleycat-hub", "serve"], args].concat();
    let Command::Serve(config) = Cli::try_parse_from(all).unwrap().command else { unreachable!() };
    config
}

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

pub(crate) struct Mqtt<S = MaybeTlsStream<TcpStream>> {
    socket: WebSocketStream<S>,
    pub(crate) protocol: Option<String>,
    buffer: Vec<u8>,
    /// How many WebSocket messages came.
    pub(crate) messages: usize,
}

impl Mqtt {
    pub(crate) async fn open(address: &str, protocol: Option<&str>) -> Result<Self, Error> {
        let mut request = format!("ws://{address}/mqtt").into_client_request().unwrap();
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        let (socket, response) = tokio_tungstenite::connect_async(request).await?;
        let answered =
            response.headers().get("sec-websocket-protocol").map(|value| value.to_str().unwrap().to_owned());
        Ok(Self { socket, protocol: answered, buffer: Vec::new(), messages: 0 })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Mqtt<S> {
    /// Over a connection that is already there.
    pub(crate) async fn over(stream: S) -> Result<Self, Error> {
        let mut request = "ws://localhost/mqtt".into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "mqtt".parse().unwrap());
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Self { socket, protocol: None, buffer: Vec::new(), messages: 0 })
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).await.unwrap();
    }

    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.socket.send(Message::Binary(bytes.to_vec().into())).await
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.socket.send(Message::Text(text.into())).await.unwrap();
    }

    /// The next whole packet.
    pub(crate) async fn packet(&mut self) -> Vec<u8> {
        self.try_packet().await.expect("the hub closed")
    }

    /// The next whole packet; `None` if the hub closes first.
    pub(crate) async fn try_packet(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(packet) = self.cut() {
                return Some(packet);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// The next PUBLISH as topic, payload and whether it was retained.
    pub(crate) async fn publish(&mut self) -> (String, Value, bool) {
        loop {
            let packet = self.packet().await;
            if packet[0] >> 4 == 3 {
                let start = 1 + packet[1..].iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
                let length = usize::from(u16::from_be_bytes([packet[start], packet[start + 1]]));
                let (topic, payload) = packet[start + 2..].split_at(length);
                let topic = String::from_utf8(topic.to_vec()).unwrap();
                return (topic, serde_json::from_slice(payload).unwrap(), packet[0] & 1 == 1);
            }
        }
    }

    /// Waits until the hub closes.
    pub(crate) async fn closed(&mut self) {
        while self.more().await {}
    }

    async fn more(&mut self) -> bool {
        let message = tokio::time::timeout(LIMIT, self.socket.next()).await.expect("the hub says something");
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                self.messages += 1;
                self.buffer.extend_from_slice(&bytes);
                true
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => false,
            Some(Ok(_)) => true,
        }
    }

    fn cut(&mut self) -> Option<Vec<u8>> {
        let (mut length, mut at) = (0, 1);
        loop {
            let byte = *self.buffer.get(at)?;
            length |= usize::from(byte & 0x7f) << (7 * (at - 1));
            at += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        (self.buffer.len() >= at + length).then(|| self.buffer.drain(..at + length).collect())
    }
}

/// The program itself, told where it listens; killed with -9 when dropped.
pub(crate) struct Program {
    child: std::process::Child,
    pub(crate) address: String,
    log: Arc<Mutex<String>>,
}

impl Program {
    /// Runs a command that ends in `alleycat-hub serve …` on a free port.
    pub(crate) fn run(mut command: std::process::Command) -> Self {
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = log.find_map(|line| {
            let (_, address) = line.split_once("listening on http://")?;
            Some(address.split_whitespace().next()?.to_owned())
        });
        let Some(address) = address else { panic!("the hub does not start: {:?}", child.wait()) };
        // The log must not fill its pipe.
        let kept = Arc::new(Mutex::new(String::new()));
        let keeper = Arc::clone(&kept);
        std::thread::spawn(move || log.for_each(|line| *keeper.lock().unwrap() += &(line + "\n")));
        Self { child, address, log: kept }
    }

    /// What it has logged since it listens.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Sends it a signal, by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent =
            std::process::Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended well by itself.
    pub(crate) fn ended(mut self) {
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = reqwest::get(format!("http://{}{path}", self.address)).await.unwrap();
        answer.json().await.unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

pub(crate) fn connect(client_id: &str, login: Option<(&str, &str)>) -> Vec<u8> {
    connect_with(client_id, login, 60)
}

pub(crate) fn connect_with(client_id: &str, login: Option<(&str, &str)>, keep_alive: u16) -> Vec<u8> {
    let flags = if login.is_some() { 0xc2 } else { 0x02 };
    let mut body = [&[0, 4][..], b"MQTT", &[4, flags], &keep_alive.to_be_bytes(), &text(client_id)].concat();
    if let Some((username, password)) = login {
        body.extend(text(username));
        body.extend(text(password));
    }
    packet(0x10, &body)
}

pub(crate) fn subscribe(id: u8, filter: &str) -> Vec<u8> {
    packet(0x82, &[&[0, id][..], &text(filter), &[0]].concat())
}

/// A PUBLISH at QoS 1.
pub(crate) fn publish(id: u8, topic: &str, payload: &[u8]) -> Vec<u8> {
    packet(0x32, &[&text(topic)[..], &[0, id], payload].concat())
}

pub(crate) const fn puback(id: u8) -> [u8; 4] {
    [0x40, 2, 0, id]
}

pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut length = body.len();
    loop {
        let byte = u8::try_from(length & 0x7f).unwrap();
        length >>= 7;
        packet.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

fn text(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
}
