//! Whether a hub would work well here: what `alleycat-hub doctor` looks at, with what to do.

#[cfg(feature = "kinesis")]
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Write;
use std::iter;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

#[cfg(feature = "kinesis")]
use alleycat_rules::Rules;
use alleycat_shared::race::RaceClock;
#[cfg(feature = "kinesis")]
use alleycat_stream::kinesis::Client;
#[cfg(feature = "kinesis")]
use futures_util::future::join_all;
use nix::sys::statvfs::statvfs;

use crate::broker::external::{Found, probe};
use crate::config::{BrokerChoice, Config};
use crate::embedded;
use crate::hub::room;
use crate::route::Route;
use crate::store::{Store, StoreError};
use crate::time;
use crate::tls::Certificate;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub verdict: Verdict,
    /// What was found, and what to do if it is not good.
    pub text: String,
}

/// How a thing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and somebody should know.
    Odd,
    /// A hub would not work.
    Bad,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Good => "good",
            Verdict::Odd => "odd ",
            Verdict::Bad => "BAD ",
        };
        write!(f, "{verdict}  {}", self.text)
    }
}

/// Looks at everything that `serve` with this configuration needs. The ports are taken and given back; in
/// the folder nothing is left but what `serve` would make.
pub fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut note = |verdict, text: String| findings.push(Finding { verdict, text });
    match config.check() {
        Ok(()) => note(Verdict::Good, "the options make sense".to_owned()),
        Err(error) => note(Verdict::Bad, error.to_string()),
    }
    if config.page.is_none() && !embedded::is_there() {
        note(
            Verdict::Odd,
            "no page is served: give --page DIR unless bridges serve it to all tablets".to_owned(),
        );
    }
    if config.open {
        note(Verdict::Odd, "the hub is open: anybody may ride as anybody".to_owned());
    }
    for (option, address) in iter::once(("--listen", config.listen)).chain(config.mqtt_ports()) {
        let (verdict, text) = port(option, address);
        note(verdict, text);
    }
    if let Some(files) = config.tls_files() {
        match Certificate::load(&files).map(|certificate| certificate.warning(time::now())) {
            Ok(None) => note(Verdict::Good, "the certificate and its key can be used".to_owned()),
            Ok(Some(warning)) => note(Verdict::Odd, warning),
            Err(error) => note(Verdict::Bad, error.to_string()),
        }
    }
    if let Some(path) = &config.rules {
        match Route::load(path, config.broker == BrokerChoice::Embedded) {
            Ok(route) => {
                let count = route.rules().all().len();
                let what = if count == 1 { "1 rule".to_owned() } else { format!("{count} rules") };
                note(Verdict::Good, format!("{} has {what} that can be followed", path.display()));
                #[cfg(feature = "kinesis")]
                for (verdict, text) in streams(config, &route.rules()) {
                    note(verdict, text);
                }
            }
            Err(error) => note(Verdict::Bad, format!("{:#}", anyhow::Error::from(error))),
        }
    }
    if let BrokerChoice::External(address) = &config.broker {
        let way = config.way(address);
        match in_runtime(async || probe(address, way.as_ref(), config.share.as_deref()).await) {
            Ok(Found { text, is_narrow }) => note(if is_narrow { Verdict::Odd } else { Verdict::Good }, text),
            Err(text) => note(Verdict::Bad, text),
        }
    }
    #[cfg(feature = "kinesis")]
    if let crate::config::StreamChoice::Kinesis(stream) = &config.stream {
        let (verdict, text) =
            ask(async || crate::stream::probe(config.kinesis_endpoint.as_deref(), stream).await);
        note(verdict, text);
    }
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(0);
    let (riders, _) = room(files);
    let enough = if riders >= 1_000 { Verdict::Good } else { Verdict::Odd };
    let more =
        if riders >= 1_000 { "" } else { ": for more, `ulimit -n 65536`, or LimitNOFILE= in the unit file" };
    note(enough, format!("{files} open files are allowed, enough for {riders} riders{more}"));
    let now = time::now();
    if now < EARLIEST {
        note(
            Verdict::Bad,
            "the machine's clock stands before this program was written: set it, or start NTP".to_owned(),
        );
    }
    if config.folder().is_none() && config.host_key.is_none() {
        note(
            Verdict::Odd,
            "nobody is the host, so /host stays closed: give --data DIR or --host-key KEY".to_owned(),
        );
    }
    match config.folder() {
        None => note(Verdict::Odd, "nothing is kept when the hub ends: give --data DIR".to_owned()),
        Some(folder) => findings.extend(store(folder, config.race_seconds, now)),
    }
    findings
}

/// Asks somebody else.
#[cfg(feature = "kinesis")]
fn ask(question: impl AsyncFnOnce() -> Result<String, String> + Send) -> (Verdict, String) {
    said(in_runtime(question))
}

#[cfg(feature = "kinesis")]
fn said(answer: Result<String, String>) -> (Verdict, String) {
    match answer {
        Ok(text) => (Verdict::Good, text),
        Err(text) => (Verdict::Bad, text),
    }
}

/// Waits for an answer. The caller may be in a runtime, where nothing may block on another one but a thread of
/// its own.
fn in_runtime<T: Send>(question: impl AsyncFnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| error.to_string())?.block_on(question())
    };
    let asked = std::thread::scope(|scope| scope.spawn(ask).join());
    asked.unwrap_or_else(|_| Err("it could not be asked".to_owned()))
}

/// Asks all streams that rules put records into, each for the first rule that does, all at once.
#[cfg(feature = "kinesis")]
fn streams(config: &Config, rules: &Rules) -> Vec<(Verdict, String)> {
    let mut findings = Vec::new();
    let mut asked = BTreeMap::new();
    for rule in rules.all() {
        for stream in rule.streams() {
            match stream.constant() {
                Some(name) => _ = asked.entry(name).or_insert_with(|| rule.name()),
                None => findings.push((
                    Verdict::Odd,
                    format!(
                        "rule `{}` puts records into `{stream}`, which each message names: look after these streams yourself",
                        rule.name()
                    ),
                )),
            }
        }
    }
    let answers = in_runtime(async || {
        let client = Client::new(config.kinesis_endpoint.as_deref()).await;
        let ask = |(stream, rule): (&String, &&str)| {
            let (client, stream, rule) = (client.clone(), stream.clone(), (*rule).to_owned());
            async move { crate::stream::probe_put(&client, &rule, &stream).await }
        };
        Ok(join_all(asked.iter().map(ask)).await)
    });
    match answers {
        Ok(answers) => findings.extend(answers.into_iter().map(said)),
        Err(error) => findings.push((Verdict::Bad, error)),
    }
    findings
}

fn port(option: &str, address: SocketAddr) -> (Verdict, String) {
    match TcpListener::bind(address) {
        Ok(_) => (Verdict::Good, format!("{address} is free")),
        Err(error) => {
            let text = format!(
                "{address} can't be listened on ({error}): end the other program, or choose another {option}"
            );
            (Verdict::Bad, text)
        }
    }
}

fn store(folder: &Path, race_seconds: u16, now: u64) -> Vec<Finding> {
    let finding = |verdict, text: String| Finding { verdict, text };
    let store = match Store::open(Some(folder), race_seconds) {
        Ok(store) => store,
        Err(error @ StoreError::InUse(_)) => return vec![finding(Verdict::Odd, error.to_string())],
        Err(error) => return vec![finding(Verdict::Bad, error.to_string())],
    };
    let mut findings = vec![finding(Verdict::Good, format!("the store in {} can be used", folder.display()))];
    let newest = store.closed_before().ok().flatten();
    if let (Some(newest), Some(clock)) = (newest, RaceClock::new(race_seconds))
        && clock.start(newest) > now + clock.window_ms()
    {
        let text =
            "the newest race of the store lies in the future: the machine's clock is wrong now, or was then";
        findings.push(finding(Verdict::Bad, text.to_owned()));
    }
    match sync_time(folder) {
        Ok(took) if took < SLOW_DISK => {
            findings.push(finding(
                Verdict::Good,
                format!("the disk takes {took:.1?} to keep a message for good"),
            ));
        }
        Ok(took) => {
            let text = format!(
                "the disk takes {took:.1?} to keep a message for good: riders wait so long, better use an SSD"
            );
            findings.push(finding(Verdict::Odd, text));
        }
        Err(error) => {
            findings.push(finding(Verdict::Bad, format!("the folder can't be written to: {error}")))
        }
    }
    if let Ok(disk) = statvfs(folder) {
        let free = disk.blocks_available().saturating_mul(disk.fragment_size());
        let text = format!("{:.1} GB are free for races", Gigabytes(free));
        let short = free < SMALL_DISK;
        let text = if short { format!("{text}: {FREE_SOME_ROOM}") } else { text };
        findings.push(finding(if short { Verdict::Odd } else { Verdict::Good }, text));
    }
    findings
}

/// The median time of a small durable write.
fn sync_time(folder: &Path) -> std::io::Result<Duration> {
    let path = folder.join("doctor.part");
    let measured = (|| {
        let mut file = File::create(&path)?;
        let mut took = Vec::new();
        for _ in 0..21 {
            let start = Instant::now();
            file.write_all(&[0; 4_096])?;
            file.sync_data()?;
            took.push(start.elapsed());
        }
        took.sort_unstable();
        Ok(took[took.len() / 2])
    })();
    _ = std::fs::remove_file(&path);
    measured
}

struct Gigabytes(u64);

impl fmt::Display for Gigabytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
        let gigabytes = self.0 as f64 / 1e9;
        gigabytes.fmt(f)
    }
}

/// 2026-01-01T00:00:00Z.
const EARLIEST: u64 = 1_767_225_600_000;
const SLOW_DISK: Duration = Duration::from_millis(50);
/// Less than this is worth a word, in bytes.
pub(crate) const SMALL_DISK: u64 = 2_000_000_000;
/// The word.
pub(crate) const FREE_SOME_ROOM: &str = "1,000 riders fill 0.4 GB an hour, so free some room";
