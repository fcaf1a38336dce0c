//! A bridge on a free port, and a device that can be unplugged.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alleycat_bridge::config::{Cli, Command};
use alleycat_bridge::{Serve, Source};
use alleycat_shared::message::{SensorMessage, SensorReading, SensorState};
use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
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

/// No program is started while a device is made, see [`Device::plug`].
pub(crate) static BIRTHS: Mutex<()> = Mutex::new(());

pub(crate) struct Bridge {
    pub(crate) address: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Bridge {
    /// Starts a bridge as its command line says, on a free port.
    pub(crate) async fn start(args: &[&str]) -> Self {
        let cli = Cli::try_parse_from([&["alleycat-bridge"], args].concat()).unwrap();
        let (source, serve): (Source, Serve) = match cli.command {
            Command::Run { bike, serve } => (Source::Serial(bike), serve),
            Command::Virtual { seed, script, serve } => (Source::Virtual { seed, script }, serve),
            Command::Record { file, bike, serve } => (Source::Serial(bike.recorded(&file).unwrap()), serve),
            Command::Replay { file, speed, once, serve } => {
                (Source::replay(file, speed, once).unwrap(), serve)
            }
            _ => panic!("nothing to run"),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async { _ = stopped.await };
        let task = tokio::spawn(alleycat_bridge::run(source, serve, listener, shutdown));
        Self { address, stop, task }
    }

    /// Ends the bridge and waits for it.
    pub(crate) async fn end(self) {
        self.stop.send(()).unwrap();
        tokio::time::timeout(LIMIT, self.task).await.expect("the bridge ends").unwrap().unwrap();
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
    /// A page of any bridge.
    pub(crate) async fn open(address: &str) -> Self {
        Self { socket: tokio_tungstenite::connect_async(format!("ws://{address}/sensor")).await.unwrap().0 }
    }

    /// Says something to the bridge.
    pub(crate) async fn say(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// Waits until the bridge has let go.
    pub(crate) async fn end(&mut self) {
        let ended = async { while self.socket.next().await.is_some_and(|message| message.is_ok()) {} };
        tokio::time::timeout(LIMIT, ended).await.expect("the bridge lets go");
    }

    pub(crate) async fn next(&mut self) -> SensorMessage {
        self.next_within(LIMIT).await
    }

    pub(crate) async fn next_within(&mut self, limit: Duration) -> SensorMessage {
        let message = tokio::time::timeout(limit, self.socket.next()).await;
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
    rider: Option<(Arc<AtomicBool>, std::thread::JoinHandle<()>)>,
}

impl Drop for Device {
    fn drop(&mut self) {
        self.unplug();
    }
}

impl Device {
    pub(crate) fn absent() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), ends: None, rider: None }
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
        let _no_birth = BIRTHS.lock().unwrap_or_else(PoisonError::into_inner);
        let pair = openpty(None, None).unwrap();
        // A program that inherits the device would keep it plugged in.
        for end in [&pair.master, &pair.slave] {
            fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
        }
        symlink(ttyname(&pair.slave).unwrap(), self.path()).unwrap();
        // The slave stays open, or writing before the bridge has opened it would fail.
        self.ends = Some((File::from(pair.master), pair.slave));
    }

    pub(crate) fn unplug(&mut self) {
        if let Some((stop, thread)) = self.rider.take() {
            stop.store(true, Ordering::Relaxed);
            thread.join().unwrap();
        }
        // A link that outlives its device would soon lead to another test's.
        _ = std::fs::remove_file(self.path());
        self.ends = None;
    }

    /// Whatever is plugged in answers like this from now on, until it is unplugged. What it has heard can
    /// be read on.
    pub(crate) fn ride(
        &mut self,
        answer: impl FnMut(&[u8]) -> Vec<u8> + Send + 'static,
    ) -> Arc<Mutex<Vec<u8>>> {
        self.busy(answer, Vec::new)
    }

    /// Whatever is plugged in says something by itself every 10 ms, if there is anything to say.
    pub(crate) fn stream(&mut self, says: impl FnMut() -> Vec<u8> + Send + 'static) -> Arc<Mutex<Vec<u8>>> {
        self.busy(|_| Vec::new(), says)
    }

    /// Both, for who answers and speaks by itself.
    pub(crate) fn busy(
        &mut self,
        mut answer: impl FnMut(&[u8]) -> Vec<u8> + Send + 'static,
        mut says: impl FnMut() -> Vec<u8> + Send + 'static,
    ) -> Arc<Mutex<Vec<u8>>> {
        let mut master = self.ends.as_ref().expect("plugged in").0.try_clone().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hearing = Arc::clone(&heard);
        let thread = std::thread::spawn(move || {
            let mut chunk = [0; 256];
            while !stopped.load(Ordering::Relaxed) {
                let mut ready = [PollFd::new(master.as_fd(), PollFlags::POLLIN)];
                if poll(&mut ready, PollTimeout::from(10_u8)).unwrap() > 0 {
                    let count = master.read(&mut chunk).unwrap();
                    hearing.lock().unwrap().extend_from_slice(&chunk[..count]);
                    master.write_all(&answer(&chunk[..count])).unwrap();
                }
                master.write_all(&says()).unwrap();
            }
        });
        self.rider = Some((stop, thread));
        heard
    }

    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.ends.as_mut().expect("plugged in").0.write_all(bytes).unwrap();
    }
}
