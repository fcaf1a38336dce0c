//! Our programs as real processes on free ports.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::until;

/// Where the programs and the page are.
#[derive(Clone, Debug)]
pub struct Programs {
    bin: PathBuf,
    /// The built page.
    pub page: PathBuf,
    /// At the lowest priority.
    aside: bool,
}

/// A running program; it is killed when dropped.
#[derive(Debug)]
pub struct Program {
    name: &'static str,
    child: Child,
}

impl Programs {
    /// From the environment.
    ///
    /// # Errors
    /// When `ALLEYCAT_BIN` or `ALLEYCAT_PAGE` is not set: these tests are run by `cargo xtask test`.
    pub fn from_env() -> anyhow::Result<Self> {
        let folder = |name| {
            let value = std::env::var_os(name);
            value
                .map(PathBuf::from)
                .with_context(|| format!("{name} is not set: run `cargo xtask test --only system`"))
        };
        Ok(Self { bin: folder("ALLEYCAT_BIN")?, page: folder("ALLEYCAT_PAGE")?, aside: false })
    }

    /// The same, which give way to everything else: for benches of what runs on another machine in a hall.
    #[must_use]
    pub fn aside(&self) -> Self {
        Self { aside: true, ..self.clone() }
    }

    /// A command of one of our programs.
    pub fn command<A: AsRef<OsStr>>(&self, name: &str, args: impl IntoIterator<Item = A>) -> Command {
        let program = self.bin.join(name);
        let mut command = if self.aside {
            let mut nice = Command::new("nice");
            nice.args(["-n", "19"]).arg(program);
            nice
        } else {
            Command::new(program)
        };
        command.args(args).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Starts the hub with the page and waits until it answers.
    ///
    /// # Errors
    /// When it ends, or does not answer.
    pub async fn hub(&self, port: u16, more: &[&str]) -> anyhow::Result<Program> {
        let command = self.hub_command(port, more);
        self.serve("the hub", command, port).await
    }

    /// The same for a hub that trusts the certificate in this file, PEM, and no other.
    ///
    /// # Errors
    /// When it ends, or does not answer.
    pub async fn hub_that_trusts(
        &self,
        certificate: &Path,
        port: u16,
        more: &[&str],
    ) -> anyhow::Result<Program> {
        let mut command = self.hub_command(port, more);
        command.env("SSL_CERT_FILE", certificate);
        self.serve("the hub", command, port).await
    }

    fn hub_command(&self, port: u16, more: &[&str]) -> Command {
        let listen = format!("127.0.0.1:{port}");
        let mut command = self.command("alleycat-hub", ["serve", "--listen", &listen, "--page"]);
        command.arg(&self.page).args(more);
        command
    }

    /// Starts a bridge on a port with the page and waits until it answers.
    ///
    /// # Errors
    /// When it ends, or does not answer.
    pub async fn bridge(
        &self,
        port: u16,
        hub_port: u16,
        bike: &Path,
        driver: &str,
    ) -> anyhow::Result<Program> {
        let (listen, hub) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{hub_port}"));
        let args = ["run", "--driver", driver, "--listen", &listen, "--hub", &hub, "--page"];
        let mut command = self.command("alleycat-bridge", args);
        command.arg(&self.page).arg("--port").arg(bike);
        self.serve("the bridge", command, port).await
    }

    /// Starts a bridge on a port with the page and with a bike that is not there, and waits until it answers.
    ///
    /// # Errors
    /// When it ends, or does not answer.
    pub async fn virtual_bike(&self, port: u16, hub_port: u16) -> anyhow::Result<Program> {
        let (listen, hub) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{hub_port}"));
        let args = ["virtual", "--listen", &listen, "--hub", &hub, "--page"];
        let mut command = self.command("alleycat-bridge", args);
        command.arg(&self.page);
        self.serve("the bridge", command, port).await
    }

    /// Starts a bridge on a port as on a tablet: it searches its bike at one port, keeps what it needs for a
    /// day without the hub in a folder, and has no page of its own.
    ///
    /// # Errors
    /// When it ends, or does not answer.
    pub async fn tablet(
        &self,
        port: u16,
        hub_port: u16,
        bike: &Path,
        state: &Path,
    ) -> anyhow::Result<Program> {
        let (listen, hub) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{hub_port}"));
        let mut command = self.command("alleycat-bridge", ["run", "--listen", &listen, "--hub", &hub]);
        command.arg("--search").arg(bike).arg("--state").arg(state);
        self.serve("the bridge", command, port).await
    }

    async fn serve(&self, name: &'static str, mut command: Command, port: u16) -> anyhow::Result<Program> {
        let mut program = Program::start(name, &mut command)?;
        let url = format!("http://127.0.0.1:{port}/healthz");
        let answers = async || reqwest::get(&url).await.is_ok_and(|answer| answer.status().is_success());
        until(&format!("{name} answers"), Duration::from_secs(20), async || {
            if let Some(status) = program.child.try_wait()? {
                bail!("{name} ended with {status}");
            }
            Ok(answers().await.then_some(()))
        })
        .await?;
        Ok(program)
    }
}

impl Program {
    /// Starts a program.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        let child = command.spawn().with_context(|| format!("{name} can't be started"))?;
        Ok(Self { name, child })
    }

    /// Ends it with SIGKILL.
    ///
    /// # Errors
    /// When the system does not let us.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// When it has ended.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        Ok(kill(Pid::from_raw(self.id()?), signal)?)
    }

    /// Its process.
    ///
    /// # Errors
    /// When it has ended.
    pub fn id(&self) -> anyhow::Result<i32> {
        Ok(self.child.id().with_context(|| format!("{} has ended", self.name))?.try_into()?)
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When it does not end within `limit`.
    pub async fn wait(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let ended = tokio::time::timeout(limit, self.child.wait()).await;
        Ok(ended.with_context(|| format!("{} did not end", self.name))??)
    }
}

/// A port of this machine that nobody listens on.
///
/// # Errors
/// When the system has none.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
