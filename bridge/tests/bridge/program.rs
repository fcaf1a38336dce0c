//! The program as a person starts it.

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::PoisonError;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};

use crate::rig::{BIRTHS, Device};

pub(crate) fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_alleycat-bridge"));
    command.args(args).env_remove("RUST_LOG");
    command
}

#[test]
fn what_can_not_work_is_one_sentence_and_an_exit_code() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let file = tempfile::NamedTempFile::new().unwrap();
    let table: [(&[&str], &str); 8] = [
        (&["virtual", "--listen", &address], "can't listen on"),
        (
            &["virtual", "--page", "/nowhere"],
            "there is no page in /nowhere: build it with `cargo xtask page`",
        ),
        (&["virtual", "--listen", "0.0.0.0:0"], "--allow-lan"),
        (&["run", "--driver", "line", "--port", file.path().to_str().unwrap()], "is no serial port"),
        (&["run", "--driver", "line", "--port", "/tmp"], "is no serial port"),
        (&["run", "--driver", "tacx"], "tacx is experimental"),
        (&["probe", "--driver", "cateye"], "Add --experimental"),
        (&["run", "--driver", "ant"], "thisisant.com"),
    ];
    for (args, sentence) in table {
        let output = program(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
        assert!(text.contains(sentence) && text.lines().count() == 1, "{args:?}: {text}");
    }
}

#[test]
fn words_that_are_none_are_refused_with_those_that_are() {
    let table: [(&[&str], &str); 5] = [
        (&["run", "--port", "/dev/null", "--driver", "unicycle"], "possible values: auto, line, peloton"),
        (
            &["run", "--port", "/dev/null", "--driver", "line", "--columns", "cadence,wind"],
            "`wind` is no column",
        ),
        (&["run", "--port", "/dev/null", "--driver", "line", "--fixed-resistance", "101"], "0..=100 %"),
        (&["run", "--port", "/dev/null", "--driver", "line", "--baud", "1"], "300..=4000000"),
        (&["virtual", "--hub", "ftp://hub"], "begins with http:// or https://"),
    ];
    for (args, sentence) in table {
        let output = program(args).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && text.contains(sentence), "{args:?}: {text}");
    }
}

/// A running program and what it says; it is ended when dropped.
pub(crate) struct Running {
    child: Child,
    lines: Option<std::io::Lines<BufReader<std::process::ChildStderr>>>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let no_device = BIRTHS.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        drop(no_device);
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines: Some(lines) }
    }

    /// Reads on what it says, and nobody is told.
    pub(crate) fn forget(&mut self) {
        let lines = self.lines.take().unwrap();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end; whether all was well.
    pub(crate) fn ended(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// Reads what it says until a word comes.
    pub(crate) fn says(&mut self, word: &str) -> String {
        let mut said = self.lines.as_mut().unwrap().map_while(Result::ok);
        said.find(|line| line.contains(word)).unwrap_or_else(|| panic!("it never says {word}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn a_port_that_is_forbidden_is_told_as_refused() {
    let device = Device::plugged();
    let target = std::fs::canonicalize(device.path()).unwrap();
    std::fs::set_permissions(&target, Permissions::from_mode(0o000)).unwrap();
    // The device itself, for its link lies in a folder of our own.
    let args = ["run", "--driver", "line", "--listen", "127.0.0.1:0", "--port", target.to_str().unwrap()];
    let mut command = program(&args);
    // Nothing is forbidden to root.
    if Uid::effective().is_root() {
        command.uid(65_534).gid(65_534);
    }
    let mut bridge = Running::start(&mut command);
    bridge.says("listening on http://127.0.0.1:");
    bridge.says("state=Refused");
}

#[test]
fn a_file_gives_the_options_that_nobody_else_gives() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bridge.toml");
    let text = "listen = \"127.0.0.1:0\"\nport = \"/dev/nowhere\"\ndriver = \"kettler\"\ncolumns = [\"skip\", \"cadence\"]";
    std::fs::write(&file, text).unwrap();
    let config = file.to_str().unwrap();
    let mut bridge = Running::start(&mut program(&["run", "--config", config]));
    let said = bridge.says("listening on http://127.0.0.1:");
    assert!(said.contains("driver=\"kettler\"") && said.contains("port=\"/dev/nowhere\""), "{said}");
    let mut bridge =
        Running::start(program(&["run", "--config", config]).env("ALLEYCAT_BRIDGE_DRIVER", "peloton"));
    assert!(bridge.says("listening on http://127.0.0.1:").contains("peloton"), "the environment comes first");
    std::fs::write(&file, "wheels = 2").unwrap();
    let output = program(&["run", "--config", config]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("--wheels"), "{output:?}");
}

#[test]
fn every_command_shows_how_it_is_used() {
    let commands = ["run", "virtual", "record", "replay", "list", "probe", "kiosk", "install", "uninstall"];
    for command in commands {
        let output = program(&[command, "--help"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains(&format!("alleycat-bridge {command}")), "{text}");
        assert!(text.contains("Examples:"), "{command}: {text}");
    }
}

#[test]
fn a_signal_ends_the_program_in_order() {
    let mut bridge = Running::start(&mut program(&["virtual", "--listen", "127.0.0.1:0"]));
    bridge.says("state=Live");
    let pid = Pid::from_raw(i32::try_from(bridge.child.id()).unwrap());
    kill(pid, Signal::SIGTERM).unwrap();
    assert!(bridge.child.wait().unwrap().success());
}

#[test]
fn ports_are_listed_or_their_absence_is_a_sentence() {
    let output = program(&["list"]).output().unwrap();
    assert!(output.status.success() && !output.stdout.is_empty());
}
