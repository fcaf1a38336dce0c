//! Our own programs as child processes: built, started, watched, ended.

use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::shell::{self, apt_install, cargo, which};

/// The native programs, which are packages of the same names and what is handed out.
pub(crate) const PROGRAMS: [&str; 3] = ["alleycat-hub", "alleycat-bridge", "alleycat-sim"];

/// Builds the native programs, for release or for the tests. Returns the folder that holds them.
pub(crate) fn build(release: bool) -> anyhow::Result<PathBuf> {
    if !release {
        return for_tests(&PROGRAMS);
    }
    compile("build hub, bridge and simulator", &["--release"], None)?;
    Ok(shell::root().join("target/release"))
}

/// Builds programs of the workspace as the tests have them: hub and simulator speak to streams too. Returns the
/// folder that holds them.
pub(crate) fn for_tests(programs: &[&str]) -> anyhow::Result<PathBuf> {
    let mut build = cargo();
    shell::workspace(build.arg("build"));
    build.args(programs.iter().flat_map(|program| ["--bin", program]));
    // With a test among what is built, dependencies have the features that tests want of them.
    build.args(["--test", "system"]).env("CARGO_TARGET_DIR", shell::root().join("target"));
    shell::run(&format!("build {}", programs.join(", ")), &mut build)?;
    Ok(shell::root().join("target/debug"))
}

/// Builds the native programs as they are handed out, with the page within the hub. Returns the folder that holds them.
pub(crate) fn to_hand_out(page: &Path) -> anyhow::Result<PathBuf> {
    compile("build hub with its page, bridge and simulator", &["--release"], Some(page))?;
    Ok(shell::root().join("target/release"))
}

/// The same so that they need nothing of the machine but its kernel.
pub(crate) fn to_hand_out_static(page: &Path) -> anyhow::Result<PathBuf> {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    shell::run(
        &format!("add the target {target}"),
        shell::command("rustup").args(["target", "add", &target]),
    )
    .context("static programs take a standard library for musl, which rustup brings")?;
    // SQLite and the cryptography of TLS are written in C.
    if which("musl-gcc").is_none() {
        apt_install(&["musl-tools"], "a C compiler for musl")?;
    }
    compile("build all of it, static", &["--release", "--target", &target], Some(page))?;
    Ok(shell::root().join("target").join(target).join("release"))
}

fn compile(what: &str, options: &[&str], page: Option<&Path>) -> anyhow::Result<()> {
    let mut build = cargo();
    build.envs(page.map(|page| ("ALLEYCAT_PAGE_EMBEDDED", page)));
    build.arg("build").args(options);
    build.args(PROGRAMS.iter().flat_map(|program| ["--package", program]));
    build.arg("--bins").env("CARGO_TARGET_DIR", shell::root().join("target"));
    shell::run(what, &mut build)
}

/// Looks after programs until `stop`.
///
/// # Errors
/// When one of them ends by itself.
pub(crate) fn watch(running: &mut [Program], stop: &AtomicBool) -> anyhow::Result<()> {
    while !stop.load(Ordering::Relaxed) {
        if let Some((name, status)) =
            running.iter_mut().find_map(|p| p.ended().map(|status| (p.name, status)))
        {
            // Ctrl-C reaches the children as well; let the flag win that race.
            sleep(Duration::from_millis(200));
            if !stop.load(Ordering::Relaxed) {
                bail!("{name} ended by itself with {status}; its last words are above");
            }
        }
        sleep(Duration::from_millis(100));
    }
    Ok(())
}

/// A running program; it is ended when dropped.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    child: Child,
}

impl Program {
    pub(crate) fn start(name: &'static str, command: &mut Command) -> anyhow::Result<Self> {
        let child =
            command.stdin(Stdio::null()).spawn().with_context(|| format!("{name} can't be started"))?;
        Ok(Self { name, child })
    }

    /// What it says, if that was asked for.
    pub(crate) fn stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }
}

impl Drop for Program {
    /// Asks, waits a little, then ends it.
    fn drop(&mut self) {
        let ended = |child: &mut Child| !matches!(child.try_wait(), Ok(None));
        if ended(&mut self.child) {
            return;
        }
        if let Ok(pid) = i32::try_from(self.child.id()) {
            _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if ended(&mut self.child) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// How long a program may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(12);
