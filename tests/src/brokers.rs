//! Other people's brokers as real processes on free ports.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::Signal;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::{Program, free_port, until};

/// A broker that is not ours.
#[derive(Debug)]
pub struct Broker {
    kind: Kind,
    program: Option<Program>,
    folder: TempDir,
    /// Where MQTT is spoken, bare or in a WebSocket.
    pub port: u16,
    /// Whether it is spoken in a WebSocket there.
    pub web: bool,
    /// Where Mosquitto speaks it the other way, bare or in a WebSocket.
    pub other_port: u16,
    /// Whether all of it goes through TLS.
    tls: bool,
    /// When it writes to the disk what it knows, if it does.
    keeps: Option<&'static str>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Mosquitto,
    Aedes,
}

impl Broker {
    /// Mosquitto from Debian, on TCP or in a WebSocket.
    ///
    /// # Errors
    /// When it is not there or does not answer.
    pub async fn mosquitto(web: bool) -> anyhow::Result<Self> {
        Self::start(Kind::Mosquitto, web, tempfile::tempdir()?, false).await
    }

    /// Mosquitto on TCP that writes every change to the disk, and has its sessions again after a restart.
    ///
    /// # Errors
    /// When it is not there or does not answer.
    pub async fn mosquitto_that_keeps() -> anyhow::Result<Self> {
        Self::that_keeps(EACH_CHANGE).await
    }

    /// The same for a thousand riders: it writes every second or two, and when it is asked to end. One that writes
    /// every change writes all that it has for each message of a hub.
    ///
    /// # Errors
    /// When it is not there or does not answer.
    pub async fn mosquitto_for_many() -> anyhow::Result<Self> {
        Self::that_keeps(EACH_SECOND).await
    }

    async fn that_keeps(when: &'static str) -> anyhow::Result<Self> {
        let mut broker =
            Self { keeps: Some(when), ..Self::new(Kind::Mosquitto, false, tempfile::tempdir()?, false)? };
        broker.restart().await?;
        Ok(broker)
    }

    /// Mosquitto with a certificate for `localhost`, which is returned in DER.
    ///
    /// # Errors
    /// When it is not there or does not answer.
    pub async fn mosquitto_with_tls(web: bool) -> anyhow::Result<(Self, Vec<u8>)> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()])?;
        let folder = tempfile::tempdir()?;
        // Started by root, Mosquitto reads them as a user of its own.
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        std::fs::write(folder.path().join("certificate.pem"), cert.pem())?;
        std::fs::write(folder.path().join("key.pem"), signing_key.serialize_pem())?;
        Ok((Self::start(Kind::Mosquitto, web, folder, true).await?, cert.der().to_vec()))
    }

    /// npm's aedes behind ws.
    ///
    /// # Errors
    /// When it is not there or does not answer.
    pub async fn aedes() -> anyhow::Result<Self> {
        Self::start(Kind::Aedes, true, tempfile::tempdir()?, false).await
    }

    /// Its address for a client.
    pub fn url(&self) -> String {
        if self.tls {
            let (scheme, path) = if self.web { ("wss", "/mqtt") } else { ("mqtts", "") };
            return format!("{scheme}://localhost:{}{path}", self.port);
        }
        address(self.web, self.port)
    }

    /// The file of its certificate, PEM.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Its name for the reports of tests.
    pub fn name(&self) -> &'static str {
        match (self.kind, self.web) {
            (Kind::Mosquitto, false) => "Mosquitto over TCP",
            (Kind::Mosquitto, true) => "Mosquitto in a WebSocket",
            (Kind::Aedes, _) => "aedes",
        }
    }

    /// Whether it breaks QoS 2 after a cut: aedes publishes again what is released again [MQTT-4.3.3-2], and
    /// sends again what it has released itself, as new [MQTT-4.3.3-1].
    pub fn repeats_qos_2(&self) -> bool {
        matches!(self.kind, Kind::Aedes)
    }

    /// Ends it with SIGKILL: it can say nothing to anybody.
    ///
    /// # Errors
    /// When the system does not let us.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        match self.program.take() {
            Some(mut program) => program.kill().await,
            None => Ok(()),
        }
    }

    /// Asks it to end, and waits until it has: what it keeps is on the disk then.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn end(&mut self) -> anyhow::Result<()> {
        let Some(mut program) = self.program.take() else { return Ok(()) };
        program.signal(Signal::SIGTERM)?;
        program.wait(Duration::from_secs(20)).await.map(drop)
    }

    /// Sends it a signal, if it runs.
    ///
    /// # Errors
    /// When it has ended by itself.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        self.program.as_ref().map_or(Ok(()), |program| program.signal(signal))
    }

    /// Starts it again on its port, without what it had in memory.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.kill().await?;
        let mut command = match self.kind {
            Kind::Mosquitto => self.mosquitto_command()?,
            Kind::Aedes => {
                let modules = std::env::var_os("ALLEYCAT_NODE_MODULES")
                    .context("ALLEYCAT_NODE_MODULES is not set: run `cargo xtask test --only system`")?;
                let mut node = Command::new("node");
                let script = concat!(env!("CARGO_MANIFEST_DIR"), "/node/aedes.mjs");
                node.arg(script).arg(self.port.to_string()).env("ALLEYCAT_NODE_MODULES", modules);
                node
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        self.program = Some(Program::start(self.name(), &mut command)?);
        until(self.name(), Duration::from_secs(20), async || {
            Ok(TcpStream::connect(("127.0.0.1", self.port)).await.is_ok().then_some(()))
        })
        .await
    }

    async fn start(kind: Kind, web: bool, folder: TempDir, tls: bool) -> anyhow::Result<Self> {
        let mut broker = Self::new(kind, web, folder, tls)?;
        broker.restart().await?;
        Ok(broker)
    }

    fn new(kind: Kind, web: bool, folder: TempDir, tls: bool) -> anyhow::Result<Self> {
        let (port, other_port) = (free_port()?, free_port()?);
        Ok(Self { kind, program: None, folder, port, web, other_port, tls, keeps: None })
    }

    fn mosquitto_command(&self) -> anyhow::Result<Command> {
        let config = self.folder.path().join("mosquitto.conf");
        let (tcp, web) = if self.web { (self.other_port, self.port) } else { (self.port, self.other_port) };
        let text = include_str!("../mosquitto.conf");
        let text = text.replace("@TCP@", &tcp.to_string()).replace("@WEBSOCKET@", &web.to_string());
        let text = if self.tls { self.secure(&text) } else { text };
        let text = self.keeps.map_or_else(|| text.clone(), |when| self.kept(&text, when));
        std::fs::write(&config, text)?;
        let program =
            std::env::var_os("MOSQUITTO").map_or_else(|| "/usr/sbin/mosquitto".into(), PathBuf::from);
        let mut command = Command::new(program);
        command.arg("-c").arg(config);
        Ok(command)
    }
}

impl Broker {
    /// This configuration with a file that is written by whoever started the broker, and with as much under way to a
    /// hub as `deploy/mosquitto` has: a session that is kept is a hub's.
    fn kept(&self, text: &str, when: &str) -> String {
        let folder = self.folder.path().display();
        let kept = format!(
            "user root\npersistence true\npersistence_location {folder}/\n{when}\nmax_inflight_messages 1000"
        );
        text.replace("persistence false", &kept)
    }

    /// Every listener of this configuration with the certificate.
    fn secure(&self, text: &str) -> String {
        let (certificate, key) =
            (self.folder.path().join("certificate.pem"), self.folder.path().join("key.pem"));
        let lines = text.lines().map(|line| match line.starts_with("listener ") {
            true => format!("{line}\ncertfile {}\nkeyfile {}\n", certificate.display(), key.display()),
            false => format!("{line}\n"),
        });
        lines.collect()
    }
}

const EACH_CHANGE: &str = "autosave_on_changes true\nautosave_interval 1";
const EACH_SECOND: &str = "autosave_interval 1";

/// A client's address of a port of this machine.
pub fn address(web: bool, port: u16) -> String {
    if web { format!("ws://127.0.0.1:{port}/mqtt") } else { format!("mqtt://127.0.0.1:{port}") }
}
