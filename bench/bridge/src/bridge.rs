//! A bridge's process: ours, or the peer's.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::net::{TcpListener, TcpStream};
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
        // Free a moment ago; nobody else takes ports by their numbers here.
        let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
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

    fn proc(&self, file: &str) -> anyhow::Result<String> {
        let id = self.process.id().context("the bridge has ended")?;
        Ok(std::fs::read_to_string(format!("/proc/{id}/{file}"))?)
    }

    /// Time that it has kept a core busy.
    pub(crate) fn busy(&self) -> anyhow::Result<Duration> {
        // In ns, from all its threads so far.
        let schedule = self.proc("schedstat")?;
        let main: u64 = schedule.split(' ').next().context("no schedule")?.parse()?;
        let id = self.process.id().context("the bridge has ended")?;
        let mut all = 0;
        for task in std::fs::read_dir(format!("/proc/{id}/task"))? {
            let text = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            all += text.split(' ').next().and_then(|time| time.parse::<u64>().ok()).unwrap_or_default();
        }
        Ok(Duration::from_nanos(all.max(main)))
    }

    /// Memory that it holds, in MB.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no memory")?;
        let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1_024.0 / 1e6)
    }
}
