//! A real Chromium on a real bridge's page, killed and hung.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::program::{Running, program};
use crate::rig::Bridge;

const BROWSER: &str = "/usr/bin/chromium";

/// A page that says that it is alive, and hangs after three seconds.
const SCRIPT: &str = "const socket = new WebSocket(`ws://${location.host}/sensor`);
    socket.onopen = () => { setInterval(() => socket.send('alive'), 200); setTimeout(() => { for (;;) {} }, 3000); };";
/// With its script in a file of its own: the bridge's policy takes no other.
const PAGE: &str = "<script src=\"/hangs.js\"></script>";

fn pid(line: &str) -> Pid {
    let digits: String =
        line.split("pid=").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
    Pid::from_raw(digits.parse().unwrap())
}

/// Whether nothing of a group is left. Who was killed is there until the system has buried it.
fn is_gone(group: Pid) {
    let begun = Instant::now();
    while nix::sys::signal::killpg(group, None).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing of {group} is left");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_browser_that_ended_by_itself_has_left_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), PAGE).unwrap();
    let browser = folder.path().join("browser");
    std::fs::write(&browser, "#!/bin/sh\nsleep 1000 &\nexit 3\n").unwrap();
    std::fs::set_permissions(&browser, Permissions::from_mode(0o755)).unwrap();
    let bridge = Bridge::start(&["virtual", "--page", folder.path().to_str().unwrap()]).await;
    let (url, profile) = (bridge.url("/"), folder.path().join("profile"));
    let mut command: Command = program(&["kiosk", "--url", &url, "--profile", profile.to_str().unwrap()]);
    command.arg("--browser").arg(&browser);
    let watched = tokio::task::spawn_blocking(move || {
        let mut kiosk = Running::start(&mut command);
        let first = pid(&kiosk.says("browser started"));
        kiosk.says("it ended with code 3");
        let second = pid(&kiosk.says("browser started"));
        assert_ne!(first, second);
        is_gone(first);
        kill(Pid::from_raw(i32::try_from(kiosk.id()).unwrap()), Signal::SIGTERM).unwrap();
        assert!(kiosk.ended(), "in order");
        is_gone(second);
    });
    watched.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_killed_or_hangs_is_started_again() {
    if !Path::new(BROWSER).exists() {
        eprintln!("skipped: there is no {BROWSER}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("index.html"), PAGE).unwrap();
    std::fs::write(folder.path().join("hangs.js"), SCRIPT).unwrap();
    let bridge = Bridge::start(&["virtual", "--page", folder.path().to_str().unwrap()]).await;
    let (url, profile) = (bridge.url("/"), folder.path().join("profile"));
    let mut command: Command = program(&["kiosk", "--url", &url, "--profile", profile.to_str().unwrap()]);
    command.args(["--patience", "15", "--browser-arg=--headless=new", "--browser-arg=--no-sandbox"]);
    let watched = tokio::task::spawn_blocking(move || {
        let mut kiosk = Running::start(&mut command);
        let first = pid(&kiosk.says("browser started"));
        kill(first, Signal::SIGKILL).unwrap();
        kiosk.says("it ended by signal 9");
        let second = pid(&kiosk.says("browser started"));
        assert_ne!(first, second);
        kiosk.says("the page hangs");
        let third = pid(&kiosk.says("browser started"));
        kill(Pid::from_raw(i32::try_from(kiosk.id()).unwrap()), Signal::SIGTERM).unwrap();
        assert!(kiosk.ended(), "in order");
        [first, second, third].into_iter().for_each(is_gone);
    });
    watched.await.unwrap();
}
