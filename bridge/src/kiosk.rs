//! `kiosk`: starts Chromium on the bridge's page and watches it, for ever.
//!
//! The page is known to live by its connection to `/sensor` and, once it has said a word there, by saying
//! one again and again; the bridge tells both in `/status`. A browser that ends, hangs or has grown old in
//! a quiet hour is started again.

use std::future::Future;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde::Deserialize;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use crate::http::{self, Client};

/// The browser and how it is watched.
#[derive(Clone, Debug, Args)]
pub struct Browser {
    /// The bridge's page.
    #[arg(long, default_value = "http://localhost:8765/?kiosk", env = "ALLEYCAT_KIOSK_URL")]
    pub url: Url,
    /// The browser: Chromium or one of its kin.
    #[arg(long, value_name = "PATH", default_value = "/usr/bin/chromium", env = "ALLEYCAT_KIOSK_BROWSER")]
    pub browser: PathBuf,
    /// Folder of the browser's profile, for the kiosk alone.
    #[arg(long, value_name = "DIR", env = "ALLEYCAT_KIOSK_PROFILE")]
    pub profile: PathBuf,
    /// One more argument for the browser, for example --browser-arg=--ozone-platform=wayland.
    #[arg(
        long = "browser-arg",
        value_name = "ARG",
        allow_hyphen_values = true,
        env = "ALLEYCAT_KIOSK_BROWSER_ARG"
    )]
    pub browser_args: Vec<String>,
    /// Seconds that a page may be silent or away before the browser is started again.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(2..=3_600), env = "ALLEYCAT_KIOSK_PATIENCE")]
    pub patience: u64,
}

/// What the kiosk needs of the bridge's `/status`.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    pages: usize,
    heartbeat_age_ms: Option<u64>,
    /// Since the pedals last turned.
    idle_seconds: Option<u64>,
}

/// Runs the kiosk until `shutdown` is done, then ends the browser.
///
/// # Errors
/// When no HTTP client can be made on this machine.
pub async fn run(kiosk: Browser, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let client = Client::new(None)?;
    let mut child = None;
    let watched = watch(&kiosk, &client, &mut child);
    tokio::select! {
        () = shutdown => {}
        () = watched => {}
    }
    if let Some(browser) = &mut child {
        browser.end().await;
    }
    Ok(())
}

/// A browser that was started.
struct Started {
    child: Child,
    /// It and its children, who may outlive it. A child that has ended no longer tells its number.
    group: Option<Pid>,
}

async fn watch(kiosk: &Browser, client: &Client, running: &mut Option<Started>) {
    let mut failures = 0;
    loop {
        // A browser that starts before the bridge shows an error, and stays with it.
        while ask(client, &kiosk.url).await.is_none() {
            tracing::debug!(url = %kiosk.url, "the bridge does not answer yet");
            sleep(TICK).await;
        }
        clean(&kiosk.profile);
        let start = Instant::now();
        match command(kiosk).spawn() {
            Ok(child) => {
                tracing::info!(pid = child.id(), url = %kiosk.url, "browser started");
                let browser = running.insert(Started::new(child));
                let mut rule = Rule::new(Duration::from_secs(kiosk.patience));
                let reason = loop {
                    tokio::select! {
                        status = browser.child.wait() => break ended(status),
                        () = sleep(TICK) => {
                            let seen = ask(client, &kiosk.url).await;
                            if let Some(reason) = rule.objection(seen, start.elapsed()) {
                                break reason.to_owned();
                            }
                        }
                    }
                };
                tracing::warn!(reason, "browser is started again");
                browser.end().await;
                // Its number may soon be somebody else's.
                *running = None;
            }
            Err(error) => {
                tracing::error!(browser = %kiosk.browser.display(), %error, "browser can't be started: see --browser")
            }
        }
        failures = if start.elapsed() > STEADY { 0 } else { failures + 1 };
        sleep(BACK_OFF[failures.min(BACK_OFF.len() - 1)]).await;
    }
}

/// When to start the browser again: from what was seen and when, without a clock of its own.
#[derive(Debug)]
struct Rule {
    patience: Duration,
    /// When a page was last there, since the browser's start.
    there: Duration,
}

impl Rule {
    const fn new(patience: Duration) -> Self {
        Self { patience, there: Duration::ZERO }
    }

    fn objection(&mut self, seen: Option<Seen>, age: Duration) -> Option<&'static str> {
        // A bridge that is away is not the page's fault, and the page will be back with it.
        let Some(seen) = seen else {
            self.there = age;
            return None;
        };
        if seen.pages > 0 {
            self.there = age;
        }
        // A word from before the browser's start is another page's.
        let beat = seen.heartbeat_age_ms.map(Duration::from_millis).filter(|silence| *silence < age);
        if age.saturating_sub(self.there) > self.patience {
            Some("the page is not there")
        } else if beat.is_some_and(|silence| silence > self.patience) {
            Some("the page hangs")
        } else if age > OLD && seen.idle_seconds.is_none_or(|idle| idle > QUIET.as_secs()) {
            Some("a day has gone by and nobody rides")
        } else {
            None
        }
    }
}

fn command(kiosk: &Browser) -> Command {
    let mut command = Command::new(&kiosk.browser);
    command
        .args(FLAGS)
        .arg(format!("--app={}", kiosk.url))
        .arg(format!("--user-data-dir={}", kiosk.profile.display()))
        .args(&kiosk.browser_args)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        // Its children end with it.
        .process_group(0)
        .kill_on_drop(true);
    command
}

impl Started {
    fn new(child: Child) -> Self {
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        Self { child, group }
    }

    /// Asks the browser to end, then makes it; its children as well.
    async fn end(&mut self) {
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            if let Some(group) = self.group {
                _ = killpg(group, signal);
            }
            _ = timeout(PARTING, self.child.wait()).await;
        }
    }
}

fn ended(status: io::Result<std::process::ExitStatus>) -> String {
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => format!("it ended with code {code}"),
            (None, signal) => format!("it ended by signal {}", signal.unwrap_or_default()),
        },
        Err(error) => format!("it can't be watched: {error}"),
    }
}

async fn ask(client: &Client, page: &Url) -> Option<Seen> {
    let url = page.join("/status").ok()?;
    let answer = timeout(ASK_LIMIT, client.get(&url)).await.ok()?.ok()?;
    serde_json::from_slice(&http::read(answer, MAX_STATUS).await.ok()?).ok()
}

/// A browser that was killed would offer to restore its pages.
fn clean(profile: &Path) {
    let path = profile.join("Default/Preferences");
    let Some(mut preferences) =
        std::fs::read(&path).ok().and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok())
    else {
        return;
    };
    if let Some(profile) = preferences.get_mut("profile").and_then(|profile| profile.as_object_mut()) {
        profile.insert("exit_type".into(), "Normal".into());
        profile.insert("exited_cleanly".into(), true.into());
        _ = std::fs::write(&path, preferences.to_string());
    }
}

/// No bars, bubbles, gestures or updates; never without its sandbox, never incognito.
const FLAGS: [&str; 11] = [
    "--kiosk",
    "--noerrdialogs",
    "--disable-session-crashed-bubble",
    "--disable-infobars",
    "--no-first-run",
    "--no-default-browser-check",
    "--overscroll-history-navigation=0",
    "--disable-pinch",
    "--disable-component-update",
    "--disable-features=Translate",
    "--password-store=basic",
];
const TICK: Duration = Duration::from_millis(500);
/// The largest status, in bytes.
const MAX_STATUS: usize = 64 * 1_024;
const ASK_LIMIT: Duration = Duration::from_secs(2);
const PARTING: Duration = Duration::from_secs(3);
/// A browser that ran for this long did not fail on starting.
const STEADY: Duration = Duration::from_secs(120);
const BACK_OFF: [Duration; 5] = [
    Duration::from_secs(1),
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
];
/// Pages grow; a browser of this age is renewed when nobody rides.
const OLD: Duration = Duration::from_secs(20 * 3_600);
const QUIET: Duration = Duration::from_secs(1_800);

#[cfg(test)]
mod tests {
    use super::*;

    const AWAY: Seen = Seen { pages: 0, heartbeat_age_ms: None, idle_seconds: None };
    const THERE: Seen = Seen { pages: 1, ..AWAY };

    const fn beating(ms: u64) -> Seen {
        Seen { heartbeat_age_ms: Some(ms), ..THERE }
    }

    fn after(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_page_that_lives_is_left_alone_and_one_that_does_not_is_not() {
        type Story = Vec<(Option<Seen>, u64)>;
        let table: [(Story, Option<&str>); 7] = [
            (vec![(Some(THERE), 10), (Some(THERE), 1_000)], None),
            (vec![(Some(AWAY), 29)], None),
            (vec![(Some(AWAY), 31)], Some("not there")),
            (vec![(Some(THERE), 100), (Some(AWAY), 131)], Some("not there")),
            (vec![(None, 1_000), (Some(AWAY), 1_010)], None),
            (vec![(Some(beating(29_000)), 100), (Some(beating(90_000)), 60)], None),
            (vec![(Some(beating(31_000)), 100)], Some("hangs")),
        ];
        for (seen, wanted) in table {
            let mut rule = Rule::new(after(30));
            let told = seen.iter().fold(None, |_, (seen, age)| rule.objection(*seen, after(*age)));
            assert_eq!(told.is_some(), wanted.is_some(), "{seen:?}: {told:?}");
            assert!(wanted.is_none_or(|wanted| told.is_some_and(|told| told.contains(wanted))), "{told:?}");
        }
    }

    #[test]
    fn an_old_browser_is_renewed_only_while_nobody_rides() {
        let seen = |idle| Some(Seen { idle_seconds: idle, ..THERE });
        let mut rule = Rule::new(after(30));
        assert_eq!(rule.objection(seen(Some(2_000)), after(19 * 3_600)), None);
        assert_eq!(rule.objection(seen(Some(60)), after(21 * 3_600)), None);
        assert!(rule.objection(seen(Some(2_000)), after(21 * 3_600)).is_some());
        assert!(rule.objection(seen(None), after(21 * 3_600)).is_some());
    }
}
