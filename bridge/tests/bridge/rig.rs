//! A bridge on a free port, and a device that can be unplugged.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;

use alleycat_bridge::config::{Cli, Command};
use alleycat_bridge::{Serve, Source};
use alleycat_shared::message::{SensorMessage, SensorReading, SensorState};
use clap::Parser;
use futures_util::StreamExt;
use nix::pty::openpty;
use nix::unistd::ttyname;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Everything is waited for at most this long.
const LIMIT: Duration = Duration::from_secs(15);

pub(crate) struct Bridge {
    pub(crate) address: String,
    _stop: oneshot::Sender<()>,
    _task: JoinHandle<std::io::Result<()>>,
}

impl Bridge {
    /// Starts a bridge as its command line says, on a free port.
    pub(crate) async fn start(args: &[&str]) -> Self {
        let cli = Cli::try_parse_from([&["alleycat-bridge"], args].concat()).unwrap();
        let (source, serve): (Source, Serve) = match cli.command {
            Command::Run { bike, serve } => (Source::Serial(bike), serve),
            Command::Virtual { seed, serve } => (Source::Virtual { seed }, serve),
            Command::List => panic!("nothing to run"),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async { _ = stopped.await };
        let task = tokio::spawn(alleycat_bridge::run(source, serve, listener, shutdown));
        Self { address, _stop: stop, _task: task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A page that reads the sensor.
    pub(crate) async fn page(&self) -> Page {
        Page { socket: self.connect(None).await.unwrap() }
    }

    /// Connects to `/sensor` as a page of some origin.
    pub(crate) async fn connect(
        &self,
        origin: Option<&str>,
    ) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, Error> {
        let mut request = format!("ws://{}/sensor", self.address).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        Ok(tokio_tungstenite::connect_async(request).await?.0)
    }
}

pub(crate) struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Page {
    pub(crate) async fn next(&mut self) -> SensorMessage {
        let message = tokio::time::timeout(LIMIT, self.socket.next()).await;
        match message.expect("the bridge says something").expect("the bridge stays").unwrap() {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// Waits for a state; returns its hint.
    pub(crate) async fn state(&mut self, wanted: SensorState) -> String {
        let until = async {
            loop {
                match self.next().await {
                    SensorMessage::State { state, hint, .. } if state == wanted => return hint,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(LIMIT, until).await.unwrap_or_else(|_| panic!("{wanted:?} does not come"))
    }

    /// Waits for a reading.
    pub(crate) async fn reading(&mut self) -> SensorReading {
        loop {
            if let SensorMessage::Reading(reading) = self.next().await {
                return reading;
            }
        }
    }
}

/// A serial device behind a path that stays the same.
pub(crate) struct Device {
    folder: TempDir,
    ends: Option<(File, OwnedFd)>,
}

impl Device {
    pub(crate) fn absent() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), ends: None }
    }

    pub(crate) fn plugged() -> Self {
        let mut device = Self::absent();
        device.plug();
        device
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("bike")
    }

    pub(crate) fn plug(&mut self) {
        self.unplug();
        let pair = openpty(None, None).unwrap();
        _ = std::fs::remove_file(self.path());
        symlink(ttyname(&pair.slave).unwrap(), self.path()).unwrap();
        // The slave stays open, or writing before the bridge has opened it would fail.
        self.ends = Some((File::from(pair.master), pair.slave));
    }

    pub(crate) fn unplug(&mut self) {
        self.ends = None;
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.ends.as_mut().expect("plugged in").0.write_all(bytes).unwrap();
    }
}
