//! A bridge's process: ours, or the peer's.

use std::path::Path;
use std::time::{Duration, Instant};

use alleycat_bench_report::{resident, thread_time};
use alleycat_tests::free_port;
use anyhow::{Context, bail};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

pub(crate) struct Bridge {
    process: Child,
    pub(crate) url: String,
    /// From being started until it answers.
    pub(crate) started_in: Duration,
}

/// What is started.
pub(crate) enum Program<'a> {
    Ours(&'a Path),
    /// The script, and the packages it needs.
    Peer(&'a Path, &'a Path),
}

impl Bridge {
    pub(crate) async fn start(program: &Program<'_>, device: &Path) -> anyhow::Result<Self> {
        let port = free_port()?;
        let (mut command, path) = match program {
            Program::Ours(bridge) => {
                let mut command = Command::new(bridge);
                command.args(["run", "--driver", "line", "--listen", &format!("127.0.0.1:{port}"), "--port"]);
                command.arg(device);
                (command, "/sensor")
            }
            Program::Peer(script, modules) => {
                let mut command = Command::new("node");
                command.arg(script).arg(modules).arg(device).arg(port.to_string());
                (command, "/")
            }
        };
        let begun = Instant::now();
        let process = command.env("RUST_LOG", "warn").kill_on_drop(true).spawn().context("no bridge")?;
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if begun.elapsed() > Duration::from_secs(20) {
                bail!("the bridge does not listen");
            }
            sleep(Duration::from_millis(1)).await;
        }
        Ok(Self { process, url: format!("ws://127.0.0.1:{port}{path}"), started_in: begun.elapsed() })
    }

    /// Time that it has kept a core busy.
    pub(crate) fn busy(&self) -> anyhow::Result<Duration> {
        Ok(thread_time(self.id()?)?)
    }

    /// Memory that it holds, in MB.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        Ok(resident(self.id()?)? as f64 / 1e6)
    }

    fn id(&self) -> anyhow::Result<u32> {
        self.process.id().context("the bridge has ended")
    }
}
