//! The servers that are measured, as real processes on free loopback ports, killed with -9 when dropped.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use alleycat_bench_report::{cpu_time, resident, thread_time};
use alleycat_shared::ClassId;
use alleycat_tests::free_port;
use anyhow::{Context, bail, ensure};
use tempfile::TempDir;

use crate::wire::LIMIT;

/// Where the programs are.
#[derive(clap::Args)]
pub(crate) struct Programs {
    /// The hub's program.
    #[arg(long)]
    pub(crate) hub: PathBuf,
    /// Mosquitto's program.
    #[arg(long, default_value = "/usr/sbin/mosquitto", env = "MOSQUITTO")]
    pub(crate) mosquitto: PathBuf,
    /// The folder of npm's packages.
    #[arg(long)]
    pub(crate) node: PathBuf,
}

/// One server, of one process or two.
pub(crate) struct Server {
    processes: Processes,
    /// Where MQTT over WebSocket is spoken.
    pub(crate) port: u16,
    /// How many riders the hub says it has files for.
    pub(crate) room: u32,
    /// How many messages the consumer has taken.
    taken: Arc<AtomicU64>,
    folder: TempDir,
}

impl Server {
    /// The hub, which keeps everything in a folder of its own.
    pub(crate) fn hub(programs: &Programs, options: &[&str]) -> anyhow::Result<Self> {
        Self::hub_in(programs, options, folder()?)
    }

    /// Kills it with -9 and starts it again on what it has kept.
    pub(crate) fn restart_hub(self, programs: &Programs, options: &[&str]) -> anyhow::Result<Self> {
        let Self { processes, folder, .. } = self;
        drop(processes);
        Self::hub_in(programs, options, folder)
    }

    fn hub_in(programs: &Programs, options: &[&str], folder: TempDir) -> anyhow::Result<Self> {
        let (child, port, room) = hub(programs, folder.path(), options)?;
        Ok(Self { processes: Processes(vec![child]), port, room, taken: Arc::default(), folder })
    }

    /// Mosquitto, and so many hubs that share what riders send it, each with a part of the classes.
    pub(crate) fn hubs(programs: &Programs, count: u32) -> anyhow::Result<Self> {
        let (mut server, tcp) = Self::mosquitto(programs)?;
        let broker = format!("mqtt://127.0.0.1:{tcp}");
        let pages = format!("ws://127.0.0.1:{}/mqtt", server.port);
        for number in 0..count {
            let classes = (1..=CLASSES).filter(|class| class % count == number);
            let classes = classes.map(|class| class.to_string()).collect::<Vec<_>>().join(",");
            let mut options =
                vec!["--broker", &broker, "--broker-url-for-pages", &pages, "--classes", &classes];
            if count > 1 {
                options.extend(["--share", "bench"]);
            }
            let data = server.folder.path().join(format!("hub-{number}"));
            server.processes.0.push(hub(programs, &data, &options)?.0);
        }
        Ok(server)
    }

    /// Mosquitto, and a consumer in Node.js that makes the boards.
    pub(crate) fn peer(programs: &Programs) -> anyhow::Result<Self> {
        let (mut server, tcp) = Self::mosquitto(programs)?;
        let mut command = Command::new("node");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/consumer.mjs")).arg(&programs.node);
        let address = format!("mqtt://127.0.0.1:{tcp}");
        let mut consumer = command.arg(address).stdout(Stdio::piped()).spawn().context("Node.js")?;
        let mut lines = BufReader::new(consumer.stdout.take().context("its output")?).lines();
        server.processes.0.push(consumer);
        if !lines.by_ref().map_while(Result::ok).any(|line| line == "ready") {
            bail!("the consumer in Node.js does not start");
        }
        let taken = Arc::clone(&server.taken);
        std::thread::spawn(move || {
            for count in lines.map_while(Result::ok).filter_map(|line| line.parse().ok()) {
                taken.store(count, Ordering::Relaxed);
            }
        });
        Ok(server)
    }

    /// Mosquitto alone, and where it speaks MQTT without WebSocket.
    fn mosquitto(programs: &Programs) -> anyhow::Result<(Self, u16)> {
        let folder = folder()?;
        let (tcp, port) = (free_port()?, free_port()?);
        let config = folder.path().join("mosquitto.conf");
        // Messages in a queue may be as many as they are: else it drops what a consumer is late with.
        let text = format!(
            "persistence false\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\n\
             set_tcp_nodelay true\nlog_dest none\nlistener {tcp} 127.0.0.1\nlistener {port} 127.0.0.1\n\
             socket_domain ipv4\nprotocol websockets\n"
        );
        fs::write(&config, text)?;
        let broker = Command::new(&programs.mosquitto).arg("-c").arg(&config).spawn();
        let processes = Processes(vec![broker.context("Mosquitto can't be started")?]);
        let deadline = Instant::now() + LIMIT;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(Instant::now() < deadline, "Mosquitto does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok((Self { processes, port, room: 0, taken: Arc::default(), folder }, tcp))
    }

    /// How many messages the consumer had taken at the last whole second.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Processor time of all its threads so far, user and system.
    pub(crate) fn busy(&self) -> anyhow::Result<Duration> {
        let busy = |child: &Child| cpu_time(child.id()).context("a server has ended");
        self.processes.0.iter().map(busy).sum()
    }

    /// The same of each of them.
    pub(crate) fn each_busy(&self) -> anyhow::Result<Vec<Duration>> {
        self.processes.0.iter().map(|child| cpu_time(child.id()).context("a server has ended")).collect()
    }

    /// The same of the threads that live, to the microsecond.
    pub(crate) fn exactly_busy(&self) -> anyhow::Result<Duration> {
        let busy = |child: &Child| thread_time(child.id()).context("a server has ended");
        self.processes.0.iter().map(busy).sum()
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident(&self) -> anyhow::Result<u64> {
        let held = |child: &Child| resident(child.id()).context("a server has ended");
        self.processes.0.iter().map(held).sum()
    }
}

/// Starts a hub; also returns its port, and how many riders it has files for.
fn hub(programs: &Programs, data: &Path, options: &[&str]) -> anyhow::Result<(Child, u16, u32)> {
    let mut command = Command::new(&programs.hub);
    // Where it listens is in its log.
    command.env("RUST_LOG", "info");
    command.args(["serve", "--open", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    let mut child = command.args(options).stderr(Stdio::piped()).spawn().context("the hub")?;
    let mut log = BufReader::new(child.stderr.take().context("its log")?).lines().map_while(Result::ok);
    let started = log.find_map(|line| {
        let after = |word| line.split_once(word)?.1.split_whitespace().next();
        let port = after("listening on http://127.0.0.1:")?.parse().ok()?;
        Some((port, after("riders_at_most=")?.parse().ok()?))
    });
    std::thread::spawn(move || log.for_each(drop));
    let Some((port, room)) = started else { bail!("the hub does not start") };
    Ok((child, port, room))
}

/// Ended with the folder still there.
struct Processes(Vec<Child>);

impl Drop for Processes {
    fn drop(&mut self) {
        for mut child in self.0.drain(..).rev() {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// On a disk, not in memory: what is durable is to be written.
fn folder() -> anyhow::Result<TempDir> {
    let program = std::env::current_exe()?;
    let beside = program.parent().context("this program's folder")?;
    Ok(tempfile::Builder::new().prefix("bench-hub-").tempdir_in(beside)?)
}

/// How many classes there are: their ids begin with 1.
pub(crate) const CLASSES: u32 = ClassId::MAX as u32;
